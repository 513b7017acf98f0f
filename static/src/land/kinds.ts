// What a place of a kind looks like: which building stands at its edge, or what surrounds its middle.

/** What a region is like as a whole. */
export type Style = "village" | "town" | "harbour" | "forest";

/** How a place is furnished. */
export interface PlaceKind {
  /** The building at its edge, and its footprint. Units: metres. */
  building: string | null;
  width: number;
  depth: number;
  /** What lies in the middle: `paved`, `lawn`, `earth` or nothing. */
  floor: "paved" | "lawn" | "earth" | null;
  /** How much it speaks for a style. */
  style: Style;
}

function kind(building: string | null, width: number, depth: number, floor: PlaceKind["floor"], style: Style): PlaceKind {
  return { building, width, depth, floor, style };
}

const KINDS: Readonly<Record<string, PlaceKind>> = {
  green: kind(null, 0, 0, "lawn", "village"),
  hall: kind("hall", 15, 10, "earth", "village"),
  water: kind("pond", 0, 0, null, "forest"),
  garden: kind(null, 0, 0, "lawn", "village"),
  grove: kind(null, 0, 0, null, "village"),
  viewpoint: kind("lookout", 6, 6, "earth", "village"),
  landmark: kind("clocktower", 8, 8, "paved", "town"),
  stage: kind("stage", 11, 7, "paved", "town"),
  cafe: kind("cafe", 11, 8, "paved", "town"),
  arcade: kind("arcade", 22, 5, "paved", "town"),
  square: kind(null, 0, 0, "paved", "town"),
  library: kind("library", 20, 12, "paved", "town"),
  shops: kind("shops", 24, 7, "paved", "harbour"),
  harbour: kind("harbour", 0, 0, "paved", "harbour"),
  warehouse: kind("warehouse", 20, 13, "earth", "harbour"),
  yard: kind("yard", 12, 8, "earth", "harbour"),
  clearing: kind(null, 0, 0, "lawn", "forest"),
  monument: kind(null, 0, 0, "earth", "forest"),
  house: kind("cottage", 8, 7, "earth", "forest"),
};

const WORDS: readonly [RegExp, string][] = [
  [/pond|lake|pool|brook|river|spring/, "water"],
  [/sea|quay|port|dock|beach/, "harbour"],
  [/park|green|meadow|field/, "green"],
  [/wood|grove|orchard/, "grove"],
  [/tower|monastery|temple|church/, "landmark"],
  [/ruin|stone|grave|shrine/, "monument"],
  [/plaza|court|square|market/, "square"],
  [/shop|stall|mall/, "shops"],
  [/inn|tavern|bar|cafe|restaurant/, "cafe"],
  [/school|museum|academy|university/, "library"],
  [/barn|factory|store|depot|mill/, "warehouse"],
  [/home|hut|cabin|cottage/, "house"],
  [/hill|view|look|peak/, "viewpoint"],
  [/garden|rose|flower/, "garden"],
];

const OTHER = kind("pavilion", 7, 7, "earth", "village");

/** Returns how a place of a kind is furnished; words that are none of ours are guessed at. */
export function placeKind(name: string): { name: string; look: PlaceKind } {
  const word = name.toLowerCase();
  const found = KINDS[word] !== undefined ? word : (WORDS.find(([pattern]) => pattern.test(word))?.[1] ?? "");
  return { name: found === "" ? "other" : found, look: KINDS[found] ?? OTHER };
}
