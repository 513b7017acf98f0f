// Houses: cottages of a village, narrow fronts of a town; no two alike.
import { PAINT, ROOFS, shade, WALLS } from "../scene/paint";
import type { Random } from "../scene/random";
import { box, gable } from "../scene/solids";
import { addChimney, addDoor, addPlinth, addWindow, type Site3, type Wall } from "./parts";

/** Adds a house about `width` by `depth`, its front towards -y. */
export function addHouse(site: Site3, chance: Random, width: number, depth: number, storeys: number): void {
  const { into } = site;
  const wall = chance.pick(WALLS);
  const roof = chance.pick(ROOFS);
  const door = chance.pick([PAINT.door, PAINT.tileDark, PAINT.woodDark, PAINT.teal]);
  const storeyM = 2.7;
  const high = storeys * storeyM;
  const roofM = depth * chance.between(0.42, 0.55);
  addPlinth(into, width, depth);
  box(into, [0, 0, 0.2], [width, depth, high], wall, { hasTop: false });
  box(into, [0, 0, 0.2], [width + 0.08, depth + 0.08, 0.55], shade(wall, 0.72), { hasTop: false });
  if (storeys > 1) {
    // Half-timbering under the roof.
    for (let at = -width / 2 + 0.1; at <= width / 2; at += (width - 0.2) / 4) {
      box(into, [at, -depth / 2 - 0.03, storeyM + 0.2], [0.16, 0.1, high - storeyM], PAINT.woodDark, { hasTop: false });
    }
    box(into, [0, -depth / 2 - 0.04, storeyM + 0.1], [width, 0.12, 0.2], PAINT.woodDark);
  }
  gable(into, [0, 0, high + 0.2], [width, depth, roofM], roof, shade(wall, 0.95), 0.45);
  const doorAt = chance.pick([-width * 0.24, 0, width * 0.24]);
  addDoor(into, "front", [width, depth], doorAt, [1.05, 2.05], door);
  const sides: readonly [Wall, number][] = [["front", width], ["back", width], ["left", depth], ["right", depth]];
  for (const [side, length] of sides) {
    const count = Math.max(1, Math.floor(length / 2.5));
    for (let storey = 0; storey < storeys; storey += 1) {
      for (let index = 0; index < count; index += 1) {
        const along = ((index + 0.5) / count - 0.5) * length;
        if (side === "front" && storey === 0 && Math.abs(along - doorAt) < 1.3) continue;
        addWindow(into, side, [width, depth], along, 1.05 + storey * storeyM, [0.85, 1.1], chance.next() < 0.62);
      }
    }
  }
  if (storeys === 1) addWindow(into, "right", [width, depth], 0, high + 0.5, [0.7, 0.8], chance.next() < 0.5);
  addChimney(site, width * 0.28, depth * 0.16, high + roofM * 0.55, chance.next() < 0.6);
  if (chance.next() < 0.5) {
    // A flower box under the front windows.
    box(into, [-doorAt || width * 0.25, -depth / 2 - 0.22, 0.72], [1.3, 0.3, 0.24], PAINT.woodDark, { top: PAINT.poppy });
  }
}
