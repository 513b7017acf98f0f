// The camera above the region: pure arithmetic between metres (y to the north) and CSS pixels (y down).
import type { Spot } from "./world/region";

/** Zoom limits. Units: CSS pixels a metre. */
export const ZOOM_MAX = 40;
const MARGIN = 0.94;

/** Insets covered by panels. Units: CSS pixels. */
export interface Insets {
  top: number;
  right: number;
  bottom: number;
  left: number;
}

/** Looks at `centre` with `scale` pixels a metre. */
export class Camera {
  centre: Spot = { x: 128, y: 128 };
  scale = 3;
  width = 1;
  height = 1;
  insets: Insets = { top: 0, right: 0, bottom: 0, left: 0 };
  private sizeM = 256;
  private isTouched = false;

  /** Takes the size of the canvas; shows the whole region until the user moves the camera. */
  resize(width: number, height: number, insets: Insets): void {
    this.width = Math.max(1, width);
    this.height = Math.max(1, height);
    this.insets = insets;
    if (!this.isTouched) this.fit(this.sizeM);
    else this.clamp();
  }

  /** Shows the whole region. */
  fit(sizeM: number): void {
    this.sizeM = sizeM;
    this.isTouched = false;
    this.scale = this.fittingScale() * MARGIN;
    this.centre = { x: sizeM / 2, y: sizeM / 2 };
  }

  /** Shows a square of `spanM` metres around `centre` as if the user had chosen it. */
  frame(centre: Spot, spanM: number): void {
    this.isTouched = true;
    this.centre = { ...centre };
    this.scale = (this.fittingScale() * this.sizeM) / Math.max(8, spanM);
    this.clamp();
  }

  toScreen(spot: Spot): Spot {
    const middle = this.middle();
    return {
      x: middle.x + (spot.x - this.centre.x) * this.scale,
      y: middle.y - (spot.y - this.centre.y) * this.scale,
    };
  }

  toWorld(pixel: Spot): Spot {
    const middle = this.middle();
    return {
      x: this.centre.x + (pixel.x - middle.x) / this.scale,
      y: this.centre.y - (pixel.y - middle.y) / this.scale,
    };
  }

  /** Moves the land by so many pixels. */
  pan(dx: number, dy: number): void {
    this.isTouched = true;
    this.centre = { x: this.centre.x - dx / this.scale, y: this.centre.y + dy / this.scale };
    this.clamp();
  }

  /** Zooms by `factor`; the land under `pixel` stays where it is. */
  zoom(factor: number, pixel: Spot = this.middle()): void {
    this.isTouched = true;
    const before = this.toWorld(pixel);
    this.scale *= factor;
    this.clampScale();
    const after = this.toWorld(pixel);
    this.centre = { x: this.centre.x + before.x - after.x, y: this.centre.y + before.y - after.y };
    this.clamp();
  }

  private middle(): Spot {
    const { top, right, bottom, left } = this.insets;
    return { x: left + (this.width - left - right) / 2, y: top + (this.height - top - bottom) / 2 };
  }

  private fittingScale(): number {
    const { top, right, bottom, left } = this.insets;
    const free = Math.min(this.width - left - right, this.height - top - bottom);
    return Math.max(40, free) / this.sizeM;
  }

  private clampScale(): void {
    const smallest = this.fittingScale() * 0.6;
    this.scale = Math.min(Math.max(ZOOM_MAX, smallest), Math.max(smallest, this.scale));
  }

  private clamp(): void {
    this.clampScale();
    this.centre = {
      x: Math.min(this.sizeM, Math.max(0, this.centre.x)),
      y: Math.min(this.sizeM, Math.max(0, this.centre.y)),
    };
  }
}
