// How a person looks: made from its id, so that everybody sees the same.
import { hashOf } from "../scene/random";

/** Colours as 24 bits each, and a hat. */
export interface Look {
  cloth: number;
  trim: number;
  hair: number;
  skin: number;
  hat: number;
  /** About 1. */
  height: number;
}

const CLOTHS = [0xc9553f, 0xd98a3d, 0xe0b13f, 0x7fa04a, 0x4f8f6d, 0x3f8a94, 0x4a78b5, 0x6b64ad, 0x9a5b9e, 0xbb5577, 0xb9764c, 0xe6dcc3, 0x5b6b84, 0x8a4a44, 0x93b7b0];
const TRIMS = [0x5d4a3c, 0x3f4656, 0x7a6247, 0xd8c39a, 0x4a5a48, 0x6f4450, 0x2f3b52, 0x8b7a68];
const HAIRS = [0x2b211d, 0x4a3021, 0x6e4526, 0x9a6a34, 0xd0a456, 0x8c8680, 0xd9d3c8, 0x7a2f22, 0x1f2430];
const SKINS = [0xf3cfb0, 0xe8b690, 0xd49a70, 0xb67a50, 0x8d5a3b, 0x6b4230, 0xf0c4a0];

function pick(list: readonly number[], hash: number): number {
  return list[hash % list.length] ?? 0;
}

/** Returns how the agent with this id looks. */
export function lookOf(id: string): Look {
  const hash = hashOf(id);
  const more = hashOf(`${id}:look`);
  return {
    cloth: pick(CLOTHS, hash),
    trim: pick(TRIMS, hash >>> 7),
    hair: pick(HAIRS, hash >>> 13),
    skin: pick(SKINS, more),
    hat: [0, 0, 0, 1, 2, 3, 3, 4][(more >>> 5) % 8] ?? 0,
    height: 0.93 + ((more >>> 11) % 100) / 100 * 0.14,
  };
}

/** Returns the colour of an agent's clothes as `#rrggbb`, for lists and maps. */
export function clothColour(id: string): string {
  return `#${lookOf(id).cloth.toString(16).padStart(6, "0")}`;
}
