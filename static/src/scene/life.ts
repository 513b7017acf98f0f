// Small life: rooks that circle over the trees by day, ducks on ponds, smoke over roofs, the spray of fountains.
import { InstancedBufferAttribute, InstancedBufferGeometry, Mesh } from "three";
import type { Heights } from "../land/heights";
import type { Plan } from "../land/plan";
import { paintMaterial, type Placing } from "./material";
import { PAINT } from "./paint";
import { Random } from "./random";
import { Shapes, type P3 } from "./shapes";
import { ball, box, column, lump } from "./solids";

const ROOKS = 16;
const PUFFS = 6;
const DROPS = 44;

function flock(shape: Shapes, spots: number[], placing: Placing): Mesh {
  const base = shape.geometry();
  const geometry = new InstancedBufferGeometry();
  for (const name of ["position", "normal", "paint"]) geometry.setAttribute(name, base.getAttribute(name));
  geometry.setAttribute("spot", new InstancedBufferAttribute(new Float32Array(spots), 4));
  geometry.instanceCount = spots.length / 4;
  const mesh = new Mesh(geometry, paintMaterial(placing));
  mesh.frustumCulled = false;
  return mesh;
}

const DECLARATIONS = "attribute vec4 paint; attribute vec4 spot;";
const SETTLED = "vec3 colour = paint.rgb * paint.rgb; float glow = 0.0; float snowy = 0.0;";

/** Rooks over the middle of a region; they sleep by night. */
export function rooksOf(sizeM: number, centre: { x: number; y: number }): Mesh {
  const shape = new Shapes();
  lump(shape, [0, 0, 0], [0.34, 0.12, 0.11], PAINT.rook);
  column(shape, [0.3, 0, 0.02], 0.07, 0, 0.02, 4, PAINT.stoneDark);
  for (const side of [-1, 1]) {
    shape.extra = 1;
    const [a, b, c]: [P3, P3, P3] = [[0.16, side * 0.06, 0.03], [-0.2, side * 0.06, 0.03], [-0.12, side * 0.85, 0.03]];
    shape.triangle(a, b, c, PAINT.rook);
    shape.triangle(a, c, b, PAINT.rook);
    shape.extra = 0;
  }
  shape.triangle([-0.26, 0.03, 0], [-0.55, 0.14, 0], [-0.55, -0.14, 0], PAINT.rook);
  shape.triangle([-0.26, 0.03, 0], [-0.55, -0.14, 0], [-0.55, 0.14, 0], PAINT.rook);
  const chance = new Random("rooks");
  const spots: number[] = [];
  for (let rook = 0; rook < ROOKS; rook += 1) {
    spots.push(chance.between(12, Math.min(70, sizeM * 0.3)), chance.between(19, 36), chance.next() * 6.28, chance.between(0.1, 0.2));
  }
  return flock(shape, spots, {
    declarations: DECLARATIONS,
    body: `
      float angle = spot.z + uTime * spot.w;
      float flap = sin(uTime * (7.0 + spot.w * 10.0) + spot.z * 5.0) * step(0.0, sin(uTime * 0.35 + spot.z * 3.0) + 0.45);
      vec3 part = position;
      part.z += paint.a * abs(position.y) * (0.25 + flap * 0.7);
      float c = cos(angle); float s = sin(angle);
      mat2 turn = mat2(-s, c, -c, -s);
      part.z += position.y * -0.35;
      vec3 world = vec3(turn * part.xy, part.z) * (1.15 * step(uNight, 0.6)) + vec3(vec2(c, s) * spot.x + vec2(${centre.x.toFixed(1)}, ${centre.y.toFixed(1)}), spot.y + sin(uTime * 0.3 + spot.z) * 2.0);
      vec3 facing = vec3(turn * normal.xy, normal.z);
      ${SETTLED}`,
  });
}

/** Ducks on the ponds; null without a pond. */
export function ducksOf(plan: Plan, heights: Heights): Mesh | null {
  const shape = new Shapes();
  lump(shape, [0, 0, 0.1], [0.36, 0.2, 0.18], PAINT.duck);
  column(shape, [0.22, 0, 0.14], 0.08, 0.07, 0.24, 5, PAINT.duck);
  ball(shape, [0.26, 0, 0.44], 0.12, 6, 4, PAINT.teal);
  box(shape, [0.4, 0, 0.4], [0.14, 0.09, 0.04], PAINT.buttercup);
  shape.triangle([-0.3, 0.08, 0.14], [-0.52, 0, 0.34], [-0.3, -0.08, 0.14], PAINT.duck);
  shape.triangle([-0.3, -0.08, 0.14], [-0.52, 0, 0.34], [-0.3, 0.08, 0.14], PAINT.duck);
  const chance = new Random("ducks");
  const spots: number[] = [];
  plan.ponds.forEach((pond, index) => {
    for (let duck = 0; duck < 5; duck += 1) {
      const [angle, reach] = [chance.next() * 6.28, chance.between(0.1, 0.4) * pond.radiusM];
      spots.push(pond.x + Math.cos(angle) * reach, pond.y + Math.sin(angle) * reach, heights.pondLevel(index), chance.between(1.2, pond.radiusM * 0.3));
    }
  });
  if (spots.length === 0) return null;
  return flock(shape, spots, {
    declarations: DECLARATIONS,
    body: `
      float angle = spot.x + uTime * 0.4 / spot.w;
      float c = cos(angle); float s = sin(angle);
      mat2 turn = mat2(-s, c, -c, -s);
      vec3 world = vec3(turn * position.xy, position.z + 0.03 * sin(uTime * 1.6 + spot.y)) * 1.15 + vec3(spot.xy + vec2(c, s) * spot.w, spot.z);
      vec3 facing = vec3(turn * normal.xy, normal.z);
      ${SETTLED}`,
  });
}

/** Puffs that rise over chimneys and the drops of fountains, in one. */
export function vapourOf(smoke: readonly P3[], fountains: readonly P3[]): Mesh | null {
  const shape = new Shapes();
  lump(shape, [0, 0, 0], [1, 1, 1], [1, 1, 1]);
  const spots: number[] = [];
  // The fourth number tells the two apart: below 1 a puff of smoke, from 1 on a drop.
  for (const [x, y, z] of smoke) for (let puff = 0; puff < PUFFS; puff += 1) spots.push(x, y, z, puff / PUFFS);
  for (const [x, y, z] of fountains) for (let drop = 0; drop < DROPS; drop += 1) spots.push(x, y, z, 1 + drop / DROPS);
  if (spots.length === 0) return null;
  return flock(shape, spots, {
    declarations: DECLARATIONS,
    isSheer: true,
    body: `
      float isDrop = step(1.0, spot.w);
      float part = fract(spot.w);
      float age = fract(uTime * mix(0.09, 0.75, isDrop) + part * 7.31);
      float angle = part * 75.4;
      vec3 puff = vec3(uWind.xy * (0.6 + uWind.z * 2.4) * age * age * 3.2, age * 4.6) + vec3(sin(uTime + part * 30.0), cos(uTime * 0.8 + part * 20.0), 0.0) * age * 0.35;
      vec3 drop = vec3(cos(angle), sin(angle), 0.0) * age * 1.25 + vec3(0.0, 0.0, 2.5 + 2.2 * age - 4.1 * age * age);
      float size = mix(0.2 + 0.75 * age, 0.028 + 0.02 * part, isDrop);
      vAlpha = mix(0.42 * smoothstep(0.0, 0.12, age) * (1.0 - age), 0.7 * (1.0 - age * 0.5), isDrop);
      vec3 world = spot.xyz + mix(puff, drop, isDrop) + position * size;
      vec3 facing = normal;
      vec3 colour = mix(vec3(0.72, 0.70, 0.68), vec3(0.75, 0.90, 0.95), isDrop);
      float glow = 0.0; float snowy = 0.0;`,
  });
}

