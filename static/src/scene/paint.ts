// The colours of the world, in one place: warm earth, soft greens, and light that does the rest.

/** A colour as linear light, each part 0 to 1. */
export type Rgb = readonly [number, number, number];

/** Returns the colour that `#rrggbb` names; the page's own gamma is 2, in both directions. */
export function rgb(hex: string): Rgb {
  const value = Number.parseInt(hex.slice(1), 16);
  const part = (shift: number): number => (((value >> shift) & 255) / 255) ** 2;
  return [part(16), part(8), part(0)];
}

/** Returns the colour between two. */
export function blend(from: Rgb, to: Rgb, part: number): Rgb {
  return [
    from[0] + (to[0] - from[0]) * part,
    from[1] + (to[1] - from[1]) * part,
    from[2] + (to[2] - from[2]) * part,
  ];
}

/** Returns the colour made lighter or darker by a factor. */
export function shade(colour: Rgb, factor: number): Rgb {
  return [colour[0] * factor, colour[1] * factor, colour[2] * factor];
}

/** Everything that is built or grows. */
export const PAINT = {
  grass: rgb("#8bac5c"),
  grassDeep: rgb("#6c9656"),
  grassDry: rgb("#b5b06a"),
  moss: rgb("#67854d"),
  meadow: rgb("#9fb969"),
  sand: rgb("#dcc699"),
  earth: rgb("#8e6f4e"),
  path: rgb("#d3ba8e"),
  pathWorn: rgb("#bb9c70"),
  paving: rgb("#cfc0a6"),
  pavingWarm: rgb("#c5a98b"),
  pavingCool: rgb("#b5b2a9"),
  stone: rgb("#b4aca0"),
  stoneDark: rgb("#857f79"),
  stoneMoss: rgb("#8b9273"),
  wood: rgb("#9c6d45"),
  woodDark: rgb("#6b4831"),
  woodLight: rgb("#c99c67"),
  cream: rgb("#f3e6cb"),
  ochre: rgb("#e6bd7d"),
  rose: rgb("#dd9f83"),
  sky: rgb("#b9cfd0"),
  white: rgb("#f4efe3"),
  tile: rgb("#c8623f"),
  tileDark: rgb("#a54b38"),
  plum: rgb("#8d5057"),
  slate: rgb("#647489"),
  thatch: rgb("#cfae63"),
  teal: rgb("#4f847d"),
  glass: rgb("#44566b"),
  door: rgb("#5d7d6d"),
  brass: rgb("#d8a544"),
  iron: rgb("#3e4048"),
  trunk: rgb("#7d5a3e"),
  birch: rgb("#e4dccb"),
  leaf: rgb("#7fa84b"),
  fir: rgb("#3d7258"),
  blossom: rgb("#ecafb2"),
  flame: rgb("#ffcf7d"),
  poppy: rgb("#d9503f"),
  lilac: rgb("#a184c4"),
  buttercup: rgb("#f0cb4e"),
  rook: rgb("#2c2a36"),
  duck: rgb("#f2ead8"),
} as const satisfies Record<string, Rgb>;

/** Leaves of broad-leaved trees, chosen by tree. */
export const LEAVES: readonly [Rgb, ...Rgb[]] = [
  rgb("#86ad4e"),
  rgb("#74a04b"),
  rgb("#9ab955"),
  rgb("#6a9850"),
  rgb("#b5b552"),
  rgb("#d39a45"),
];

/** Walls and roofs of houses, chosen by house. */
export const WALLS: readonly [Rgb, ...Rgb[]] = [PAINT.cream, PAINT.ochre, PAINT.rose, PAINT.white, PAINT.sky];
export const ROOFS: readonly [Rgb, ...Rgb[]] = [PAINT.tile, PAINT.tileDark, PAINT.plum, PAINT.slate, PAINT.teal];
/** Cloth of awnings and stalls. */
export const CLOTHS: readonly [Rgb, ...Rgb[]] = [
  rgb("#d2694c"),
  rgb("#4f8a86"),
  rgb("#dba243"),
  rgb("#7e6aa5"),
  rgb("#6f9a5a"),
  rgb("#b9566b"),
];
