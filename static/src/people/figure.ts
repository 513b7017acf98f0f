// The shape of a person: limbs that a shader moves, cloth and hair that take each person's colours.
import type { BufferGeometry } from "three";
import type { Rgb } from "../scene/paint";
import { Shapes } from "../scene/shapes";
import { ball, box, column } from "../scene/solids";

/** Limbs, as numbers in the attribute `part`. */
export const PART = { body: 0, leftLeg: 1, rightLeg: 2, leftArm: 3, rightArm: 4, head: 5 } as const;
/** Where limbs turn. Units: metres above the ground. */
export const HIP_M = 0.72;
export const KNEE_M = 0.38;
export const SHOULDER_M = 1.22;
export const NECK_M = 1.3;
/** How far from the middle arms hang. Units: metres. */
export const ARM_M = 0.29;

// What a facet takes its colour from is in the red part of its own: a step for each. Green is a shade of it.
export const SLOT = { skin: 0, hair: 1, cloth: 2, trim: 3, dark: 4 } as const;
/** Hats, as numbers in the fourth colour part; 0 is for everybody. */
export const HATS = 5;

function slot(index: number, tone = 1): Rgb {
  // Stored with gamma 2: the square here is what the shader reads back.
  return [((index + 0.5) / 8) ** 2, (tone / 1.4) ** 2, 0];
}

/** Returns the geometry of a person, 1.7 m tall, looking along +x; with few facets when it is for far away. */
export function figureGeometry(isFar: boolean): BufferGeometry {
  const into = new Shapes();
  if (isFar) buildFar(into);
  else buildNear(into);
  return into.geometry(true);
}

function buildNear(into: Shapes): void {
  for (const [part, side] of [[PART.leftLeg, 1], [PART.rightLeg, -1]] as const) {
    into.mark(part);
    column(into, [0, side * 0.12, KNEE_M], 0.085, 0.105, HIP_M - KNEE_M, 5, slot(SLOT.trim));
    column(into, [0, side * 0.12, 0.08], 0.075, 0.085, KNEE_M - 0.08, 5, slot(SLOT.trim, 0.92));
    box(into, [0.045, side * 0.12, 0], [0.27, 0.15, 0.12], slot(SLOT.dark), { taper: 0.85 });
  }
  into.mark(PART.body);
  column(into, [0, 0, 0.62], 0.29, 0.21, 0.3, 8, slot(SLOT.cloth, 0.9));
  column(into, [0, 0, 0.9], 0.21, 0.245, 0.3, 8, slot(SLOT.cloth));
  column(into, [0, 0, 1.2], 0.245, 0.1, 0.13, 8, slot(SLOT.cloth, 1.08));
  column(into, [0, 0, 0.86], 0.222, 0.222, 0.07, 8, slot(SLOT.dark, 1.15));
  column(into, [0, 0, 1.3], 0.085, 0.08, 0.1, 6, slot(SLOT.skin, 0.9));
  for (const [part, side] of [[PART.leftArm, 1], [PART.rightArm, -1]] as const) {
    into.mark(part);
    column(into, [0, side * 0.29, 0.78], 0.07, 0.085, SHOULDER_M - 0.76, 5, slot(SLOT.cloth, 0.86));
    ball(into, [0.01, side * 0.29, 0.73], 0.075, 5, 3, slot(SLOT.skin));
  }
  into.mark(PART.head);
  ball(into, [0.01, 0, 1.55], 0.215, 9, 6, slot(SLOT.skin));
  box(into, [0.215, 0, 1.53], [0.05, 0.05, 0.05], slot(SLOT.skin, 0.93));
  for (const side of [-0.085, 0.085]) box(into, [0.195, side, 1.57], [0.04, 0.042, 0.065], slot(SLOT.dark, 0.55));
  addHair(into);
  addHats(into);
}

function addHair(into: Shapes): void {
  into.extra = 0;
  ball(into, [-0.03, 0, 1.575], 0.232, 9, 4, slot(SLOT.hair), 0, 0.52);
  // Back of the head.
  box(into, [-0.16, 0, 1.43], [0.14, 0.34, 0.2], slot(SLOT.hair, 0.94));
}

// Each hat is marked with its number; a person shows the one that is its own.
function addHats(into: Shapes): void {
  const hat = (index: number): void => {
    into.extra = index / HATS;
  };
  hat(1);
  column(into, [0, 0, 1.66], 0.42, 0.4, 0.03, 10, slot(SLOT.trim, 1.15));
  column(into, [0, 0, 1.69], 0.22, 0.17, 0.16, 8, slot(SLOT.trim, 1.1));
  hat(2);
  ball(into, [-0.02, 0, 1.59], 0.245, 8, 3, slot(SLOT.cloth, 0.8), 0, 0.45);
  ball(into, [-0.02, 0, 1.86], 0.07, 5, 3, slot(SLOT.trim, 1.2));
  hat(3);
  ball(into, [-0.2, 0, 1.7], 0.12, 6, 4, slot(SLOT.hair, 0.92));
  box(into, [-0.2, 0, 1.2], [0.09, 0.16, 0.36], slot(SLOT.hair, 0.9));
  hat(4);
  column(into, [0, 0, 1.62], 0.27, 0, 0.5, 7, slot(SLOT.cloth, 0.82), { lean: [-0.12, 0] });
  column(into, [0, 0, 1.6], 0.3, 0.28, 0.06, 8, slot(SLOT.trim));
  hat(5);
  // A satchel.
  box(into, [-0.05, -0.28, 0.72], [0.3, 0.1, 0.24], slot(SLOT.dark, 1.3));
  into.extra = 0;
}

function buildFar(into: Shapes): void {
  for (const [part, side] of [[PART.leftLeg, 1], [PART.rightLeg, -1]] as const) {
    into.mark(part);
    box(into, [0, side * 0.12, 0], [0.18, 0.16, HIP_M], slot(SLOT.trim), { hasTop: false });
  }
  into.mark(PART.body);
  column(into, [0, 0, 0.62], 0.29, 0.2, 0.7, 5, slot(SLOT.cloth));
  for (const [part, side] of [[PART.leftArm, 1], [PART.rightArm, -1]] as const) {
    into.mark(part);
    box(into, [0, side * 0.28, 0.72], [0.13, 0.13, SHOULDER_M - 0.72], slot(SLOT.cloth, 0.86), { hasTop: false });
  }
  into.mark(PART.head);
  ball(into, [0, 0, 1.54], 0.21, 6, 3, slot(SLOT.skin));
  ball(into, [-0.03, 0, 1.58], 0.235, 6, 2, slot(SLOT.hair), 0, 0.5);
}
