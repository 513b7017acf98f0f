// Room on the picture: who comes first takes it, and nothing that is written covers something else that is.

/** A rectangle of the picture. Units: CSS pixels. */
export interface Box {
  left: number;
  top: number;
  width: number;
  height: number;
}

/** The rectangles that are taken in this frame. */
export class Layout {
  private readonly taken: Box[] = [];
  private count = 0;
  private left = 0;
  private right = Number.POSITIVE_INFINITY;

  /** Begins a frame: all is free between these two edges. */
  clear(left = 0, right = Number.POSITIVE_INFINITY): void {
    this.count = 0;
    this.left = left;
    this.right = right;
  }

  /** Returns the first taken rectangle that comes nearer to this one than `gap`. */
  collides(left: number, top: number, width: number, height: number, gap: number): Box | null {
    for (let index = 0; index < this.count; index += 1) {
      const other = this.taken[index];
      if (other === undefined) continue;
      const isBeside = other.left >= left + width + gap || left >= other.left + other.width + gap;
      const isAbove = other.top >= top + height + gap || top >= other.top + other.height + gap;
      if (!isBeside && !isAbove) return other;
    }
    return null;
  }

  /** Takes a rectangle, whatever is there. */
  put(left: number, top: number, width: number, height: number): void {
    const box = (this.taken[this.count] ??= { left: 0, top: 0, width: 0, height: 0 });
    box.left = left;
    box.top = top;
    box.width = width;
    box.height = height;
    this.count += 1;
  }

  /** Takes a rectangle if it is free and inside. What was shown before needs less room to stay than what is new, or edges would flicker. */
  take(left: number, top: number, width: number, height: number, wasShown: boolean): boolean {
    if (left < this.left || left + width > this.right) return false;
    if (this.collides(left, top, width, height, wasShown ? 1 : 7) !== null) return false;
    this.put(left, top, width, height);
    return true;
  }
}
