// The picture: the land, the light of the hour, the people and their words, once a display frame.
import { Bubbles } from "./bubbles";
import { Camera, type Insets } from "./camera";
import type { TickClock } from "./world/clock";
import { listenToGestures } from "./gestures";
import { drawGround, drawPlaceNames } from "./ground";
import { LAND, lightAt } from "./palette";
import { People } from "./people";
import type { Region } from "./world/region";
import type { WorldState } from "./world/world";

// Sharper than this costs a phone more than it shows.
const PIXEL_RATIO_MAX = 2.5;
const NIGHT_ALPHA = 0.74;
const FOLLOW_SPAN_M = 70;

/** Draws the watched region on a canvas. */
export class Stage {
  readonly camera = new Camera();
  readonly bubbles = new Bubbles();
  readonly people: People;
  /** The agent the camera goes along with. */
  followed: string | null = null;
  private readonly ctx: CanvasRenderingContext2D | null;
  private readonly stillness = window.matchMedia("(prefers-reduced-motion: reduce)");
  private region: Region | null = null;

  constructor(
    private readonly canvas: HTMLCanvasElement,
    world: WorldState,
    private readonly clock: TickClock,
    private readonly insets: () => Insets,
    private readonly onFollow: (agentId: string | null) => void,
  ) {
    this.ctx = canvas.getContext("2d", { alpha: false });
    this.people = new People(world, clock);
    listenToGestures(canvas, this.camera, {
      onMoved: () => this.follow(null),
      onTap: (x, y) => this.follow(this.people.at(x, y)),
      onFit: () => this.fit(),
    });
    new ResizeObserver(() => this.resize()).observe(canvas);
    this.resize();
    requestAnimationFrame((nowMs) => this.frame(nowMs));
  }

  /** Shows another region from above. */
  show(region: Region): void {
    if (this.region?.name !== region.name) {
      this.follow(null);
      this.bubbles.clear();
      this.camera.fit(region.sizeM);
    }
    this.region = region;
  }

  /** Shows the whole region again. */
  fit(): void {
    this.follow(null);
    this.camera.fit(this.region?.sizeM ?? 256);
  }

  /** Goes along with an agent, or with nobody. */
  follow(agentId: string | null): void {
    if (agentId === this.followed) return;
    this.followed = agentId;
    const at = agentId === null ? undefined : this.people.drawn.get(agentId);
    if (at !== undefined) this.camera.frame(at, FOLLOW_SPAN_M);
    this.onFollow(agentId);
  }

  /** Takes the size of the canvas and of the panels over it. */
  resize(): void {
    const ratio = Math.min(PIXEL_RATIO_MAX, window.devicePixelRatio || 1);
    const { clientWidth, clientHeight } = this.canvas;
    const width = Math.max(1, Math.round(clientWidth * ratio));
    const height = Math.max(1, Math.round(clientHeight * ratio));
    if (this.canvas.width !== width) this.canvas.width = width;
    if (this.canvas.height !== height) this.canvas.height = height;
    this.camera.resize(clientWidth, clientHeight, this.insets());
  }

  private frame(nowMs: number): void {
    requestAnimationFrame((next) => this.frame(next));
    const { ctx, camera, region } = this;
    if (ctx === null) return;
    // Moving the window to another screen changes the ratio without a resize.
    const ratio = this.canvas.width / Math.max(1, this.canvas.clientWidth);
    ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
    if (region === null) {
      ctx.fillStyle = LAND.around;
      ctx.fillRect(0, 0, camera.width, camera.height);
      return;
    }
    this.people.place(camera, nowMs);
    const followed = this.followed === null ? undefined : this.people.drawn.get(this.followed);
    if (followed !== undefined) {
      camera.centre = { x: followed.x, y: followed.y };
      for (const drawn of this.people.drawn.values()) drawn.screen = camera.toScreen(drawn);
    }
    const light = lightAt(this.clock.hourAt(nowMs));
    const isNight = light.alpha >= NIGHT_ALPHA;
    drawGround(ctx, camera, region);
    if (light.alpha > 0.005) {
      ctx.globalCompositeOperation = "multiply";
      ctx.fillStyle = `rgba(${light.rgb.join(",")},${light.alpha.toFixed(3)})`;
      ctx.fillRect(0, 0, camera.width, camera.height);
      ctx.globalCompositeOperation = "source-over";
    }
    if (isNight) this.drawLamps(ctx, region, light.alpha);
    drawPlaceNames(ctx, camera, region, isNight);
    this.people.draw(ctx, camera, nowMs, isNight, this.followed);
    const lift = this.people.radius(camera) + 3;
    this.bubbles.draw(ctx, nowMs, camera.width, this.stillness.matches, (id) => {
      const at = this.people.drawn.get(id)?.screen;
      return at === undefined ? null : { x: at.x, y: at.y - lift };
    });
  }

  private drawLamps(ctx: CanvasRenderingContext2D, region: Region, alpha: number): void {
    const radius = Math.max(26, this.camera.scale * 20);
    for (const place of region.places) {
      const at = this.camera.toScreen(place);
      const glow = ctx.createRadialGradient(at.x, at.y, 0, at.x, at.y, radius);
      glow.addColorStop(0, `rgba(255, 206, 128, ${(alpha * 0.5).toFixed(3)})`);
      glow.addColorStop(1, "rgba(255, 206, 128, 0)");
      ctx.fillStyle = glow;
      ctx.fillRect(at.x - radius, at.y - radius, radius * 2, radius * 2);
    }
  }
}
