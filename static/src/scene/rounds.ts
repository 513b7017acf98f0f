// Many flat rounds on the ground, drawn at once.
import { BufferAttribute, DynamicDrawUsage, InstancedBufferAttribute, InstancedBufferGeometry, Mesh, type ShaderMaterial } from "three";

/** Rounds of one look. Each is x, y, z and a radius in `spots`, which the material reads as `attribute vec4 spot`. */
export class Rounds {
  readonly mesh: Mesh;
  readonly spots: Float32Array;
  private readonly attribute: InstancedBufferAttribute;
  private readonly geometry = new InstancedBufferGeometry();

  /** Each has so many sides; corners are at a distance of 1 from the middle, whose third coordinate is `middle` and theirs 0. */
  constructor(max: number, { sides, middle }: { sides: number; middle: number }, material: ShaderMaterial) {
    const corners: number[] = [];
    for (let side = 0; side < sides; side += 1) {
      const [a, b] = [(side / sides) * Math.PI * 2, ((side + 1) / sides) * Math.PI * 2];
      corners.push(0, 0, middle, Math.cos(a), Math.sin(a), 0, Math.cos(b), Math.sin(b), 0);
    }
    this.spots = new Float32Array(max * 4);
    this.attribute = new InstancedBufferAttribute(this.spots, 4);
    this.attribute.setUsage(DynamicDrawUsage);
    this.geometry.setAttribute("position", new BufferAttribute(new Float32Array(corners), 3));
    this.geometry.setAttribute("spot", this.attribute);
    this.geometry.instanceCount = 0;
    this.mesh = new Mesh(this.geometry, material);
    this.mesh.frustumCulled = false;
  }

  /** Shows the first `count` rounds as they are in `spots` now. */
  show(count: number): void {
    this.geometry.instanceCount = count;
    this.attribute.clearUpdateRanges();
    this.attribute.addUpdateRange(0, count * 4);
    this.attribute.needsUpdate = true;
  }
}
