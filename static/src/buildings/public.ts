// The buildings of places that everybody knows: hall, library, cafe, arcade, stage, shops.
import { CLOTHS, PAINT, ROOFS, shade, WALLS } from "../scene/paint";
import type { Random } from "../scene/random";
import type { P3 } from "../scene/shapes";
import { ball, box, column, gable } from "../scene/solids";
import { addAwning, addChimney, addDoor, addPlinth, addWindow, type Site3 } from "./parts";

/** Adds a building with its front towards -y. */
export type Builder = (site: Site3, chance: Random) => void;

/** A half-timbered hall with a belfry. */
export const hall: Builder = (site, chance) => {
  const { into } = site;
  const [w, d] = [14, 9];
  addPlinth(into, w, d, 0.4);
  box(into, [0, 0, 0.4], [w, d, 4.4], PAINT.cream, { hasTop: false });
  box(into, [0, 0, 0.4], [w + 0.1, d + 0.1, 0.8], PAINT.stone, { hasTop: false });
  for (let at = -w / 2; at <= w / 2 + 0.1; at += w / 7) {
    for (const side of [-1, 1]) box(into, [at, (side * d) / 2, 0.4], [0.26, 0.2, 4.4], PAINT.woodDark, { hasTop: false });
  }
  for (const z of [2.5, 4.5]) box(into, [0, 0, z], [w + 0.24, d + 0.24, 0.26], PAINT.woodDark, { hasTop: false });
  gable(into, [0, 0, 4.8], [w, d, 4.6], PAINT.tileDark, PAINT.ochre, 0.8);
  for (const at of [-4.6, -2.5, 2.5, 4.6]) addWindow(into, "front", [w, d], at, 1.3, [1.0, 1.6], true);
  for (const at of [-4.5, -1.5, 1.5, 4.5]) addWindow(into, "back", [w, d], at, 1.3, [1.0, 1.6], chance.next() < 0.7);
  for (const side of ["left", "right"] as const) for (const at of [-2.4, 0, 2.4]) addWindow(into, side, [w, d], at, 1.4, [0.9, 1.5], at === 0);
  addDoor(into, "front", [w, d], 0, [1.9, 2.7], PAINT.wood);
  gable(into, [0, -d / 2 - 0.9, 3.3], [3.4, 2.2, 1.3], PAINT.tile, PAINT.cream, 0.3);
  for (const at of [-1.4, 1.4]) column(into, [at, -d / 2 - 1.8, 0], 0.14, 0.14, 3.4, 6, PAINT.woodDark);
  box(into, [0, 0, 8.4], [2.3, 2.3, 2.4], PAINT.cream);
  for (const [x, y] of [[-1, -1], [1, -1], [1, 1], [-1, 1]] as const) box(into, [x * 1.1, y * 1.1, 10.6], [0.3, 0.3, 1.5], PAINT.woodDark);
  column(into, [0, 0, 10.9], 0.55, 0.3, 0.8, 8, PAINT.brass);
  column(into, [0, 0, 12.1], 2.1, 0, 2.6, 4, PAINT.tileDark, { turn: Math.PI / 4 });
  column(into, [0, 0, 14.5], 0.06, 0.03, 1.1, 4, PAINT.brass);
  addChimney(site, -5, 1.6, 6.2, true);
};

/** A temple front with columns and broad steps. */
export const library: Builder = ({ into }, chance) => {
  const [w, d] = [18, 10];
  for (let step = 0; step < 5; step += 1) box(into, [0, -1.2 + step * 0.3, -1.2 + step * 0.28], [w + 3 - step * 0.6, d + 4 - step * 0.6, 1.35], PAINT.stone);
  box(into, [0, 0.8, 1.2], [w, d - 1.6, 5.4], PAINT.white);
  for (let at = 0; at < 6; at += 1) {
    const x = -w / 2 + 1.2 + (at * (w - 2.4)) / 5;
    column(into, [x, -d / 2 - 0.4, 1.2], 0.5, 0.42, 5.0, 10, PAINT.white);
    box(into, [x, -d / 2 - 0.4, 6.2], [1.2, 1.2, 0.35], PAINT.cream);
  }
  box(into, [0, -0.4, 6.55], [w + 0.8, d + 1.6, 0.7], PAINT.cream);
  const [front, back, top]: [number, number, number] = [-d / 2 - 1.3, d / 2 + 0.5, 10.1];
  into.triangle([-w / 2 - 0.6, front, 7.25], [w / 2 + 0.6, front, 7.25], [0, front, top], PAINT.cream);
  into.triangle([w / 2 + 0.6, back, 7.25], [-w / 2 - 0.6, back, 7.25], [0, back, top], PAINT.cream);
  into.quad([-w / 2 - 0.8, back, 7.2], [-w / 2 - 0.8, front, 7.2], [0, front - 0.1, top + 0.1], [0, back, top + 0.1], PAINT.slate);
  into.quad([w / 2 + 0.8, front, 7.2], [w / 2 + 0.8, back, 7.2], [0, back, top + 0.1], [0, front - 0.1, top + 0.1], PAINT.slate);
  addDoor(into, "front", [w, d - 3.0], 0, [2.2, 4.6], PAINT.teal);
  for (const at of [-6.4, -3.4, 3.4, 6.4]) addWindow(into, "front", [w, d - 3.2], at, 2.4, [1.2, 2.6], true);
  for (const side of ["left", "right"] as const) for (const at of [-2.6, 0.2, 3]) addWindow(into, side, [w, d - 1.6], at, 2.6, [1, 2.2], chance.next() < 0.7);
};

/** A corner cafe with an awning and tables outside. */
export const cafe: Builder = (site, chance) => {
  const { into } = site;
  const [w, d] = [10, 7];
  const cloth = chance.pick(CLOTHS);
  addPlinth(into, w, d);
  box(into, [0, 0, 0.2], [w, d, 6.2], PAINT.rose, { hasTop: false });
  box(into, [0, 0, 3.1], [w + 0.3, d + 0.3, 0.25], PAINT.white);
  gable(into, [0, 0, 6.4], [w, d, 2.8], PAINT.slate, PAINT.rose, 0.5);
  for (const at of [-3.4, 3.4]) addWindow(into, "front", [w, d], at, 0.7, [2.4, 1.7], true);
  for (const at of [-3.4, 0, 3.4]) addWindow(into, "front", [w, d], at, 4.0, [1, 1.5], chance.next() < 0.7);
  for (const side of ["left", "right"] as const) for (const z of [1.1, 4.0]) addWindow(into, side, [w, d], 0, z, [1.3, 1.4], chance.next() < 0.7);
  addDoor(into, "front", [w, d], 0, [1.3, 2.3], PAINT.teal);
  addAwning(into, 0, -d / 2 - 0.1, 3.0, w * 0.96, 1.9, cloth);
  addChimney(site, 3, 1.4, 7.4, true);
  for (const [x, y] of [[-4, -6.6], [-1, -7.4], [3.6, -6.8]] as const) addParasol(site, x, y, cloth);
};

function addParasol({ into }: Site3, x: number, y: number, cloth: (typeof CLOTHS)[0]): void {
  column(into, [x, y, 0], 0.45, 0.45, 0.08, 8, PAINT.woodLight);
  column(into, [x, y, 0], 0.05, 0.05, 2.4, 5, PAINT.wood);
  column(into, [x, y, 0.7], 0.6, 0.6, 0.07, 8, PAINT.woodLight);
  for (let part = 0; part < 8; part += 1) {
    const angle = (part / 8) * Math.PI * 2;
    const next = ((part + 1) / 8) * Math.PI * 2;
    const rim = (at: number): P3 => [x + Math.cos(at) * 1.5, y + Math.sin(at) * 1.5, 2.15];
    into.triangle(rim(angle), rim(next), [x, y, 2.75], part % 2 === 0 ? cloth : PAINT.white);
    into.triangle(rim(next), rim(angle), [x, y, 2.6], shade(cloth, 0.5));
  }
  for (const angle of [0.6, 2.9, 4.6]) box(into, [x + Math.cos(angle) * 1.0, y + Math.sin(angle) * 1.0, 0], [0.42, 0.42, 0.46], PAINT.wood);
}

/** A row of arches with lanterns. */
export const arcade: Builder = ({ into }) => {
  const count = 6;
  const bay = 3.5;
  const width = count * bay;
  addPlinth(into, width + 1, 5.4, 0.15);
  box(into, [0, 2.0, 0.1], [width + 0.6, 1.0, 4.6], PAINT.ochre);
  for (let index = 0; index <= count; index += 1) {
    const x = -width / 2 + index * bay;
    box(into, [x, -2.1, 0.1], [0.7, 0.7, 3.0], PAINT.cream, { taper: 0.85 });
    box(into, [x, -2.1, 3.0], [0.9, 0.9, 0.25], PAINT.white);
    if (index === count) continue;
    // An arch of five stones, and a lantern below its crown.
    for (let stone = 0; stone < 7; stone += 1) {
      const angle = Math.PI * (1 - (stone + 0.5) / 7);
      const [ax, az] = [x + bay / 2 + Math.cos(angle) * 1.5, 3.0 + Math.sin(angle) * 1.2];
      box(into, [ax, -2.1, az], [0.8, 0.62, 0.62], stone % 2 === 0 ? PAINT.cream : PAINT.rose);
    }
    column(into, [x + bay / 2, -2.1, 3.7], 0.03, 0.03, 0.5, 4, PAINT.iron);
    into.extra = 1;
    column(into, [x + bay / 2, -2.1, 3.25], 0.2, 0.26, 0.45, 6, PAINT.flame);
    into.extra = 0;
  }
  box(into, [0, 0, 4.6], [width + 1.2, 5.6, 0.5], PAINT.white);
  gable(into, [0, 0, 5.1], [width + 0.6, 5.0, 1.5], PAINT.tile, PAINT.ochre, 0.5);
};

/** A wooden stage under a cloth roof. */
export const stage: Builder = ({ into }, chance) => {
  const cloth = chance.pick(CLOTHS);
  box(into, [0, 0, -1], [10, 6, 1.9], PAINT.wood, { top: PAINT.woodLight });
  for (let at = -4.5; at <= 4.5; at += 1) box(into, [at, 0, 0.9], [0.9, 6, 0.05], shade(PAINT.woodLight, at % 2 === 0 ? 1 : 0.92));
  for (const [x, y] of [[-4.6, -2.6], [4.6, -2.6], [4.6, 2.6], [-4.6, 2.6]] as const) box(into, [x, y, 0.9], [0.28, 0.28, y < 0 ? 4.0 : 3.2], PAINT.woodDark);
  box(into, [0, 2.6, 0.9], [9.2, 0.12, 3.2], shade(cloth, 0.8));
  for (let index = 0; index < 10; index += 1) {
    const x = -5 + index;
    const paint = index % 2 === 0 ? cloth : PAINT.white;
    into.quad([x, -3, 4.95], [x + 1, -3, 4.95], [x + 1, 3, 4.1], [x, 3, 4.1], paint);
    into.quad([x, 3, 4.04], [x + 1, 3, 4.04], [x + 1, -3, 4.89], [x, -3, 4.89], shade(paint, 0.6));
    into.extra = 1;
    ball(into, [x + 0.5, -3.05, 4.6], 0.11, 5, 3, PAINT.flame);
    into.extra = 0;
  }
  for (let step = 0; step < 3; step += 1) box(into, [3.4, -3.3 - step * 0.35, -0.5], [1.6, 0.4, 1.15 - step * 0.3], PAINT.wood);
};

/** A row of narrow shops under awnings. */
export const shops: Builder = (site, chance) => {
  const { into } = site;
  const count = 4;
  for (let index = 0; index < count; index += 1) {
    const x = -9 + index * 6;
    const wall = chance.pick(WALLS);
    const high = 2.9 + 2.7 * (1 + (index % 2));
    box(into, [x, 0, -1.4], [5.9, 6.3, 1.6], PAINT.stoneDark);
    box(into, [x, 0, 0.2], [5.7, 6, high], wall, { hasTop: false });
    gable(into, [x, 0, high + 0.2], [5.7, 6, 2.4], chance.pick(ROOFS), wall, 0.25);
    box(into, [x - 1.0, -3.06, 0.5], [2.6, 0.1, 1.9], PAINT.white);
    into.extra = 1;
    box(into, [x - 1.0, -3.1, 0.62], [2.3, 0.1, 1.6], PAINT.glass);
    into.extra = 0;
    box(into, [x + 1.7, -3.06, 0.1], [1.1, 0.12, 2.2], chance.pick([PAINT.door, PAINT.teal, PAINT.tileDark]));
    addAwning(into, x, -3.05, 3.0, 5.3, 1.7, chance.pick(CLOTHS));
    for (let storey = 1; storey * 2.7 + 1 < high; storey += 1) {
      for (const at of [-1.4, 1.4]) {
        box(into, [x + at, -3.04, 0.9 + storey * 2.7], [1.2, 0.1, 1.5], PAINT.white);
        into.extra = chance.next() < 0.6 ? 1 : 0.08;
        box(into, [x + at, -3.08, 1.0 + storey * 2.7], [0.9, 0.1, 1.25], PAINT.glass);
        into.extra = 0;
      }
    }
  }
  addChimney(site, -8, 1, 7.4, true);
};
