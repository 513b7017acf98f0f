// Soft dark rounds below trees and people: the shadows of those who cannot afford shadows.
import { BufferAttribute, DynamicDrawUsage, InstancedBufferAttribute, InstancedBufferGeometry, Mesh, ShaderMaterial } from "three";
import { SHARED } from "./material";

const SIDES = 12;

/** Rounds on the ground; each is x, y, z and a radius in `spots`. */
export class Blobs {
  readonly mesh: Mesh;
  readonly spots: Float32Array;
  private readonly attribute: InstancedBufferAttribute;
  private readonly geometry = new InstancedBufferGeometry();

  constructor(max: number, darkness: number) {
    const corners: number[] = [];
    for (let side = 0; side < SIDES; side += 1) {
      const [a, b] = [(side / SIDES) * Math.PI * 2, ((side + 1) / SIDES) * Math.PI * 2];
      corners.push(0, 0, 1, Math.cos(a), Math.sin(a), 0, Math.cos(b), Math.sin(b), 0);
    }
    this.spots = new Float32Array(max * 4);
    this.attribute = new InstancedBufferAttribute(this.spots, 4);
    this.attribute.setUsage(DynamicDrawUsage);
    this.geometry.setAttribute("position", new BufferAttribute(new Float32Array(corners), 3));
    this.geometry.setAttribute("spot", this.attribute);
    this.geometry.instanceCount = 0;
    const material = new ShaderMaterial({
      transparent: true,
      depthWrite: false,
      polygonOffset: true,
      polygonOffsetFactor: -1,
      polygonOffsetUnits: -2,
      uniforms: { ...SHARED, uDarkness: { value: darkness } },
      vertexShader: /* glsl */ `
        attribute vec4 spot;
        uniform vec2 uFogRange;
        uniform vec3 uSun;
        uniform float uDarkness;
        varying float vDark;
        void main() {
          // Away from the sun, as a shadow would fall.
          vec3 world = vec3(position.xy * spot.w - uSun.xy * spot.w * 0.45, 0.14) + spot.xyz;
          vDark = position.z * uDarkness * (1.0 - smoothstep(uFogRange.x, uFogRange.y, length(world - cameraPosition)));
          gl_Position = projectionMatrix * viewMatrix * vec4(world, 1.0);
        }`,
      fragmentShader: "varying float vDark; void main() { gl_FragColor = vec4(0.05, 0.07, 0.12, vDark); }",
    });
    this.mesh = new Mesh(this.geometry, material);
    this.mesh.frustumCulled = false;
    this.mesh.renderOrder = 1;
  }

  /** Shows the first `count` rounds as they are in `spots` now. */
  show(count: number): void {
    this.geometry.instanceCount = count;
    this.attribute.clearUpdateRanges();
    this.attribute.addUpdateRange(0, count * 4);
    this.attribute.needsUpdate = true;
  }
}
