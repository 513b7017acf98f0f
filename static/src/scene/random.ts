// Chance that is no chance: everything here is the same on every page, made from texts and numbers.

/** Returns a number made of the text, the same on every page. Range: 0 to 2^32 - 1. */
export function hashOf(text: string): number {
  let hash = 2166136261;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 16777619);
  }
  hash ^= hash >>> 15;
  hash = Math.imul(hash, 0x2c1b3c6d);
  hash ^= hash >>> 13;
  return hash >>> 0;
}

/** A row of numbers that looks random and begins the same for the same text. */
export class Random {
  private state: number;

  constructor(text: string) {
    this.state = hashOf(text);
  }

  /** Returns the next number, 0 to below 1. */
  next(): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.state ^ (this.state >>> 15), this.state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  }

  /** Returns a number from `low` to below `high`. */
  between(low: number, high: number): number {
    return low + (high - low) * this.next();
  }

  /** Returns one of the list. */
  pick<T>(list: readonly [T, ...T[]]): T {
    return list[Math.floor(this.next() * list.length)] ?? list[0];
  }
}

function lattice(x: number, y: number, seed: number): number {
  let hash = Math.imul(x, 374761393) ^ Math.imul(y, 668265263) ^ seed;
  hash = Math.imul(hash ^ (hash >>> 13), 1274126177);
  return ((hash ^ (hash >>> 16)) >>> 0) / 4294967296;
}

/** Returns smooth noise at a point, 0 to 1; one hill a unit. */
export function noiseAt(x: number, y: number, seed: number): number {
  const column = Math.floor(x);
  const row = Math.floor(y);
  const u = (x - column) ** 2 * (3 - 2 * (x - column));
  const v = (y - row) ** 2 * (3 - 2 * (y - row));
  const low = mix(lattice(column, row, seed), lattice(column + 1, row, seed), u);
  const high = mix(lattice(column, row + 1, seed), lattice(column + 1, row + 1, seed), u);
  return mix(low, high, v);
}

/** Returns the point between two numbers. */
export function mix(from: number, to: number, part: number): number {
  return from + (to - from) * part;
}

/** Returns 0 below `low`, 1 above `high`, and a soft step between; `low` may be the larger one. */
export function softStep(low: number, high: number, at: number): number {
  const part = Math.min(1, Math.max(0, (at - low) / (high - low)));
  return part * part * (3 - 2 * part);
}
