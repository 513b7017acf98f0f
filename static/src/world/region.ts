// A region as `GET /api/v1/world/regions` describes it, read tolerantly: only the name is needed.
import { FEATURES_MAX, REGIONS_MAX } from "../limits";
import { cleanName, cleanText } from "./text";
import { isRecord, listOf, numberOr } from "../wire/frame";

/** A flat point. Units: metres. */
export interface Spot {
  x: number;
  y: number;
}

/** A named place or a thing in a region. */
export interface Feature extends Spot {
  name: string;
  kind: string;
  /** How far a place reaches; 0 for things. Units: metres. */
  radiusM: number;
}

/** A way to walk along. */
export interface Path {
  points: Spot[];
  /** Units: metres. */
  widthM: number;
}

/** A region to watch. */
export interface Region {
  name: string;
  title: string;
  description: string;
  /** Side of the square. Units: metres. */
  sizeM: number;
  agentCount: number | null;
  capacity: number | null;
  /** The name of its weather at the time of the answer. */
  weather: string;
  /** Where agents arrive, and the height that counts as the ground. Units: metres. */
  spawn: Spot & { z: number };
  places: Feature[];
  objects: Feature[];
  paths: Path[];
}

const PLACE_RADIUS_M = 12;
const PATH_WIDTH_M = 3;

/** Returns the regions of an answer; what has no name is left out. */
export function readRegions(answer: unknown): Region[] {
  const list = isRecord(answer) ? listOf(answer["regions"]) : listOf(answer);
  return list.slice(0, REGIONS_MAX).flatMap((item) => {
    if (!isRecord(item) || typeof item["name"] !== "string" || item["name"] === "") return [];
    const more = isRecord(item["properties"]) ? item["properties"] : {};
    const pick = (field: string): unknown => item[field] ?? more[field];
    const sizeM = clamp(numberOr(pick("size_m"), numberOr(pick("size"), 256)), 16, 4096);
    const places = readFeatures(pick("places"), PLACE_RADIUS_M);
    const paths = readPaths(pick("paths"), places);
    const spawn = isRecord(pick("spawn")) ? (pick("spawn") as Record<string, unknown>) : {};
    const weather = isRecord(pick("weather")) ? (pick("weather") as Record<string, unknown>)["type"] : pick("weather");
    return [
      {
        name: item["name"],
        title: cleanName(item["display_name"], item["name"]),
        description: cleanText(pick("description")),
        sizeM,
        agentCount: numberOr(pick("agent_count"), null),
        capacity: numberOr(pick("capacity"), null),
        weather: cleanText(weather, 40),
        spawn: {
          x: numberOr(spawn["x"], sizeM / 2),
          y: numberOr(spawn["y"], sizeM / 2),
          z: numberOr(spawn["z"], 0),
        },
        places,
        objects: readFeatures(pick("objects"), 0),
        paths: paths.length > 0 ? paths : joinPlaces(places).map((points) => ({ points, widthM: PATH_WIDTH_M })),
      },
    ];
  });
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}

function readSpot(value: unknown): Spot | null {
  if (Array.isArray(value)) return readSpot({ x: value[0], y: value[1] });
  if (!isRecord(value)) return null;
  const at = isRecord(value["location"]) ? value["location"] : value;
  const x = numberOr(at["x"], null);
  const y = numberOr(at["y"], null);
  return x === null || y === null ? null : { x, y };
}

function readFeatures(value: unknown, radiusM: number): Feature[] {
  return listOf(value).slice(0, FEATURES_MAX).flatMap((item) => {
    const spot = readSpot(item);
    if (spot === null || !isRecord(item)) return [];
    const kind = cleanText(item["type"] ?? item["kind"], 40);
    const name = cleanName(item["name"] ?? item["display_name"], kind || "place");
    const wide = numberOr(item["radius_m"] ?? item["radius"], radiusM);
    return [{ ...spot, kind, name, radiusM: radiusM === 0 ? 0 : clamp(wide, 2, 200) }];
  });
}

// A path is a list of points, or of names of places, bare or under `points`, or a pair `from`, `to`.
function readPaths(value: unknown, places: Feature[]): Path[] {
  const byName = new Map(places.map((place) => [place.name, place]));
  const spotOf = (point: unknown): Spot | null =>
    typeof point === "string" ? (byName.get(cleanName(point)) ?? null) : readSpot(point);
  return listOf(value).slice(0, FEATURES_MAX).flatMap((item) => {
    const list = isRecord(item) ? (item["points"] ?? [item["from"], item["to"]]) : item;
    const points = listOf(list).slice(0, FEATURES_MAX).flatMap((point) => spotOf(point) ?? []);
    const widthM = clamp(numberOr(isRecord(item) ? item["width_m"] : null, PATH_WIDTH_M), 0.5, 40);
    return points.length >= 2 ? [{ points, widthM }] : [];
  });
}

/** Joins places by the shortest tree, so that a region without paths still reads as one piece of land. */
export function joinPlaces(places: Spot[]): Spot[][] {
  const rest = places.slice(1, 64);
  const joined = places.slice(0, 1);
  const paths: Spot[][] = [];
  while (rest.length > 0) {
    let best: { from: Spot; to: Spot; index: number; distance: number } | null = null;
    for (const from of joined) {
      rest.forEach((to, index) => {
        const distance = Math.hypot(to.x - from.x, to.y - from.y);
        if (best === null || distance < best.distance) best = { from, to, index, distance };
      });
    }
    const found = best as { from: Spot; to: Spot; index: number } | null;
    if (found === null) break;
    paths.push([found.from, found.to]);
    joined.push(found.to);
    rest.splice(found.index, 1);
  }
  return paths;
}
