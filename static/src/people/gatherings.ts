// Those of a large region who are only counted: a warm round on the ground for each block, the wider the more there are.
import { BufferAttribute, DynamicDrawUsage, InstancedBufferAttribute, InstancedBufferGeometry, Mesh, ShaderMaterial } from "three";
import { BLOCKS_MAX } from "../limits";
import type { Landscape } from "../scene/landscape";
import { SHARED } from "../scene/material";
import type { Block } from "../world/overview";

const SIDES = 24;
const LIFT_M = 0.6;
// Fills its block from so many on.
const FULL = 40;

/** Draws blocks. */
export class Gatherings {
  readonly mesh: Mesh;
  private readonly spots = new Float32Array(BLOCKS_MAX * 4);
  private readonly attribute = new InstancedBufferAttribute(this.spots, 4);
  private readonly geometry = new InstancedBufferGeometry();

  constructor() {
    const corners: number[] = [];
    for (let side = 0; side < SIDES; side += 1) {
      const [a, b] = [(side / SIDES) * Math.PI * 2, ((side + 1) / SIDES) * Math.PI * 2];
      corners.push(0, 0, 0, Math.cos(a), Math.sin(a), 0, Math.cos(b), Math.sin(b), 0);
    }
    this.attribute.setUsage(DynamicDrawUsage);
    this.geometry.setAttribute("position", new BufferAttribute(new Float32Array(corners), 3));
    this.geometry.setAttribute("spot", this.attribute);
    this.geometry.instanceCount = 0;
    const material = new ShaderMaterial({
      transparent: true,
      depthWrite: false,
      depthTest: false,
      uniforms: { ...SHARED },
      vertexShader: /* glsl */ `
        attribute vec4 spot;
        varying float vAway;
        void main() {
          vAway = length(position.xy);
          gl_Position = projectionMatrix * viewMatrix * vec4(position * spot.w + spot.xyz, 1.0);
        }`,
      fragmentShader: /* glsl */ `
        uniform float uNight;
        varying float vAway;
        void main() {
          float rim = smoothstep(0.8, 0.94, vAway);
          gl_FragColor = vec4(mix(vec3(0.93, 0.62, 0.24), vec3(1.0, 0.9, 0.66), rim), mix(0.5, 0.85, rim) * (1.0 - 0.25 * uNight));
        }`,
    });
    this.mesh = new Mesh(this.geometry, material);
    this.mesh.frustumCulled = false;
    this.mesh.renderOrder = 6;
    this.mesh.visible = false;
  }

  /** Shows these blocks from now on. */
  show(blocks: readonly Block[], landscape: Landscape): void {
    const count = Math.min(BLOCKS_MAX, blocks.length);
    blocks.slice(0, count).forEach((block, index) => {
      this.spots.set([block.x, block.y, groundUnder(block, landscape) + LIFT_M, radiusOf(block)], index * 4);
    });
    this.geometry.instanceCount = count;
    this.mesh.visible = count > 0;
    this.attribute.needsUpdate = true;
  }
}

/** Returns how high the ground, or the water on it, is in the middle of a block. Units: metres. */
export function groundUnder({ x, y }: Block, landscape: Landscape): number {
  return Math.max(landscape.heights.near(x, y), landscape.waterAt(x, y));
}

/** Returns how wide a block's round is: its area grows with the count. Units: metres. */
export function radiusOf({ sideM, count }: Block): number {
  return sideM * 0.46 * Math.sqrt(Math.min(1, Math.max(0.05, count / FULL)));
}
