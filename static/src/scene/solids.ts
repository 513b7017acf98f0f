// The solids that everything is built of: boxes, gables, tapered columns, lumps.
import { shade, type Rgb } from "./paint";
import type { Random } from "./random";
import type { P3, Shapes } from "./shapes";

/** Adds a box that stands on `z`, with `sx`, `sy`, `sz` its full sides; it narrows to `taper` of its width on top. */
export function box(
  into: Shapes,
  [x, y, z]: P3,
  [sx, sy, sz]: P3,
  colour: Rgb,
  { taper = 1, top = colour, hasTop = true }: { taper?: number; top?: Rgb; hasTop?: boolean } = {},
): void {
  const w = sx / 2;
  const d = sy / 2;
  const corner = (i: number, j: number, isUp: boolean): P3 => {
    const part = isUp ? taper : 1;
    return [x + i * w * part, y + j * d * part, isUp ? z + sz : z];
  };
  // Walls are a little darker at their feet: light is scarcer near the ground.
  const sides: [number, number, number, number][] = [[-1, -1, 1, -1], [1, -1, 1, 1], [1, 1, -1, 1], [-1, 1, -1, -1]];
  for (const [i, j, k, l] of sides) into.quad(corner(i, j, false), corner(k, l, false), corner(k, l, true), corner(i, j, true), colour);
  if (hasTop) into.quad(corner(-1, -1, true), corner(1, -1, true), corner(1, 1, true), corner(-1, 1, true), top);
}

/** Adds a gabled roof over `sx` by `sy`, its ridge along x, with eaves that overhang. */
export function gable(into: Shapes, [x, y, z]: P3, [sx, sy, height]: P3, colour: Rgb, wall: Rgb, eaves = 0.5): void {
  const w = sx / 2 + eaves;
  const d = sy / 2 + eaves;
  const drop = (height * eaves) / (sy / 2);
  const ridge = z + height;
  const low = z - drop;
  const thick = 0.22;
  const rows = [-1, 1] as const;
  for (const side of rows) {
    const out: P3[] = [
      [x - w, y + side * d, low],
      [x + w, y + side * d, low],
      [x + w, y, ridge],
      [x - w, y, ridge],
    ];
    const face = (points: P3[], paint: Rgb): void => {
      const [a, b, c, e] = (side === -1 ? points : [points[1], points[0], points[3], points[2]]) as [P3, P3, P3, P3];
      into.quad(a, b, c, e, paint);
    };
    face(out.map(([px, py, pz]) => [px, py, pz + thick]), colour);
    face([[x - w, y + side * d, low], [x + w, y + side * d, low], [x + w, y + side * d, low + thick], [x - w, y + side * d, low + thick]], shade(colour, 0.7));
    const under = out.map(([px, py, pz]): P3 => [px, py, pz]);
    face([under[3] as P3, under[2] as P3, under[1] as P3, under[0] as P3], shade(colour, 0.4));
  }
  for (const end of rows) {
    const gx = x + (end * sx) / 2;
    const a: P3 = [gx, y - (end * sy) / 2, z];
    const b: P3 = [gx, y + (end * sy) / 2, z];
    into.triangle(a, b, [gx, y, ridge], wall);
    const ex = x + end * w;
    const edge: [P3, P3][] = [[[ex, y - d, low], [ex, y, ridge]], [[ex, y, ridge], [ex, y + d, low]]];
    for (const [from, to] of edge) {
      const up = (point: P3): P3 => [point[0], point[1], point[2] + thick];
      if (end === 1) into.quad(from, to, up(to), up(from), shade(colour, 0.75));
      else into.quad(to, from, up(from), up(to), shade(colour, 0.75));
    }
  }
}

/** Adds a round column of `sides` faces from radius `low` to radius `high`; a radius of 0 makes it a cone. */
export function column(
  into: Shapes,
  [x, y, z]: P3,
  low: number,
  high: number,
  height: number,
  sides: number,
  colour: Rgb,
  { turn = 0, cap = colour, lean = [0, 0] }: { turn?: number; cap?: Rgb; lean?: readonly [number, number] } = {},
): void {
  const rim = (index: number, radius: number, isUp: boolean): P3 => {
    const angle = turn + (index / sides) * Math.PI * 2;
    return [
      x + Math.cos(angle) * radius + (isUp ? lean[0] : 0),
      y + Math.sin(angle) * radius + (isUp ? lean[1] : 0),
      isUp ? z + height : z,
    ];
  };
  const tip: P3 = [x + lean[0], y + lean[1], z + height];
  for (let index = 0; index < sides; index += 1) {
    const a = rim(index, low, false);
    const b = rim(index + 1, low, false);
    if (high <= 0) {
      into.triangle(a, b, tip, colour);
      continue;
    }
    const c = rim(index + 1, high, true);
    const d = rim(index, high, true);
    if (low <= 0) into.triangle([x, y, z], c, d, colour);
    else into.quad(a, b, c, d, colour);
    into.triangle(d, c, tip, cap);
  }
}

const GOLDEN = (1 + Math.sqrt(5)) / 2;
const CORNERS: P3[] = [
  [-1, GOLDEN, 0], [1, GOLDEN, 0], [-1, -GOLDEN, 0], [1, -GOLDEN, 0],
  [0, -1, GOLDEN], [0, 1, GOLDEN], [0, -1, -GOLDEN], [0, 1, -GOLDEN],
  [GOLDEN, 0, -1], [GOLDEN, 0, 1], [-GOLDEN, 0, -1], [-GOLDEN, 0, 1],
];
const FACES = [
  0, 11, 5, 0, 5, 1, 0, 1, 7, 0, 7, 10, 0, 10, 11, 1, 5, 9, 5, 11, 4, 11, 10, 2, 10, 7, 6, 7, 1, 8,
  3, 9, 4, 3, 4, 2, 3, 2, 6, 3, 6, 8, 3, 8, 9, 4, 9, 5, 2, 4, 11, 6, 2, 10, 8, 6, 7, 9, 8, 1,
];

/** Adds a lump of twenty faces with radii `[rx, ry, rz]`; `rough` moves its corners, and its underside is darker. */
export function lump(into: Shapes, centre: P3, radii: P3, colour: Rgb, chance?: Random, rough = 0.12): void {
  const size = Math.hypot(1, GOLDEN);
  const corners = CORNERS.map(([x, y, z]): P3 => {
    const jitter = chance === undefined ? 1 : 1 + chance.between(-rough, rough);
    return [
      centre[0] + (x / size) * radii[0] * jitter,
      centre[1] + (y / size) * radii[1] * jitter,
      centre[2] + (z / size) * radii[2] * jitter,
    ];
  });
  for (let index = 0; index < FACES.length; index += 3) {
    const [a, b, c] = [0, 1, 2].map((offset) => corners[FACES[index + offset] ?? 0]) as [P3, P3, P3];
    const height = ((a[2] + b[2] + c[2]) / 3 - centre[2]) / radii[2];
    into.triangle(a, b, c, shade(colour, 0.86 + 0.2 * height));
  }
}

/** Adds a ball that is smoother than a lump: rings of latitude. */
export function ball(into: Shapes, [x, y, z]: P3, radius: number, sides: number, rings: number, colour: Rgb, from = 0, to = 1): void {
  const point = (ring: number, side: number): P3 => {
    const polar = Math.PI * (from + ((to - from) * ring) / rings);
    const angle = (side / sides) * Math.PI * 2;
    const flat = Math.sin(polar) * radius;
    return [x + Math.cos(angle) * flat, y + Math.sin(angle) * flat, z + Math.cos(polar) * radius];
  };
  for (let ring = 0; ring < rings; ring += 1) {
    for (let side = 0; side < sides; side += 1) {
      const [a, b, c, d] = [point(ring + 1, side), point(ring + 1, side + 1), point(ring, side + 1), point(ring, side)];
      if (ring > 0 || from > 0) into.quad(a, b, c, d, colour);
      else into.triangle(a, b, d, colour);
    }
  }
}
