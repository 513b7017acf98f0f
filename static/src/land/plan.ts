// Where everything stands that the region does not tell: worked out from what it does tell, the same for everybody.
import type { Feature, Region, Spot } from "../world/region";
import { Random } from "../scene/random";
import { placeKind, type PlaceKind, type Style } from "./kinds";
import { eachStep, Mask } from "./mask";

/** A place with its building. */
export interface Site extends Spot {
  kind: string;
  look: PlaceKind;
  place: Feature;
  /** Turns the building so that its front, which is towards -y, looks at the middle of the place. Units: radians. */
  yaw: number;
}

/** A house that nobody named. */
export interface House extends Spot {
  yaw: number;
  storeys: number;
}

/** Still water. */
export interface Pond extends Spot {
  radiusM: number;
}

/** The sea lies where `x * nx + y * ny` is more than `beyond`. */
export interface Sea {
  nx: number;
  ny: number;
  beyond: number;
  quay: Spot;
}

/** The plan of a region. Units: metres. */
export interface Plan {
  style: Style;
  sites: Site[];
  houses: House[];
  ponds: Pond[];
  sea: Sea | null;
  lamps: Spot[];
  hills: (Spot & { radiusM: number; heightM: number })[];
  /** What is taken by paths, places, things and buildings. */
  mask: Mask;
  /** What is taken by paths and things alone. */
  ways: Mask;
}

const PLACES_MAX = 64;
const HOUSES_MAX = 70;
const LAMPS_MAX = 160;
const HOUSE_CHANCE: Readonly<Record<Style, number>> = { village: 0.6, town: 0.85, harbour: 0.7, forest: 0.06 };

/** Returns the plan of a region. */
export function planOf(region: Region): Plan {
  const places = region.places.slice(0, PLACES_MAX);
  const mask = new Mask(region.sizeM);
  const ways = new Mask(region.sizeM);
  const plan: Plan = { style: styleOf(places), sites: [], houses: [], ponds: [], sea: null, lamps: [], hills: [], mask, ways };
  for (const path of region.paths) {
    mask.takeLine(path.points, path.widthM / 2 + 1.2);
    ways.takeLine(path.points, path.widthM / 2);
  }
  for (const place of places) mask.take(place.x, place.y, place.radiusM * 0.72);
  for (const thing of region.objects) {
    mask.take(thing.x, thing.y, 2.6);
    ways.take(thing.x, thing.y, 1.6);
  }
  mask.take(region.spawn.x, region.spawn.y, 6);
  for (const place of places) settle(plan, region, place);
  addHouses(plan, region);
  addLamps(plan, region);
  return plan;
}

function styleOf(places: Feature[]): Style {
  const votes: Record<Style, number> = { village: 0.5, town: 0, harbour: 0, forest: 0 };
  for (const place of places) {
    const { name, look } = placeKind(place.kind);
    votes[look.style] += name === "harbour" || name === "clearing" ? 2 : 1;
  }
  return (Object.keys(votes) as Style[]).reduce((best, style) => (votes[style] > votes[best] ? style : best));
}

function settle(plan: Plan, region: Region, place: Feature): void {
  const { name, look } = placeKind(place.kind);
  const site: Site = { kind: name, look, place, x: place.x, y: place.y, yaw: 0 };
  plan.sites.push(site);
  if (name === "viewpoint") plan.hills.push({ x: place.x, y: place.y, radiusM: place.radiusM * 4, heightM: 7 });
  if (name === "monument") plan.hills.push({ x: place.x, y: place.y, radiusM: place.radiusM * 2.2, heightM: 2 });
  if (look.building === null) return;
  if (look.building === "harbour" && plan.sea === null) {
    plan.sea = shoreBeyond(region, place);
    return;
  }
  const isPond = look.building === "pond" || look.building === "harbour";
  const pondM = place.radiusM * 0.95;
  const width = isPond ? pondM * 2 : look.width;
  const depth = isPond ? pondM * 1.8 : look.depth;
  const [angle, away] = freeSide(plan, region, place, width, depth);
  site.x = place.x + Math.cos(angle) * away;
  site.y = place.y + Math.sin(angle) * away;
  site.yaw = Math.atan2(-Math.cos(angle), Math.sin(angle));
  if (isPond) plan.ponds.push({ x: site.x, y: site.y, radiusM: pondM });
  plan.mask.take(site.x, site.y, isPond ? pondM + 3 : Math.hypot(width, depth) / 2 + 0.5);
}

// The side of a place where a building stands least in the way: off the paths, inside the region.
function freeSide(plan: Plan, region: Region, place: Feature, width: number, depth: number): [number, number] {
  const away = place.radiusM * 0.74 + depth / 2 + 0.8;
  const middle = Math.atan2(place.y - region.sizeM / 2, place.x - region.sizeM / 2);
  let best: [number, number] = [middle, away];
  let bestScore = -1;
  for (let step = 0; step < 32; step += 1) {
    const angle = middle + (step / 32) * Math.PI * 2;
    const x = place.x + Math.cos(angle) * away;
    const y = place.y + Math.sin(angle) * away;
    const yaw = Math.atan2(-Math.cos(angle), Math.sin(angle));
    const score = plan.mask.freePart(x, y, yaw, width + 2, depth + 2) + 0.06 * Math.cos(angle - middle);
    if (score > bestScore) {
      bestScore = score;
      best = [angle, away];
    }
  }
  return best;
}

function shoreBeyond(region: Region, place: Feature): Sea {
  const dx = place.x - region.sizeM / 2;
  const dy = place.y - region.sizeM / 2;
  // Shores run along an edge of the region: the nearest one.
  const [nx, ny] = Math.abs(dx) > Math.abs(dy) ? [Math.sign(dx), 0] : [0, Math.sign(dy) || -1];
  const beyond = place.x * nx + place.y * ny + place.radiusM * 0.66;
  return { nx, ny, beyond, quay: { x: place.x, y: place.y } };
}

function addHouses(plan: Plan, region: Region): void {
  const chance = new Random(`houses:${region.name}`);
  for (const path of region.paths) {
    eachStep(path.points, 7, (x, y, dx, dy) => {
      for (const side of [-1, 1]) {
        const storeys = plan.style === "town" ? 2 + Math.floor(chance.next() * 2) : chance.next() < 0.3 ? 2 : 1;
        const away = path.widthM / 2 + chance.between(6.2, 9.5);
        const [hx, hy] = [x - dy * side * away, y + dx * side * away];
        const isWanted = chance.next() < HOUSE_CHANCE[plan.style] && plan.houses.length < HOUSES_MAX;
        const angle = Math.atan2(hy - y, hx - x) + chance.between(-0.12, 0.12);
        const yaw = Math.atan2(-Math.cos(angle), Math.sin(angle));
        if (!isWanted || isBeyondShore(plan, hx, hy, -8)) continue;
        if (plan.mask.freePart(hx, hy, yaw, 10, 10) < 1) continue;
        plan.houses.push({ x: hx, y: hy, yaw, storeys });
        plan.mask.take(hx, hy, 7.5);
      }
    });
  }
}

function addLamps(plan: Plan, region: Region): void {
  const everyM = plan.style === "forest" ? 26 : 15;
  for (const path of region.paths) {
    let side = 1;
    eachStep(path.points, everyM, (x, y, dx, dy, atM) => {
      const away = path.widthM / 2 + 0.7;
      side = -side;
      if (atM < 6 || plan.lamps.length >= LAMPS_MAX) return;
      const lamp = { x: x - dy * side * away, y: y + dx * side * away };
      const isCrowded = plan.lamps.some((other) => Math.hypot(other.x - lamp.x, other.y - lamp.y) < 8);
      const isOnPath = region.paths.some((other) => other !== path && isNearPath(other.points, lamp, other.widthM / 2 + 0.4));
      if (!isCrowded && !isOnPath && !isBeyondShore(plan, lamp.x, lamp.y, -1)) plan.lamps.push(lamp);
    });
  }
}

/** Whether a point lies beyond the shore, `marginM` farther than it. */
export function isBeyondShore(plan: Plan, x: number, y: number, marginM: number): boolean {
  return plan.sea !== null && x * plan.sea.nx + y * plan.sea.ny > plan.sea.beyond + marginM;
}

function isNearPath(points: readonly Spot[], spot: Spot, metres: number): boolean {
  return points.some((to, index) => {
    const from = points[index - 1];
    if (from === undefined) return false;
    const length = (to.x - from.x) ** 2 + (to.y - from.y) ** 2 || 1;
    const along = ((spot.x - from.x) * (to.x - from.x) + (spot.y - from.y) * (to.y - from.y)) / length;
    const part = Math.min(1, Math.max(0, along));
    return Math.hypot(from.x + (to.x - from.x) * part - spot.x, from.y + (to.y - from.y) * part - spot.y) < metres;
  });
}
