// Builds flat-shaded shapes triangle by triangle into one geometry: a whole village is one draw call.
import { BufferAttribute, BufferGeometry } from "three";
import type { Rgb } from "./paint";

/** A point. Units: metres, z up. */
export type P3 = readonly [number, number, number];

/**
 * Collects triangles. `at` moves the origin and turns it; the colour carries a fourth number, whose meaning the
 * material gives: how much it glows at night, or how much it sways.
 */
export class Shapes {
  /** The fourth number of what is added from now on, 0 to 1. */
  extra = 0;
  private readonly positions: number[] = [];
  private readonly normals: number[] = [];
  private readonly colours: number[] = [];
  private readonly tags: number[] = [];
  private origin: P3 = [0, 0, 0];
  private cos = 1;
  private sin = 0;
  private scale = 1;
  private tag = 0;

  /** How many vertices there are. */
  get count(): number {
    return this.positions.length / 3;
  }

  /** From now on everything stands here, turned by `yaw` radians, `scale` times as large. */
  at(x: number, y: number, z: number, yaw = 0, scale = 1): this {
    this.origin = [x, y, z];
    this.cos = Math.cos(yaw);
    this.sin = Math.sin(yaw);
    this.scale = scale;
    return this;
  }

  /** Runs `build` with everything turned so that -y points towards the direction `x`, `y` of the present origin. */
  turned(x: number, y: number, build: () => void): void {
    const { cos, sin } = this;
    // The turn that takes (0, -1) to (x, y).
    [this.cos, this.sin] = [cos * -y - sin * x, sin * -y + cos * x];
    build();
    [this.cos, this.sin] = [cos, sin];
  }

  /** From now on vertices carry this number in the attribute `part`. */
  mark(tag: number): this {
    this.tag = tag;
    return this;
  }

  /** Adds a triangle, counter-clockwise seen from outside. */
  triangle(a: P3, b: P3, c: P3, colour: Rgb): void {
    const corners = [this.place(a), this.place(b), this.place(c)] as const;
    const [p, q, r] = corners;
    const ux = q[0] - p[0];
    const uy = q[1] - p[1];
    const uz = q[2] - p[2];
    const vx = r[0] - p[0];
    const vy = r[1] - p[1];
    const vz = r[2] - p[2];
    const nx = uy * vz - uz * vy;
    const ny = uz * vx - ux * vz;
    const nz = ux * vy - uy * vx;
    const length = Math.hypot(nx, ny, nz) || 1;
    for (const corner of corners) {
      this.positions.push(corner[0], corner[1], corner[2]);
      this.normals.push(nx / length, ny / length, nz / length);
      this.colours.push(byte(colour[0]), byte(colour[1]), byte(colour[2]), Math.round(this.extra * 255));
      this.tags.push(this.tag);
    }
  }

  /** Adds a four-cornered face, counter-clockwise seen from outside. */
  quad(a: P3, b: P3, c: P3, d: P3, colour: Rgb): void {
    this.triangle(a, b, c, colour);
    this.triangle(a, c, d, colour);
  }

  /** Returns everything as one geometry. With `hasParts` the marks become the attribute `part`. */
  geometry(hasParts = false): BufferGeometry {
    const geometry = new BufferGeometry();
    geometry.setAttribute("position", new BufferAttribute(new Float32Array(this.positions), 3));
    geometry.setAttribute("normal", new BufferAttribute(new Float32Array(this.normals), 3));
    geometry.setAttribute("paint", new BufferAttribute(new Uint8Array(this.colours), 4, true));
    if (hasParts) geometry.setAttribute("part", new BufferAttribute(new Float32Array(this.tags), 1));
    return geometry;
  }

  private place([x, y, z]: P3): P3 {
    const { origin, cos, sin, scale } = this;
    return [
      origin[0] + (x * cos - y * sin) * scale,
      origin[1] + (x * sin + y * cos) * scale,
      origin[2] + z * scale,
    ];
  }
}

// Colours are stored with gamma 2, so that eight bits are enough for the dark ones.
function byte(linear: number): number {
  return Math.round(Math.min(1, Math.sqrt(Math.max(0, linear))) * 255);
}
