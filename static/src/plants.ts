// Trees and tufts are decoration only: the same for everybody, made from the region's name, away from the paths.
import type { Camera } from "./camera";
import { disc } from "./disc";
import { hashOf, LAND } from "./palette";
import type { Region, Spot } from "./world/region";

const PLANTS_MAX = 160;
const MARGIN_PX = 60;

interface Plant extends Spot {
  isTree: boolean;
  /** Metres. */
  radius: number;
}

// Where plants may stand depends on every path, so it is worked out once a region, not once a frame.
const plantsOf = new WeakMap<Region, Plant[]>();

/** Draws the plants of the region that are in view. */
export function drawPlants(ctx: CanvasRenderingContext2D, camera: Camera, region: Region): void {
  let plants = plantsOf.get(region);
  if (plants === undefined) {
    plants = grow(region);
    plantsOf.set(region, plants);
  }
  for (const plant of plants) {
    const at = camera.toScreen(plant);
    if (at.x < -MARGIN_PX || at.y < -MARGIN_PX) continue;
    if (at.x > camera.width + MARGIN_PX || at.y > camera.height + MARGIN_PX) continue;
    const radius = Math.max(1.2, plant.radius * camera.scale);
    if (!plant.isTree) {
      disc(ctx, at.x, at.y, radius, LAND.tuft);
      continue;
    }
    disc(ctx, at.x + radius * 0.16, at.y + radius * 0.22, radius, LAND.shade);
    disc(ctx, at.x, at.y, radius, LAND.tree);
    disc(ctx, at.x - radius * 0.2, at.y - radius * 0.24, radius * 0.62, LAND.treeTop);
  }
}

function grow(region: Region): Plant[] {
  const plants: Plant[] = [];
  const count = Math.min(PLANTS_MAX, Math.round(region.sizeM / 1.6));
  for (let index = 0; index < count; index += 1) {
    const hash = hashOf(`${index}:${region.name}:${index * 7919}`);
    const plant = {
      x: ((hash % 1009) / 1009) * region.sizeM,
      y: (((hash >>> 11) % 1013) / 1013) * region.sizeM,
      isTree: hash % 5 < 2,
      radius: hash % 5 < 2 ? 2.4 + (hash % 7) * 0.25 : 0.6,
    };
    if (isFree(region, plant)) plants.push(plant);
  }
  return plants;
}

function isFree(region: Region, spot: Spot): boolean {
  const isNear = (other: Spot, metres: number): boolean => Math.hypot(other.x - spot.x, other.y - spot.y) < metres;
  if (region.places.some((place) => isNear(place, 13))) return false;
  if (region.objects.some((object) => isNear(object, 6))) return false;
  return !region.paths.some((path) => path.points.some((end, index) => isNearLine(spot, path.points[index - 1], end)));
}

function isNearLine(spot: Spot, from: Spot | undefined, to: Spot): boolean {
  if (from === undefined) return false;
  const length = (to.x - from.x) ** 2 + (to.y - from.y) ** 2 || 1;
  const along = ((spot.x - from.x) * (to.x - from.x) + (spot.y - from.y) * (to.y - from.y)) / length;
  const part = Math.min(1, Math.max(0, along));
  return Math.hypot(from.x + (to.x - from.x) * part - spot.x, from.y + (to.y - from.y) * part - spot.y) < 5.5;
}
