// Buildings of work and watch: clock tower, warehouse, yard, lookout, pavilion.
import { CLOTHS, PAINT, shade } from "../scene/paint";
import { ball, box, column, gable, lump } from "../scene/solids";
import { addChimney, addPlinth, addWindow } from "./parts";
import type { Builder } from "./public";

/** How high the middle of the clock is. Units: metres. */
export const CLOCK_M = 16.4;
/** How far the clock's faces stand from the tower's middle. Units: metres. */
export const CLOCK_OUT_M = 2.98;

/** A clock tower; its hands are drawn apart, since they move. */
export const clocktower: Builder = ({ into }) => {
  box(into, [0, 0, -1.6], [8, 8, 2.2], PAINT.stoneDark, { top: PAINT.stone });
  box(into, [0, 0, 0.6], [7.0, 7.0, 0.5], PAINT.stone);
  box(into, [0, 0, 1.0], [5.8, 5.8, 12.6], PAINT.cream, { taper: 0.94 });
  for (const [x, y] of [[-1, -1], [1, -1], [1, 1], [-1, 1]] as const) box(into, [x * 2.75, y * 2.75, 1.0], [0.7, 0.7, 12.8], PAINT.stone);
  for (const z of [5.2, 9.4, 13.4]) box(into, [0, 0, z], [6.5, 6.5, 0.4], PAINT.stone);
  for (const side of ["front", "back", "left", "right"] as const) {
    addWindow(into, side, [5.7, 5.7], 0, 6.4, [0.9, 2], true);
    addWindow(into, side, [5.6, 5.6], 0, 10.6, [0.9, 1.8], side === "front" || side === "left");
  }
  box(into, [0, -2.95, 0.6], [1.9, 0.3, 3.3], PAINT.woodDark);
  box(into, [0, -3.05, 0.6], [1.5, 0.2, 3.0], PAINT.wood);
  box(into, [0, 0, 13.8], [5.7, 5.7, 5.2], PAINT.cream);
  for (const [x, y] of [[0, -1], [1, 0], [0, 1], [-1, 0]] as const) {
    into.turned(x, y, () => {
      const face = (radius: number, out: number, colour: typeof PAINT.white): void => {
        for (let part = 0; part < 20; part += 1) {
          const [a, b] = [(part / 20) * Math.PI * 2, ((part + 1) / 20) * Math.PI * 2];
          into.triangle([0, -out, CLOCK_M], [Math.cos(a) * radius, -out, CLOCK_M + Math.sin(a) * radius], [Math.cos(b) * radius, -out, CLOCK_M + Math.sin(b) * radius], colour);
        }
      };
      face(2.2, 2.88, PAINT.brass);
      into.extra = 0.75;
      face(1.95, 2.92, PAINT.white);
      into.extra = 0;
      for (let hour = 0; hour < 12; hour += 1) {
        const angle = (hour / 12) * Math.PI * 2;
        const long = hour % 3 === 0 ? 0.4 : 0.22;
        box(into, [Math.sin(angle) * 1.65, -2.94, CLOCK_M + Math.cos(angle) * 1.65 - long / 2], [0.14, 0.05, long], PAINT.iron);
      }
    });
  }
  box(into, [0, 0, 19.0], [6.6, 6.6, 0.5], PAINT.stone);
  for (const [x, y] of [[-1, -1], [1, -1], [1, 1], [-1, 1]] as const) box(into, [x * 2.4, y * 2.4, 19.5], [0.5, 0.5, 2.4], PAINT.cream);
  column(into, [0, 0, 19.8], 0.9, 0.5, 1.2, 8, PAINT.brass);
  box(into, [0, 0, 21.8], [6, 6, 0.35], PAINT.stone);
  column(into, [0, 0, 22.1], 4.1, 0, 7.2, 4, PAINT.teal, { turn: Math.PI / 4 });
  ball(into, [0, 0, 29.4], 0.32, 6, 4, PAINT.brass);
};

/** A big barn with a hoist. */
export const warehouse: Builder = (site) => {
  const { into } = site;
  const [w, d] = [19, 12];
  addPlinth(into, w, d, 0.2);
  box(into, [0, 0, 0.2], [w, d, 5.2], PAINT.tileDark, { hasTop: false });
  for (let at = -9; at <= 9; at += 3) box(into, [at, -d / 2, 0.2], [0.35, 0.25, 5.2], PAINT.stoneDark, { hasTop: false });
  gable(into, [0, 0, 5.4], [w, d, 4.4], PAINT.slate, PAINT.rose, 0.6);
  box(into, [0, -d / 2 - 0.05, 0.1], [5, 0.2, 4], PAINT.woodDark);
  for (const at of [-1.2, 1.2]) box(into, [at, -d / 2 - 0.12, 0.1], [2.2, 0.2, 3.8], PAINT.wood);
  for (const at of [-7.2, -4.6, 4.6, 7.2]) addWindow(into, "front", [w, d], at, 2.4, [1.3, 1.1], at > 0);
  for (const at of [-7, -2.4, 2.4, 7]) addWindow(into, "back", [w, d], at, 2.4, [1.3, 1.1], at < 0);
  box(into, [0, -d / 2 - 0.9, 7.2], [0.4, 2.6, 0.4], PAINT.woodDark);
  column(into, [0, -d / 2 - 1.8, 4.9], 0.03, 0.03, 2.3, 4, PAINT.iron);
  for (const [x, y, s] of [[-6, -8, 1.2], [-4.7, -8.3, 1], [-5.4, -8.1, 0.9], [6.4, -7.8, 1.3], [7.8, -8.4, 0.9]] as const) {
    box(into, [x, y, x === -5.4 ? 1.1 : 0], [s, s, s], shade(PAINT.woodLight, s));
  }
};

/** A walled yard with an oven and barrels. */
export const yard: Builder = (site) => {
  const { into } = site;
  box(into, [0, 3.2, -1], [12, 0.6, 2.7], PAINT.stone);
  for (const side of [-1, 1]) box(into, [side * 5.8, 0.6, -1], [0.6, 5.6, 2.4], PAINT.stone);
  ball(into, [-2.6, 1.4, 0.5], 1.7, 9, 5, PAINT.rose, 0, 0.6);
  box(into, [-2.6, 1.4, -0.8], [3.6, 3.2, 1.3], PAINT.stoneDark);
  into.extra = 1;
  box(into, [-2.6, -0.1, 0.7], [0.9, 0.3, 0.7], PAINT.flame);
  into.extra = 0;
  addChimney(site, -2.6, 2.2, 1.6, true);
  for (const [x, y] of [[2.2, 2.0], [3.4, 1.8], [2.9, 1.0], [4.6, 2.1]] as const) column(into, [x, y, 0], 0.5, 0.44, 1.15, 8, PAINT.wood, { cap: PAINT.woodDark });
  for (const x of [1.0, 4.6]) box(into, [x, -1.6, 0], [0.2, 0.2, 2.7], PAINT.woodDark);
  into.quad([0.6, -2.6, 2.5], [5, -2.6, 2.5], [5, 1.2, 3.1], [0.6, 1.2, 3.1], CLOTHS[2] ?? PAINT.ochre);
  into.quad([0.6, 1.2, 3.04], [5, 1.2, 3.04], [5, -2.6, 2.44], [0.6, -2.6, 2.44], PAINT.wood);
  for (const x of [1.0, 4.6]) box(into, [x, 1.1, 0], [0.2, 0.2, 3.1], PAINT.woodDark);
  box(into, [2.8, -0.8, 0], [2.6, 1.0, 0.85], PAINT.woodLight);
};

/** A wooden tower to look out from, with a flag. */
export const lookout: Builder = ({ into }) => {
  for (const [x, y] of [[-1, -1], [1, -1], [1, 1], [-1, 1]] as const) {
    column(into, [x * 2.1, y * 2.1, -1], 0.24, 0.2, 8.6, 5, PAINT.wood, { lean: [-x * 0.45, -y * 0.45] });
    column(into, [x * 1.6, y * 1.6, 7.5], 0.12, 0.12, 2.3, 5, PAINT.woodDark);
  }
  for (const z of [2.4, 4.9]) for (const side of [-1, 1]) {
    box(into, [0, side * 1.9, z], [4, 0.18, 0.22], PAINT.woodDark);
    box(into, [side * 1.9, 0, z], [0.18, 4, 0.22], PAINT.woodDark);
  }
  box(into, [0, 0, 7.2], [4.6, 4.6, 0.3], PAINT.woodLight);
  for (const side of [-1, 1]) {
    box(into, [0, side * 2.2, 8.3], [4.6, 0.12, 0.14], PAINT.wood);
    box(into, [side * 2.2, 0, 8.3], [0.12, 4.6, 0.14], PAINT.wood);
  }
  column(into, [0, 0, 9.7], 3.2, 0, 2.4, 4, PAINT.teal, { turn: Math.PI / 4 });
  column(into, [0, 0, 12], 0.07, 0.05, 2.4, 4, PAINT.woodDark);
  into.triangle([0, 0.04, 14.3], [0, 0.04, 13.3], [1.5, 0.04, 13.8], PAINT.poppy);
  into.triangle([0, -0.04, 13.3], [0, -0.04, 14.3], [1.5, -0.04, 13.8], shade(PAINT.poppy, 0.8));
  for (let step = 0; step < 14; step += 1) box(into, [0.9, -2.5 - (13 - step) * 0.24, -0.5], [0.9, 0.26, 0.8 + step * 0.53], shade(PAINT.wood, 0.9 + (step % 2) * 0.1));
  into.extra = 1;
  ball(into, [0, 0, 9.3], 0.22, 6, 4, PAINT.flame);
  into.extra = 0;
};

/** An open pavilion: for places that we know nothing of. */
export const pavilion: Builder = ({ into }) => {
  column(into, [0, 0, -1.2], 3.8, 3.6, 1.5, 8, PAINT.stoneDark, { cap: PAINT.stone });
  for (let post = 0; post < 8; post += 1) {
    const angle = ((post + 0.5) / 8) * Math.PI * 2;
    column(into, [Math.cos(angle) * 3.0, Math.sin(angle) * 3.0, 0.3], 0.16, 0.14, 2.9, 6, PAINT.white);
  }
  column(into, [0, 0, 3.2], 4.1, 0, 2.5, 8, PAINT.tile);
  lump(into, [0, 0, 5.8], [0.3, 0.3, 0.4], PAINT.brass);
  into.extra = 1;
  ball(into, [0, 0, 2.9], 0.2, 6, 4, PAINT.flame);
  into.extra = 0;
};
