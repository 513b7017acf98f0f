// Grass at the camera's feet: a patch of blades that goes along and grows wherever the ground is free.
import { DataTexture, DataUtils, HalfFloatType, InstancedBufferAttribute, InstancedBufferGeometry, LinearFilter, Mesh, RGFormat, Vector3, type Texture } from "three";
import type { Heights } from "../land/heights";
import type { Plan } from "../land/plan";
import { shapeOf } from "../land/species";
import { paintMaterial } from "./material";
import { Random } from "./random";

const PATCH_M = 56;
const TUFTS = 3_600;
const SIDE_MAX = 512;

/** The grass around a point. */
export class Meadow {
  readonly mesh: Mesh;
  private readonly centre = new Vector3();
  private readonly texture: Texture;

  constructor(sizeM: number, plan: Plan, heights: Heights) {
    this.texture = groundTexture(sizeM, plan, heights);
    const base = shapeOf("tuft").geometry();
    const geometry = new InstancedBufferGeometry();
    for (const name of ["position", "normal", "paint"]) geometry.setAttribute(name, base.getAttribute(name));
    const chance = new Random("meadow");
    const spots = new Float32Array(TUFTS * 4);
    for (let index = 0; index < spots.length; index += 1) spots[index] = chance.next();
    geometry.setAttribute("spot", new InstancedBufferAttribute(spots, 4));
    geometry.instanceCount = TUFTS;
    const isDry = plan.style === "harbour";
    const material = paintMaterial({
      declarations: "attribute vec4 paint; attribute vec4 spot; uniform sampler2D uGround; uniform vec3 uCentre;",
      uniforms: { uGround: { value: this.texture }, uCentre: { value: this.centre } },
      body: `
        vec2 corner = uCentre.xy - ${(PATCH_M / 2).toFixed(1)};
        vec2 at = corner + mod(spot.xy * ${PATCH_M.toFixed(1)} - corner, ${PATCH_M.toFixed(1)});
        vec2 ground = texture2D(uGround, at / ${sizeM.toFixed(1)}).rg;
        float edge = 1.0 - smoothstep(0.55, 1.0, length(at - uCentre.xy) / ${(PATCH_M / 2).toFixed(1)});
        float isInside = step(0.0, at.x) * step(0.0, at.y) * step(at.x, ${sizeM.toFixed(1)}) * step(at.y, ${sizeM.toFixed(1)});
        float size = edge * isInside * step(0.5, ground.g) * (0.4 + 0.5 * spot.z);
        float c = cos(spot.w * 6.283); float s = sin(spot.w * 6.283);
        mat2 turn = mat2(c, s, -s, c);
        vec3 world = vec3(turn * position.xy, position.z) * size;
        float bend = sin(uTime * 1.6 + at.x * 0.6 + at.y * 0.4);
        world.xy += uWind.xy * (uWind.z * bend * 0.22 * world.z);
        world += vec3(at, ground.r);
        // Blades are lit like the ground they stand on, or they would stand out.
        vec3 facing = normalize(vec3(turn * normal.xy, normal.z) * 0.3 + vec3(0.0, 0.0, 1.0));
        vec3 colour = mix(vec3(0.25, 0.42, 0.13), vec3(0.36, 0.50, 0.17), spot.w) * (0.8 + 0.42 * smoothstep(0.0, 0.45, position.z));
        ${isDry ? "colour *= vec3(1.3, 1.12, 0.9);" : ""}
        float glow = 0.0;
        float snowy = 0.8;`,
    });
    this.mesh = new Mesh(geometry, material);
    this.mesh.frustumCulled = false;
    this.mesh.receiveShadow = true;
  }

  /** Grows around a point from now on. */
  follow(point: Vector3): void {
    this.centre.copy(point);
  }

  dispose(): void {
    this.texture.dispose();
  }
}

// Height in red; in green whether grass may grow there.
function groundTexture(sizeM: number, plan: Plan, heights: Heights): Texture {
  const side = Math.min(SIDE_MAX, Math.max(64, Math.round(sizeM * 2)));
  const texels = new Uint16Array(side * side * 2);
  for (let row = 0; row < side; row += 1) {
    for (let column = 0; column < side; column += 1) {
      const [x, y] = [((column + 0.5) / side) * sizeM, ((row + 0.5) / side) * sizeM];
      const height = heights.at(x, y);
      const isDry = plan.ponds.every((pond, index) => Math.hypot(x - pond.x, y - pond.y) > pond.radiusM * 1.12 || height > heights.pondLevel(index) + 0.6);
      const isFree = isDry && height > heights.seaLevel + 0.9 && (plan.mask.isFree(x, y) || isLawn(plan, x, y));
      texels[(row * side + column) * 2] = DataUtils.toHalfFloat(height);
      texels[(row * side + column) * 2 + 1] = DataUtils.toHalfFloat(isFree ? 1 : 0);
    }
  }
  const texture = new DataTexture(texels, side, side, RGFormat, HalfFloatType);
  texture.magFilter = texture.minFilter = LinearFilter;
  texture.needsUpdate = true;
  return texture;
}

// Open places without a floor are meadow up to the paths.
function isLawn(plan: Plan, x: number, y: number): boolean {
  return plan.sites.some(({ place, look }) => (look.floor === "lawn" || look.floor === null) && Math.hypot(place.x - x, place.y - y) < place.radiusM * 0.72) && plan.ways.isFree(x, y);
}
