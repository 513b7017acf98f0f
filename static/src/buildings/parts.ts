// What houses share: doors, windows that light up, chimneys, awnings, plinths.
import { PAINT, shade, type Rgb } from "../scene/paint";
import type { P3, Shapes } from "../scene/shapes";
import { box } from "../scene/solids";

/** Adds to buildings: shapes, and where smoke rises. */
export interface Site3 {
  into: Shapes;
  /** Where smoke rises, in the building's own directions. */
  smoke: P3[];
}

/** Sides of a building whose middle is the origin. */
export type Wall = "front" | "back" | "left" | "right";

// A spot on a wall: along it, how far out, up; as a place and the two directions of a flat thing there.
function onWall(wall: Wall, width: number, depth: number, along: number, out: number): { x: number; y: number; isAlongX: boolean } {
  if (wall === "front") return { x: along, y: -depth / 2 - out, isAlongX: true };
  if (wall === "back") return { x: -along, y: depth / 2 + out, isAlongX: true };
  if (wall === "left") return { x: -width / 2 - out, y: -along, isAlongX: false };
  return { x: width / 2 + out, y: along, isAlongX: false };
}

/** Adds a window with its frame; by night it is lit when `isLit`. */
export function addWindow(into: Shapes, wall: Wall, [width, depth]: readonly [number, number], along: number, z: number, size: readonly [number, number], isLit: boolean): void {
  const frame = onWall(wall, width, depth, along, 0.04);
  const pane = onWall(wall, width, depth, along, 0.09);
  const flat = (wide: number, thick: number, high: number, spot: typeof frame): P3 => (spot.isAlongX ? [wide, thick, high] : [thick, wide, high]);
  box(into, [frame.x, frame.y, z - 0.1], flat(size[0] + 0.26, 0.1, size[1] + 0.2, frame), PAINT.white);
  into.extra = isLit ? 1 : 0.08;
  box(into, [pane.x, pane.y, z], flat(size[0], 0.06, size[1], pane), PAINT.glass);
  into.extra = 0;
  const sill = onWall(wall, width, depth, along, 0.14);
  box(into, [sill.x, sill.y, z - 0.16], flat(size[0] + 0.4, 0.26, 0.1, sill), shade(PAINT.white, 0.85));
}

/** Adds a door with a step and a lintel. */
export function addDoor(into: Shapes, wall: Wall, [width, depth]: readonly [number, number], along: number, size: readonly [number, number], colour: Rgb): void {
  const frame = onWall(wall, width, depth, along, 0.03);
  const leaf = onWall(wall, width, depth, along, 0.09);
  const step = onWall(wall, width, depth, along, 0.5);
  const flat = (wide: number, thick: number, high: number): P3 => (frame.isAlongX ? [wide, thick, high] : [thick, wide, high]);
  box(into, [frame.x, frame.y, 0], flat(size[0] + 0.36, 0.12, size[1] + 0.2), PAINT.woodDark);
  box(into, [leaf.x, leaf.y, 0], flat(size[0], 0.08, size[1]), colour);
  box(into, [step.x, step.y, -0.3], flat(size[0] + 0.6, 0.9, 0.42), PAINT.stone);
}

/** Adds what a building stands on, deep enough for sloping ground. */
export function addPlinth(into: Shapes, width: number, depth: number, height = 0.3): void {
  box(into, [0, 0, -1.6], [width + 0.3, depth + 0.3, 1.6 + height], PAINT.stoneDark, { top: PAINT.stone });
}

/** Adds a chimney and, when `smoke` is given, notes where its smoke rises. */
export function addChimney({ into, smoke }: Site3, x: number, y: number, z: number, isLit: boolean): void {
  box(into, [x, y, z], [0.7, 0.7, 1.5], PAINT.tileDark);
  box(into, [x, y, z + 1.5], [0.9, 0.9, 0.2], PAINT.stoneDark);
  if (isLit) smoke.push([x, y, z + 1.8]);
}

/** Adds a striped awning over the front, sloping outwards. */
export function addAwning(into: Shapes, x: number, y: number, z: number, width: number, reach: number, colour: Rgb): void {
  const stripes = Math.max(3, Math.round(width / 0.7));
  for (let index = 0; index < stripes; index += 1) {
    const left = x - width / 2 + (index / stripes) * width;
    const right = left + width / stripes;
    const paint = index % 2 === 0 ? colour : PAINT.white;
    into.quad([left, y - reach, z - reach * 0.35], [right, y - reach, z - reach * 0.35], [right, y, z], [left, y, z], paint);
    into.quad([left, y, z - 0.06], [right, y, z - 0.06], [right, y - reach, z - reach * 0.35 - 0.06], [left, y - reach, z - reach * 0.35 - 0.06], shade(paint, 0.6));
    into.quad([left, y - reach, z - reach * 0.35 - 0.3], [right, y - reach, z - reach * 0.35 - 0.3], [right, y - reach, z - reach * 0.35], [left, y - reach, z - reach * 0.35], shade(paint, 0.92));
  }
}
