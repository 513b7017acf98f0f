// The things that agents use: benches, fountains, boards, stalls; and lamps.
import type { Feature } from "../world/region";
import { CLOTHS, PAINT, shade } from "../scene/paint";
import { hashOf } from "../scene/random";
import type { Shapes } from "../scene/shapes";
import { ball, box, column, lump } from "../scene/solids";
import { addAwning } from "./parts";

/** How high the seat of a bench is. Units: metres. */
export const SEAT_M = 0.46;
/** How high the water of a fountain's basin is. Units: metres. */
export const BASIN_M = 0.56;

/** What a thing looks like. */
export type ThingKind = "bench" | "log" | "fountain" | "board" | "stall" | "box";

/** Returns what a thing looks like. */
export function thingKind({ kind, name }: Feature): ThingKind {
  const words = `${kind} ${name}`.toLowerCase();
  if (/bench|seat|chair/.test(words)) return /log|stone/.test(name.toLowerCase()) ? "log" : "bench";
  if (/fountain|well|spring/.test(words)) return "fountain";
  if (/board|sign/.test(words)) return "board";
  if (/stall|shop|cart|kitchen/.test(words)) return "stall";
  return "box";
}

/** Adds a thing at the present origin, its front towards -y. */
export function addThing(into: Shapes, thing: Feature): void {
  const seed = hashOf(thing.name);
  switch (thingKind(thing)) {
    case "bench":
      for (let slat = 0; slat < 4; slat += 1) box(into, [0, -0.2 + slat * 0.17, SEAT_M - 0.07], [2.1, 0.14, 0.07], PAINT.woodLight);
      for (let slat = 0; slat < 3; slat += 1) box(into, [0, 0.42 + slat * 0.03, 0.62 + slat * 0.18], [2.1, 0.06, 0.13], PAINT.wood);
      for (const side of [-0.9, 0.9]) {
        box(into, [side, 0.05, -0.2], [0.1, 0.6, 0.6], PAINT.iron);
        box(into, [side, 0.42, 0.3], [0.1, 0.09, 0.75], PAINT.iron);
      }
      return;
    case "log":
      return /stone/.test(thing.name.toLowerCase())
        ? box(into, [0, 0, -0.3], [2.3, 1.0, SEAT_M + 0.3], PAINT.stone, { taper: 0.92, top: PAINT.stoneMoss })
        : addLog(into);
    case "fountain":
      return addFountain(into, /well/.test(thing.name.toLowerCase()));
    case "board":
      for (const side of [-0.95, 0.95]) box(into, [side, 0, -0.3], [0.16, 0.16, 2.7], PAINT.woodDark);
      box(into, [0, 0, 0.85], [1.8, 0.12, 1.25], PAINT.wood);
      for (let note = 0; note < 7; note += 1) {
        const paint = [PAINT.cream, PAINT.white, PAINT.buttercup, PAINT.blossom][(seed + note) % 4] ?? PAINT.cream;
        box(into, [-0.66 + (note % 4) * 0.42, -0.08, 1.0 + Math.floor(note / 4) * 0.5], [0.3, 0.03, 0.38], paint);
      }
      box(into, [0, 0, 2.25], [2.4, 0.75, 0.12], PAINT.tileDark);
      return;
    case "stall":
      return addStall(into, seed);
    case "box":
      box(into, [0, 0, 0], [1.1, 1.1, 0.9], PAINT.woodLight);
      return box(into, [0, 0, 0.9], [1.2, 1.2, 0.12], PAINT.wood);
  }
}

/** Adds a street lamp at the present origin; a lantern on a post in a forest. */
export function addLamp(into: Shapes, isRustic: boolean): void {
  const high = isRustic ? 2.2 : 3.5;
  const post = isRustic ? PAINT.woodDark : PAINT.iron;
  column(into, [0, 0, -0.4], 0.16, 0.12, 0.9, 6, post);
  column(into, [0, 0, 0.4], 0.075, 0.06, high - 0.4, 5, post);
  into.extra = 1;
  column(into, [0, 0, high], 0.15, 0.24, 0.42, 6, PAINT.flame);
  into.extra = 0;
  column(into, [0, 0, high + 0.42], 0.34, 0, 0.32, 6, post);
}

/** How high the light of a lamp is. Units: metres. */
export const lampHeight = (isRustic: boolean): number => (isRustic ? 2.4 : 3.7);

function addLog(into: Shapes): void {
  for (let part = 0; part < 8; part += 1) {
    const [a, b] = [(part / 8) * Math.PI * 2, ((part + 1) / 8) * Math.PI * 2];
    const rim = (x: number, at: number) => [x, Math.cos(at) * 0.36, 0.14 + Math.sin(at) * 0.34] as const;
    into.quad(rim(-1.3, b), rim(-1.3, a), rim(1.3, a), rim(1.3, b), shade(part % 3 === 0 ? PAINT.stoneMoss : PAINT.trunk, part < 4 ? 1.05 : 0.8));
    into.triangle(rim(1.3, a), rim(1.3, b), [1.3, 0, 0.14], PAINT.woodLight);
    into.triangle(rim(-1.3, b), rim(-1.3, a), [-1.3, 0, 0.14], PAINT.woodLight);
  }
}

function addFountain(into: Shapes, isWell: boolean): void {
  const radius = isWell ? 1.1 : 2.1;
  column(into, [0, 0, -0.6], radius + 0.3, radius + 0.25, 0.78, 14, PAINT.stoneDark, { cap: PAINT.stone });
  for (let part = 0; part < 14; part += 1) {
    const [a, b] = [(part / 14) * Math.PI * 2, ((part + 1) / 14) * Math.PI * 2];
    const at = (angle: number, reach: number, z: number) => [Math.cos(angle) * reach, Math.sin(angle) * reach, z] as const;
    into.quad(at(a, radius, 0.1), at(b, radius, 0.1), at(b, radius, 0.72), at(a, radius, 0.72), PAINT.stone);
    into.quad(at(a, radius, 0.72), at(b, radius, 0.72), at(b, radius - 0.3, 0.72), at(a, radius - 0.3, 0.72), PAINT.white);
    into.quad(at(b, radius - 0.3, 0.2), at(a, radius - 0.3, 0.2), at(a, radius - 0.3, 0.72), at(b, radius - 0.3, 0.72), PAINT.stoneDark);
  }
  if (isWell) {
    for (const side of [-1, 1]) box(into, [side * 1.0, 0, 0.6], [0.18, 0.18, 2.0], PAINT.woodDark);
    column(into, [0, 0, 2.4], 1.7, 0, 1.1, 4, PAINT.tile, { turn: Math.PI / 4 });
    return;
  }
  column(into, [0, 0, 0.1], 0.34, 0.24, 1.6, 8, PAINT.stone);
  column(into, [0, 0, 1.55], 0.25, 0.95, 0.3, 10, PAINT.white, { cap: PAINT.stoneDark });
  column(into, [0, 0, 1.8], 0.16, 0.1, 0.6, 6, PAINT.stone);
  lump(into, [0, 0, 2.45], [0.2, 0.2, 0.24], PAINT.brass);
}

function addStall(into: Shapes, seed: number): void {
  const cloth = CLOTHS[seed % CLOTHS.length] ?? PAINT.poppy;
  box(into, [0, -0.3, 0], [2.7, 1.0, 0.95], PAINT.wood, { top: PAINT.woodLight });
  box(into, [0, -0.78, 0.05], [2.5, 0.06, 0.8], cloth);
  for (const side of [-1.3, 1.3]) {
    box(into, [side, -0.75, -0.2], [0.12, 0.12, 2.5], PAINT.woodDark);
    box(into, [side, 0.75, -0.2], [0.12, 0.12, 2.9], PAINT.woodDark);
  }
  addAwning(into, 0, 0.95, 2.85, 3.1, 2.1, cloth);
  const goods = [PAINT.poppy, PAINT.buttercup, PAINT.ochre, PAINT.leaf, PAINT.lilac, PAINT.rose];
  for (let heap = 0; heap < 4; heap += 1) {
    const colour = goods[(seed + heap * 5) % goods.length] ?? PAINT.poppy;
    box(into, [-0.95 + heap * 0.63, -0.35, 0.95], [0.52, 0.6, 0.12], PAINT.woodDark);
    for (let piece = 0; piece < 5; piece += 1) {
      ball(into, [-1.05 + heap * 0.63 + (piece % 2) * 0.22, -0.5 + Math.floor(piece / 2) * 0.19, 1.13], 0.12, 5, 3, shade(colour, 0.9 + (piece % 3) * 0.1));
    }
  }
  into.extra = 1;
  ball(into, [0.9, -0.7, 2.05], 0.11, 5, 3, PAINT.flame);
  into.extra = 0;
}
