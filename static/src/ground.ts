// The land: ground, grid, tufts, paths, places and objects, drawn in metres through the camera.
import type { Camera } from "./camera";
import { disc } from "./disc";
import { LAND } from "./palette";
import { drawPlants } from "./plants";
import type { Feature, Region, Spot } from "./world/region";

const CELL_M = 16;
const LABEL_FONT = "italic 600 15px 'Iowan Old Style', 'Palatino Linotype', Palatino, Georgia, serif";
const OBJECT_FONT = "500 11px ui-sans-serif, system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif";
// Below this many pixels a metre, names of objects would cover each other.
const OBJECT_NAMES_SCALE = 4;

/** Draws everything that stands still. */
export function drawGround(ctx: CanvasRenderingContext2D, camera: Camera, region: Region): void {
  ctx.fillStyle = LAND.around;
  ctx.fillRect(0, 0, camera.width, camera.height);
  const corner = camera.toScreen({ x: 0, y: region.sizeM });
  const side = region.sizeM * camera.scale;
  ctx.fillStyle = LAND.ground;
  ctx.strokeStyle = LAND.groundEdge;
  ctx.lineWidth = 2;
  ctx.beginPath();
  ctx.roundRect(corner.x, corner.y, side, side, Math.min(28, side / 20));
  ctx.fill();
  ctx.stroke();
  ctx.save();
  ctx.clip();
  drawGrid(ctx, camera, region.sizeM);
  drawPaths(ctx, camera, region.paths.map((path) => path.points));
  drawPlants(ctx, camera, region);
  ctx.restore();
  for (const place of region.places) drawPlace(ctx, camera, place);
  for (const object of region.objects) drawObject(ctx, camera, object);
}

/** Draws the names of places, above the light so that they stay readable at night. */
export function drawPlaceNames(ctx: CanvasRenderingContext2D, camera: Camera, region: Region, isNight: boolean): void {
  ctx.textAlign = "center";
  ctx.textBaseline = "middle";
  ctx.lineJoin = "round";
  ctx.lineWidth = 3.5;
  ctx.strokeStyle = isNight ? "rgba(22, 28, 56, 0.75)" : "rgba(250, 246, 234, 0.85)";
  ctx.font = LABEL_FONT;
  ctx.fillStyle = isNight ? "#efe4c8" : LAND.placeName;
  for (const place of region.places) {
    const at = camera.toScreen(place);
    outline(ctx, place.name, at.x, at.y - placeRadius(camera) - 11);
  }
  if (camera.scale < OBJECT_NAMES_SCALE) return;
  ctx.font = OBJECT_FONT;
  ctx.fillStyle = isNight ? "#d8cfb6" : LAND.objectName;
  for (const object of region.objects) {
    const at = camera.toScreen(object);
    outline(ctx, object.name, at.x, at.y + Math.max(5, camera.scale * 0.9) + 9);
  }
}

function outline(ctx: CanvasRenderingContext2D, text: string, x: number, y: number): void {
  ctx.strokeText(text, x, y);
  ctx.fillText(text, x, y);
}

function drawGrid(ctx: CanvasRenderingContext2D, camera: Camera, sizeM: number): void {
  // Cells when they are wide enough to see, wider squares otherwise: a few dozen lines at most.
  let step = CELL_M;
  while (step * camera.scale < 24) step *= 2;
  ctx.strokeStyle = LAND.grid;
  ctx.lineWidth = 1;
  ctx.beginPath();
  for (let at = step; at < sizeM; at += step) {
    const low = camera.toScreen({ x: at, y: at });
    const start = camera.toScreen({ x: 0, y: sizeM });
    const end = camera.toScreen({ x: sizeM, y: 0 });
    ctx.moveTo(low.x, start.y);
    ctx.lineTo(low.x, end.y);
    ctx.moveTo(start.x, low.y);
    ctx.lineTo(end.x, low.y);
  }
  ctx.stroke();
}

function drawPaths(ctx: CanvasRenderingContext2D, camera: Camera, paths: Spot[][]): void {
  ctx.lineCap = "round";
  ctx.lineJoin = "round";
  const width = Math.max(5, 3.6 * camera.scale);
  for (const [style, wide] of [[LAND.pathEdge, width + 2], [LAND.path, width]] as const) {
    ctx.strokeStyle = style;
    ctx.lineWidth = wide;
    for (const path of paths) {
      ctx.beginPath();
      path.forEach((spot, index) => {
        const at = camera.toScreen(spot);
        if (index === 0) ctx.moveTo(at.x, at.y);
        else ctx.lineTo(at.x, at.y);
      });
      ctx.stroke();
    }
  }
}

function placeRadius(camera: Camera): number {
  return Math.max(9, camera.scale * 7);
}

function drawPlace(ctx: CanvasRenderingContext2D, camera: Camera, place: Feature): void {
  const at = camera.toScreen(place);
  const radius = placeRadius(camera);
  disc(ctx, at.x, at.y, radius, LAND.placeFill);
  ctx.strokeStyle = LAND.placeEdge;
  ctx.lineWidth = 1.5;
  ctx.stroke();
  ctx.beginPath();
  ctx.arc(at.x, at.y, radius * 0.72, 0, Math.PI * 2);
  ctx.setLineDash([3, 5]);
  ctx.stroke();
  ctx.setLineDash([]);
}

function drawObject(ctx: CanvasRenderingContext2D, camera: Camera, object: Feature): void {
  const at = camera.toScreen(object);
  const half = Math.max(4, camera.scale * 0.9);
  const kind = object.kind.toLowerCase();
  ctx.lineWidth = 1.5;
  ctx.strokeStyle = "rgba(92, 78, 56, 0.55)";
  if (kind.includes("fountain")) {
    disc(ctx, at.x, at.y, half * 1.5, "#d6d2c4");
    ctx.stroke();
    disc(ctx, at.x, at.y, half * 1.05, "#8fc3cf");
    disc(ctx, at.x, at.y, half * 0.34, "#e6f3f3");
    return;
  }
  ctx.fillStyle = kind.includes("stall") ? "#d98a6a" : kind.includes("board") ? "#c9a36b" : "#b58e64";
  const tall = kind.includes("bench") ? half * 0.5 : half * 0.85;
  ctx.beginPath();
  ctx.roundRect(at.x - half, at.y - tall, half * 2, tall * 2, 2);
  ctx.fill();
  ctx.stroke();
  if (!kind.includes("stall")) return;
  ctx.fillStyle = "#f6ead6";
  for (const offset of [-0.6, 0.2]) ctx.fillRect(at.x + half * offset, at.y - tall, half * 0.4, tall * 2);
}
