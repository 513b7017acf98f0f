// A large region from above, as the server counts it: agents by blocks of cells instead of one by one.
import { BLOCKS_MAX } from "../limits";
import { isRecord, listOf, numberOr } from "../wire/frame";
import type { WorldState } from "./world";

/** Side of a cell where a message does not say it. Units: metres. */
export const CELL_M = 16;
const BLOCK_CELLS_MAX = 4_096;

/** Some agents who are not told of one by one. */
export interface Block {
  /** The middle. Units: metres. */
  x: number;
  y: number;
  /** Units: metres. */
  sideM: number;
  /** Cells a side, and the column and row of blocks. */
  cells: number;
  column: number;
  row: number;
  count: number;
}

/** What the last messages counted: one list of blocks for each area, since each shard of a region tells of its own. */
export class Overview {
  /** Rises with each change. */
  version = 0;
  private readonly areas = new Map<string, Block[]>();

  /** Forgets everything. */
  clear(): void {
    if (this.areas.size > 0) this.version += 1;
    this.areas.clear();
  }

  /** Takes `{cells, cell_m?, area, blocks: [[column, row, count]]}`; what makes no sense is left out. */
  apply(value: unknown): void {
    if (!isRecord(value)) return;
    const cells = Math.trunc(numberOr(value["cells"], 1));
    const cellM = numberOr(value["cell_m"], CELL_M);
    if (cells < 1 || cells > BLOCK_CELLS_MAX || cellM <= 0) return;
    const sideM = cells * cellM;
    const blocks = listOf(value["blocks"]).slice(0, BLOCKS_MAX).flatMap((item): Block[] => {
      const [column, row, count] = listOf(item).map((part) => numberOr(part, null));
      if (typeof column !== "number" || typeof row !== "number" || typeof count !== "number" || count < 1) return [];
      return [{ x: (column + 0.5) * sideM, y: (row + 0.5) * sideM, sideM, cells, column, row, count: Math.trunc(count) }];
    });
    const area = listOf(value["area"]).join(",");
    if (!this.areas.has(area) && this.areas.size >= BLOCKS_MAX) return;
    this.areas.set(area, blocks);
    this.version += 1;
  }

  /** Whether the server counts here instead of telling of each. */
  get isCounting(): boolean {
    return this.areas.size > 0;
  }

  /** How many agents were counted. */
  get total(): number {
    let total = 0;
    for (const blocks of this.areas.values()) for (const { count } of blocks) total += count;
    return total;
  }

  /** Returns the blocks with those who are not told of one by one as well, the fullest first. */
  beyond(world: WorldState): Block[] {
    const known = new Map<string, number>();
    const cells = this.areas.values().next().value?.[0]?.cells ?? 1;
    for (const agent of world.agents.values()) {
      for (const cell of agent.cells) {
        const [x, y] = cell.split(",").map(Number);
        const key = `${Math.floor((x ?? 0) / cells)},${Math.floor((y ?? 0) / cells)}`;
        known.set(key, (known.get(key) ?? 0) + 1);
      }
    }
    // At the border of two areas a block is told of twice, each time with its own agents.
    const sums = new Map<string, Block>();
    for (const blocks of this.areas.values()) {
      for (const block of blocks) {
        const key = `${block.column},${block.row}`;
        const sum = sums.get(key);
        if (sum === undefined) sums.set(key, { ...block });
        else sum.count += block.count;
      }
    }
    for (const [key, block] of sums) block.count -= known.get(key) ?? 0;
    return [...sums.values()].filter(({ count }) => count > 0).sort((a, b) => b.count - a.count || a.row - b.row || a.column - b.column);
  }
}
