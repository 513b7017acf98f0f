// All people in two draw calls: those near with all their facets, those far with few.
import { DynamicDrawUsage, Group, InstancedBufferAttribute, InstancedBufferGeometry, Mesh } from "three";
import { paintMaterial, shadowMaterial, type Placing } from "../scene/material";
import { ARM_M, figureGeometry, HATS, HIP_M, KNEE_M, NECK_M, SHOULDER_M } from "./figure";

const FIGURE: Placing = {
  isDoubleSided: true,
  declarations: /* glsl */ `
    attribute vec4 paint;
    attribute float part;
    attribute vec4 place;   // x, y, z, heading
    attribute vec4 motion;  // phase of the step, stride, sitting, talking
    attribute vec4 dress;   // cloth, trim, hair, skin: 24 bits each
    attribute vec4 extra;   // hat, size, warm light, waving
    vec3 unpack(float bits) {
      vec3 colour = floor(mod(vec3(bits / 65536.0, bits / 256.0, bits), 256.0)) / 255.0;
      return colour * colour;
    }
    mat3 pitch(float angle) {
      float c = cos(angle); float s = sin(angle);
      return mat3(c, 0.0, s, 0.0, 1.0, 0.0, -s, 0.0, c);
    }
    mat3 roll(float angle) {
      float c = cos(angle); float s = sin(angle);
      return mat3(1.0, 0.0, 0.0, 0.0, c, s, 0.0, -s, c);
    }
    void turnAt(inout vec3 point, inout vec3 facing, mat3 turn, float height) {
      point.z -= height;
      point = turn * point;
      point.z += height;
      facing = turn * facing;
    }`,
  body: /* glsl */ `
    vec3 point = position;
    vec3 facing = normal;
    float step_ = motion.x;
    float stride = motion.y;
    float sit = motion.z;
    float talk = motion.w;
    float wave = extra.w;
    float seed = fract(dress.x * 0.00137) * 6.283;
    float breath = sin(uTime * 1.7 + seed);
    if (part > 4.5) {
      turnAt(point, facing, pitch(0.10 * talk * sin(uTime * 6.3 + seed) + 0.03 * breath), ${NECK_M.toFixed(2)});
    } else if (part > 2.5) {
      float side = part < 3.5 ? 1.0 : -1.0;
      float isRight = step(3.5, part);
      float swing = side * sin(step_) * stride * 0.75 + sit * 0.55;
      swing += talk * (isRight > 0.5 ? 0.75 + 0.45 * sin(uTime * 4.1 + seed) : 0.25 + 0.25 * sin(uTime * 3.1 + seed * 2.0));
      swing = mix(swing, 0.2, wave * isRight);
      turnAt(point, facing, pitch(swing), ${SHOULDER_M.toFixed(2)});
      float raise = side * (0.09 + 0.04 * stride) + wave * isRight * (-2.5 + 0.35 * sin(uTime * 9.0));
      point.y -= side * ${ARM_M.toFixed(2)};
      turnAt(point, facing, roll(raise), ${SHOULDER_M.toFixed(2)});
      point.y += side * ${ARM_M.toFixed(2)};
    } else if (part > 0.5) {
      float side = part < 1.5 ? 1.0 : -1.0;
      float swing = -side * sin(step_) * stride * 0.85;
      float knee = max(0.0, -side * cos(step_)) * stride * 1.1;
      if (point.z < ${KNEE_M.toFixed(2)} + 0.01) turnAt(point, facing, pitch(-mix(knee, 1.5, sit)), ${KNEE_M.toFixed(2)});
      turnAt(point, facing, pitch(mix(swing, 1.5, sit)), ${HIP_M.toFixed(2)});
    } else {
      point.xy *= 1.0 + 0.012 * breath;
    }
    // The body leans into a run and dips with each step.
    turnAt(point, facing, pitch(-0.09 * stride), 0.0);
    point.z += abs(cos(step_)) * 0.05 * stride - 0.02 * stride + 0.004 * breath;
    point.z -= sit * ${(HIP_M - 0.1).toFixed(2)};
    float c = cos(place.w); float s = sin(place.w);
    mat2 turn = mat2(c, s, -s, c);
    float worn = floor(paint.a * ${HATS.toFixed(1)} + 0.5);
    float shown = worn < 0.5 || abs(worn - extra.x) < 0.5 ? 1.0 : 0.0;
    vec3 world = vec3(turn * point.xy, point.z) * (extra.y * shown) + place.xyz;
    facing = vec3(turn * facing.xy, facing.z);
    float slot = floor(paint.r * 8.0);
    vec3 colour = slot < 0.5 ? unpack(dress.w) : slot < 1.5 ? unpack(dress.z) : slot < 2.5 ? unpack(dress.x) : slot < 3.5 ? unpack(dress.y) : vec3(0.085, 0.06, 0.05);
    colour *= paint.g * paint.g * 1.96;
    float glow = 0.0;
    float snowy = 0.35;
    colour += colour * extra.z * vec3(1.9, 1.15, 0.45);`,
};

/** One size of detail: a geometry with room for so many people. */
class Cast {
  readonly mesh: Mesh;
  count = 0;
  private readonly geometry = new InstancedBufferGeometry();
  private readonly attributes: InstancedBufferAttribute[];
  private readonly arrays: readonly [Float32Array, Float32Array, Float32Array, Float32Array];

  constructor(isFar: boolean, max: number, materials: { lit: Mesh["material"]; shadow: NonNullable<Mesh["customDepthMaterial"]> }) {
    const base = figureGeometry(isFar);
    for (const name of ["position", "normal", "paint", "part"]) this.geometry.setAttribute(name, base.getAttribute(name));
    this.arrays = [new Float32Array(max * 4), new Float32Array(max * 4), new Float32Array(max * 4), new Float32Array(max * 4)];
    this.attributes = ["place", "motion", "dress", "extra"].map((name, index) => {
      const attribute = new InstancedBufferAttribute(this.arrays[index] ?? new Float32Array(0), 4);
      attribute.setUsage(DynamicDrawUsage);
      this.geometry.setAttribute(name, attribute);
      return attribute;
    });
    this.mesh = new Mesh(this.geometry, materials.lit);
    this.mesh.customDepthMaterial = materials.shadow;
    this.mesh.castShadow = !isFar;
    this.mesh.frustumCulled = false;
  }

  put(values: Float32Array): void {
    const at = this.count * 4;
    for (let index = 0; index < 4; index += 1) {
      const array = this.arrays[index];
      if (array === undefined) continue;
      for (let part = 0; part < 4; part += 1) array[at + part] = values[index * 4 + part] ?? 0;
    }
    this.count += 1;
  }

  show(): void {
    this.geometry.instanceCount = this.count;
    this.mesh.visible = this.count > 0;
    for (const attribute of this.attributes) {
      attribute.clearUpdateRanges();
      attribute.addUpdateRange(0, this.count * 4);
      attribute.needsUpdate = true;
    }
  }
}

/** Draws people. Each frame: `begin`, `put` for each, `show`. */
export class Crowd {
  readonly group = new Group();
  /** What the next `put` puts: place, motion, dress and extra, four numbers each. */
  readonly values = new Float32Array(16);
  private readonly near: Cast;
  private readonly far: Cast;

  constructor(private readonly max: number) {
    const materials = { lit: paintMaterial(FIGURE), shadow: shadowMaterial(FIGURE) };
    this.near = new Cast(false, max, materials);
    this.far = new Cast(true, max, materials);
    this.group.add(this.near.mesh, this.far.mesh);
  }

  begin(): void {
    this.near.count = 0;
    this.far.count = 0;
  }

  put(isFar: boolean): void {
    const cast = isFar ? this.far : this.near;
    if (cast.count < this.max) cast.put(this.values);
  }

  show(): void {
    this.near.show();
    this.far.show();
  }

  /** How many people are drawn. */
  get count(): number {
    return this.near.count + this.far.count;
  }
}
