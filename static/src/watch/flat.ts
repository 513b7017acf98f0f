// The picture where nothing draws in three dimensions: the map, as large as the window.
import { People } from "../people/people";
import { Landscape } from "../scene/landscape";
import { Minimap } from "../ui/minimap";
import type { TickClock } from "../world/clock";
import type { Region } from "../world/region";
import type { WorldState } from "../world/world";

const TICK_MAX_S = 0.1;

/** Draws the region from above, flat. */
export class Flat {
  agent: string | null = null;
  private readonly map: Minimap;
  private readonly people: People;
  private lastMs = 0;

  constructor(canvas: HTMLCanvasElement, world: WorldState, clock: TickClock) {
    this.map = new Minimap(canvas, true);
    this.people = new People(world, clock, () => true);
    requestAnimationFrame((nowMs) => this.frame(nowMs));
  }

  /** Shows a region. */
  open(region: Region): void {
    const landscape = new Landscape(region);
    this.map.open(landscape);
    this.people.open(landscape);
  }

  private frame(nowMs: number): void {
    requestAnimationFrame((next) => this.frame(next));
    this.people.step(nowMs, Math.min(TICK_MAX_S, (nowMs - this.lastMs) / 1_000));
    this.lastMs = nowMs;
    this.map.update(nowMs, this.people, this.agent, null);
  }
}
