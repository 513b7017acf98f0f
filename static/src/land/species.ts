// The shapes of what grows. Leaves are white here: each plant has a tint of its own.
import { PAINT, shade, type Rgb } from "../scene/paint";
import { Random } from "../scene/random";
import { Shapes } from "../scene/shapes";
import { ball, column, lump } from "../scene/solids";

/** What grows. */
export type Species = "broad" | "tall" | "fir" | "bush" | "tuft" | "flower" | "reed";

const LEAF: Rgb = [1, 1, 1];

/** Returns the shape of a species, one unit being a metre at scale 1. */
export function shapeOf(species: Species): Shapes {
  const into = new Shapes();
  BUILDERS[species](into, new Random(`species:${species}`));
  return into;
}

// What is added now is wood: it does not sway and keeps its colour.
function wood(into: Shapes): Shapes {
  into.extra = 0;
  return into;
}

function leaves(into: Shapes, sway: number): Shapes {
  into.extra = sway;
  return into;
}

const BUILDERS: Readonly<Record<Species, (into: Shapes, chance: Random) => void>> = {
  broad(into, chance) {
    column(wood(into), [0, 0, -0.4], 0.34, 0.2, 2.9, 6, PAINT.trunk, { lean: [0.1, 0] });
    leaves(into, 0.6);
    lump(into, [0.1, 0, 4.1], [2.1, 2.0, 1.75], LEAF, chance);
    lump(into, [-1.1, 0.6, 3.4], [1.35, 1.3, 1.1], shade(LEAF, 0.88), chance);
    lump(into, [1.15, -0.7, 3.5], [1.3, 1.35, 1.15], shade(LEAF, 0.9), chance);
    lump(into, [0.3, 0.3, 5.3], [1.3, 1.25, 1.1], shade(LEAF, 1.12), chance);
  },
  tall(into, chance) {
    column(wood(into), [0, 0, -0.4], 0.2, 0.13, 2.6, 5, PAINT.birch);
    leaves(into, 0.8);
    lump(into, [0, 0, 3.4], [1.15, 1.15, 1.6], shade(LEAF, 0.92), chance);
    lump(into, [0.1, 0, 5.0], [0.95, 0.95, 1.6], LEAF, chance);
    lump(into, [0, 0.05, 6.5], [0.6, 0.6, 1.3], shade(LEAF, 1.12), chance);
  },
  fir(into) {
    column(wood(into), [0, 0, -0.4], 0.28, 0.2, 1.6, 5, PAINT.trunk);
    leaves(into, 0.35);
    column(into, [0, 0, 0.9], 1.9, 0, 2.6, 7, shade(LEAF, 0.82));
    column(into, [0, 0, 2.4], 1.5, 0, 2.4, 7, shade(LEAF, 0.94), { turn: 0.4 });
    column(into, [0, 0, 3.9], 1.05, 0, 2.2, 7, shade(LEAF, 1.06), { turn: 0.9 });
    column(into, [0, 0, 5.2], 0.6, 0, 1.7, 6, shade(LEAF, 1.16), { turn: 0.2 });
  },
  bush(into, chance) {
    leaves(into, 0.35);
    lump(into, [0, 0, 0.42], [0.85, 0.8, 0.62], LEAF, chance, 0.2);
    lump(into, [0.6, 0.35, 0.3], [0.5, 0.5, 0.42], shade(LEAF, 0.9), chance, 0.2);
  },
  tuft(into, chance) {
    leaves(into, 1);
    for (let blade = 0; blade < 4; blade += 1) {
      const angle = (blade / 4) * Math.PI * 2 + chance.next();
      const [x, y] = [Math.cos(angle) * 0.12, Math.sin(angle) * 0.12];
      column(into, [x, y, 0], 0.07, 0, chance.between(0.3, 0.55), 3, LEAF, { lean: [x * 1.6, y * 1.6] });
    }
  },
  flower(into, chance) {
    for (let stem = 0; stem < 3; stem += 1) {
      const angle = (stem / 3) * Math.PI * 2 + chance.next();
      const [x, y] = [Math.cos(angle) * 0.2, Math.sin(angle) * 0.2];
      const height = chance.between(0.26, 0.42);
      column(wood(into), [x, y, 0], 0.03, 0.02, height, 3, PAINT.grassDeep);
      leaves(into, 0.5);
      ball(into, [x, y, height], 0.1, 5, 2, LEAF);
    }
  },
  reed(into, chance) {
    for (let blade = 0; blade < 5; blade += 1) {
      const angle = (blade / 5) * Math.PI * 2;
      const [x, y] = [Math.cos(angle) * 0.25, Math.sin(angle) * 0.25];
      const height = chance.between(0.9, 1.5);
      leaves(into, 0.9);
      column(into, [x, y, -0.2], 0.05, 0, height, 3, LEAF, { lean: [x * 0.8, y * 0.8] });
      if (blade % 2 === 0) column(wood(into), [x * 1.5, y * 1.5, height * 0.72], 0.06, 0.05, 0.28, 4, PAINT.woodDark);
    }
  },
};
