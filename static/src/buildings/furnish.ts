// Puts all buildings, things and lamps of a region into one shape.
import type { Heights } from "../land/heights";
import type { Plan } from "../land/plan";
import { Random } from "../scene/random";
import type { P3 } from "../scene/shapes";
import { Shapes } from "../scene/shapes";
import type { Feature, Region, Spot } from "../world/region";
import { addHarbour } from "./harbour";
import { addHouse } from "./house";
import { arcade, cafe, hall, library, shops, stage, type Builder } from "./public";
import { addRing } from "./rings";
import { addLamp, addThing, lampHeight, thingKind } from "./things";
import { clocktower, lookout, pavilion, warehouse, yard } from "./working";

const BUILDERS: Readonly<Record<string, Builder>> = { arcade, cafe, clocktower, hall, library, lookout, pavilion, shops, stage, warehouse, yard };
const FEATURES_BUILT_MAX = 300;

/** A seat, and where who sits there looks. Units: metres, radians. */
export interface Seat extends Spot {
  z: number;
  yaw: number;
}

/** What stands in a region. */
export interface Furniture {
  shapes: Shapes;
  /** Where smoke rises. */
  smoke: P3[];
  /** The lights of lamps. */
  lights: P3[];
  /** Where benches stand and which way they look. */
  benches: Seat[];
  fountains: P3[];
  clocks: { at: P3; yaw: number }[];
}

/** Furnishes a region. */
export function furnish(region: Region, plan: Plan, heights: Heights): Furniture {
  const shapes = new Shapes();
  const made: Furniture = { shapes, smoke: [], lights: [], benches: [], fountains: [], clocks: [] };
  for (const site of plan.sites) {
    const chance = new Random(`${region.name}:${site.place.name}`);
    addRing(shapes, site, plan, heights, chance);
    const { building } = site.look;
    if (building === null) continue;
    const at: P3 = [site.x, site.y, heights.at(site.x, site.y)];
    const builder = building === "cottage" ? (house: Parameters<Builder>[0]) => addHouse(house, chance, 7, 6, 1) : BUILDERS[building];
    if (builder === undefined) continue;
    build(made, at, site.yaw, (part) => builder(part, chance));
    if (building === "clocktower") made.clocks.push({ at, yaw: site.yaw });
  }
  plan.houses.forEach((house, index) => {
    const chance = new Random(`${region.name}:house:${index}`);
    const [width, depth] = [chance.between(6.2, 8.2), chance.between(5.4, 6.6)];
    build(made, [house.x, house.y, heights.at(house.x, house.y)], house.yaw, (part) => addHouse(part, chance, width, depth, house.storeys));
  });
  for (const thing of region.objects.slice(0, FEATURES_BUILT_MAX)) {
    const yaw = facing(thing, region, plan);
    const at: P3 = [thing.x, thing.y, heights.at(thing.x, thing.y)];
    shapes.at(at[0], at[1], at[2], yaw);
    addThing(shapes, thing);
    const kind = thingKind(thing);
    if (kind === "bench" || kind === "log") made.benches.push({ x: at[0], y: at[1], z: at[2], yaw: yaw - Math.PI / 2 });
    if (kind === "fountain" && !/well/.test(thing.name.toLowerCase())) made.fountains.push(at);
  }
  const isRustic = plan.style === "forest";
  for (const lamp of plan.lamps) {
    const z = heights.at(lamp.x, lamp.y);
    shapes.at(lamp.x, lamp.y, z);
    addLamp(shapes, isRustic);
    made.lights.push([lamp.x, lamp.y, z + lampHeight(isRustic)]);
  }
  addHarbour(shapes, plan, heights, region.sizeM, new Random(`harbour:${region.name}`));
  return made;
}

function build(made: Furniture, at: P3, yaw: number, builder: (part: { into: Shapes; smoke: P3[] }) => void): void {
  const smoke: P3[] = [];
  made.shapes.at(at[0], at[1], at[2], yaw);
  builder({ into: made.shapes, smoke });
  const [cos, sin] = [Math.cos(yaw), Math.sin(yaw)];
  for (const [x, y, z] of smoke) made.smoke.push([at[0] + x * cos - y * sin, at[1] + x * sin + y * cos, at[2] + z]);
}

// Things look at what is nearest: the middle of their place, or the path.
function facing(thing: Feature, region: Region, plan: Plan): number {
  let best: Spot = region.spawn;
  let bestM = Number.POSITIVE_INFINITY;
  const consider = (spot: Spot, weight: number): void => {
    const away = Math.hypot(spot.x - thing.x, spot.y - thing.y);
    if (away > 1.5 && away * weight < bestM) {
      best = spot;
      bestM = away * weight;
    }
  };
  for (const { place } of plan.sites) consider(place, 1);
  for (const path of region.paths) for (const point of path.points) consider(point, 1.4);
  return Math.atan2(best.x - thing.x, -(best.y - thing.y));
}
