// Those of a large region who are only counted: a warm round on the ground for each block, the wider the more there are.
import { type Mesh, ShaderMaterial } from "three";
import { BLOCKS_MAX } from "../limits";
import type { Landscape } from "../scene/landscape";
import { SHARED } from "../scene/material";
import { Rounds } from "../scene/rounds";
import type { Block } from "../world/overview";

const LIFT_M = 0.6;
// Fills its block from so many on.
const FULL = 40;

/** Draws blocks. */
export class Gatherings {
  readonly mesh: Mesh;
  private readonly rounds: Rounds;

  constructor() {
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
    this.rounds = new Rounds(BLOCKS_MAX, { sides: 24, middle: 0 }, material);
    this.mesh = this.rounds.mesh;
    this.mesh.renderOrder = 6;
    this.mesh.visible = false;
  }

  /** Shows these blocks from now on. */
  show(blocks: readonly Block[], landscape: Landscape): void {
    const count = Math.min(BLOCKS_MAX, blocks.length);
    blocks.slice(0, count).forEach((block, index) => {
      this.rounds.spots.set([block.x, block.y, groundUnder(block, landscape) + LIFT_M, radiusOf(block)], index * 4);
    });
    this.rounds.show(count);
    this.mesh.visible = count > 0;
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
