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
}

/** A region to watch. */
export interface Region {
  name: string;
  title: string;
  description: string;
  /** Side of the square. Units: metres. */
  sizeM: number;
  agentCount: number | null;
  places: Feature[];
  objects: Feature[];
  paths: Spot[][];
}

/** Returns the regions of an answer; what has no name is left out. */
export function readRegions(answer: unknown): Region[] {
  const list = isRecord(answer) ? listOf(answer["regions"]) : listOf(answer);
  return list.slice(0, REGIONS_MAX).flatMap((item) => {
    if (!isRecord(item) || typeof item["name"] !== "string" || item["name"] === "") return [];
    const more = isRecord(item["properties"]) ? item["properties"] : {};
    const pick = (field: string): unknown => item[field] ?? more[field];
    const places = readFeatures(pick("places"));
    const paths = readPaths(pick("paths"), places);
    return [
      {
        name: item["name"],
        title: cleanName(item["display_name"], item["name"]),
        description: cleanText(pick("description")),
        sizeM: Math.min(4096, Math.max(16, numberOr(pick("size_m"), numberOr(pick("size"), 256)))),
        agentCount: numberOr(pick("agent_count"), null),
        places,
        objects: readFeatures(pick("objects")),
        paths: paths.length > 0 ? paths : joinPlaces(places),
      },
    ];
  });
}

function readSpot(value: unknown): Spot | null {
  if (Array.isArray(value)) return readSpot({ x: value[0], y: value[1] });
  if (!isRecord(value)) return null;
  const at = isRecord(value["location"]) ? value["location"] : value;
  const x = numberOr(at["x"], null);
  const y = numberOr(at["y"], null);
  return x === null || y === null ? null : { x, y };
}

function readFeatures(value: unknown): Feature[] {
  return listOf(value).slice(0, FEATURES_MAX).flatMap((item) => {
    const spot = readSpot(item);
    if (spot === null || !isRecord(item)) return [];
    const kind = cleanText(item["type"] ?? item["kind"], 40);
    return [{ ...spot, kind, name: cleanName(item["name"] ?? item["display_name"], kind || "place") }];
  });
}

// A path is a list of points, or of names of places, bare or under `points`, or a pair `from`, `to`.
function readPaths(value: unknown, places: Feature[]): Spot[][] {
  const byName = new Map(places.map((place) => [place.name, place]));
  const spotOf = (point: unknown): Spot | null =>
    typeof point === "string" ? (byName.get(cleanName(point)) ?? null) : readSpot(point);
  return listOf(value).slice(0, FEATURES_MAX).flatMap((item) => {
    const points = isRecord(item) ? (item["points"] ?? [item["from"], item["to"]]) : item;
    const spots = listOf(points).slice(0, FEATURES_MAX).flatMap((point) => spotOf(point) ?? []);
    return spots.length >= 2 ? [spots] : [];
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
