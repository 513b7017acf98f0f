// The map: the region from above in a corner, with everybody on it and the camera's direction.
import { clothColour } from "../people/look";
import type { People } from "../people/people";
import type { Landscape } from "../scene/landscape";

const EVERY_MS = 200;
const COLOURS = { land: "#a9c176", deep: "#8fad66", path: "#e6d3a8", water: "#6fb3bd", place: "rgba(255, 250, 235, 0.42)", house: "#b5654a", edge: "rgba(60, 50, 30, 0.35)" };

/** Draws a map into a canvas. */
export class Minimap {
  private readonly ctx: CanvasRenderingContext2D | null;
  private readonly ground = document.createElement("canvas");
  private landscape: Landscape | null = null;
  private drawnAtMs = 0;

  constructor(private readonly canvas: HTMLCanvasElement, private readonly hasNames: boolean) {
    this.ctx = canvas.getContext("2d");
  }

  /** Shows another region. */
  open(landscape: Landscape): void {
    this.landscape = landscape;
    this.drawnAtMs = 0;
    this.paintGround();
  }

  /** Returns the point of the region under a pixel of the page; null beside it. Units: CSS pixels, metres. */
  spotAt(clientX: number, clientY: number): { x: number; y: number } | null {
    if (this.landscape === null) return null;
    const box = this.canvas.getBoundingClientRect();
    const { side, left, top } = this.square(box.width, box.height);
    const size = this.landscape.region.sizeM;
    const x = ((clientX - box.left - left) / side) * size;
    const y = (1 - (clientY - box.top - top) / side) * size;
    return x < 0 || y < 0 || x > size || y > size ? null : { x, y };
  }

  /** Draws it anew, a few times a second. `yaw` is where the camera looks from `x`, `y`. */
  update(nowMs: number, people: People, followed: string | null, camera: { x: number; y: number; yaw: number } | null): void {
    const { ctx, landscape, canvas } = this;
    if (ctx === null || landscape === null || nowMs - this.drawnAtMs < EVERY_MS || canvas.clientWidth === 0) return;
    this.drawnAtMs = nowMs;
    this.fitCanvas();
    const { side, left, top } = this.square(canvas.width, canvas.height);
    const scale = side / landscape.region.sizeM;
    const px = (x: number): number => left + x * scale;
    const py = (y: number): number => top + side - y * scale;
    ctx.clearRect(0, 0, canvas.width, canvas.height);
    ctx.drawImage(this.ground, left, top, side, side);
    if (camera !== null) {
      ctx.fillStyle = "rgba(255, 255, 255, 0.45)";
      ctx.beginPath();
      ctx.moveTo(px(camera.x), py(camera.y));
      ctx.arc(px(camera.x), py(camera.y), side * 0.13, -camera.yaw - 0.45, -camera.yaw + 0.45);
      ctx.fill();
    }
    const radius = Math.max(2, side / 75);
    for (const person of people.list) {
      const isFollowed = person.agent.id === followed;
      ctx.fillStyle = isFollowed ? "#fff6d8" : clothColour(person.agent.id);
      ctx.strokeStyle = isFollowed ? "#8a3d24" : COLOURS.edge;
      ctx.lineWidth = isFollowed ? 3 : 1;
      ctx.beginPath();
      ctx.arc(px(person.x), py(person.y), isFollowed ? radius * 1.5 : radius, 0, Math.PI * 2);
      ctx.fill();
      ctx.stroke();
    }
  }

  private square(width: number, height: number): { side: number; left: number; top: number } {
    const side = Math.min(width, height);
    return { side, left: (width - side) / 2, top: (height - side) / 2 };
  }

  private fitCanvas(): void {
    const ratio = Math.min(2, window.devicePixelRatio || 1);
    const [width, height] = [Math.round(this.canvas.clientWidth * ratio), Math.round(this.canvas.clientHeight * ratio)];
    if (this.canvas.width !== width) this.canvas.width = width;
    if (this.canvas.height !== height) this.canvas.height = height;
  }

  private paintGround(): void {
    const { landscape, ground } = this;
    const ctx = ground.getContext("2d");
    if (landscape === null || ctx === null) return;
    const side = this.hasNames ? 1_200 : 440;
    ground.width = ground.height = side;
    const { region, plan } = landscape;
    const scale = side / region.sizeM;
    ctx.setTransform(scale, 0, 0, -scale, 0, side);
    ctx.fillStyle = plan.style === "forest" ? COLOURS.deep : COLOURS.land;
    ctx.fillRect(0, 0, region.sizeM, region.sizeM);
    ctx.fillStyle = COLOURS.water;
    for (const pond of plan.ponds) disc(ctx, pond.x, pond.y, pond.radiusM);
    if (plan.sea !== null) paintSea(ctx, plan.sea, region.sizeM);
    ctx.fillStyle = COLOURS.place;
    for (const { place } of plan.sites) disc(ctx, place.x, place.y, place.radiusM * 0.8);
    ctx.strokeStyle = COLOURS.path;
    ctx.lineCap = ctx.lineJoin = "round";
    for (const path of region.paths) {
      ctx.lineWidth = Math.max(path.widthM, region.sizeM / 110);
      ctx.beginPath();
      for (const point of path.points) ctx.lineTo(point.x, point.y);
      ctx.stroke();
    }
    ctx.fillStyle = COLOURS.house;
    for (const house of plan.houses) ctx.fillRect(house.x - 3, house.y - 3, 6, 6);
    for (const site of plan.sites) if (site.look.width > 0) disc(ctx, site.x, site.y, Math.min(site.look.width, site.look.depth) / 2);
    if (this.hasNames) this.paintNames(ctx, side, scale);
  }

  private paintNames(ctx: CanvasRenderingContext2D, side: number, scale: number): void {
    ctx.setTransform(1, 0, 0, 1, 0, 0);
    ctx.font = "600 20px Georgia, serif";
    ctx.textAlign = "center";
    ctx.fillStyle = "#4a4028";
    for (const { place } of this.landscape?.plan.sites ?? []) ctx.fillText(place.name, place.x * scale, side - place.y * scale - 14);
  }
}

function disc(ctx: CanvasRenderingContext2D, x: number, y: number, radius: number): void {
  ctx.beginPath();
  ctx.arc(x, y, radius, 0, Math.PI * 2);
  ctx.fill();
}

function paintSea(ctx: CanvasRenderingContext2D, sea: { nx: number; ny: number; beyond: number }, size: number): void {
  const from = Math.abs(sea.beyond);
  if (sea.nx > 0) ctx.fillRect(from, 0, size, size);
  else if (sea.nx < 0) ctx.fillRect(0, 0, from, size);
  else if (sea.ny > 0) ctx.fillRect(0, from, size, size);
  else ctx.fillRect(0, 0, size, from);
}
