// What the page knows of the world, whatever draws it.
import { fetchHour } from "../wire/api";
import type { ConnectionState } from "../wire/connection";
import type { Frame } from "../wire/frame";
import { TickClock } from "../world/clock";
import { Names } from "../world/names";
import { Overview } from "../world/overview";
import { WorldState } from "../world/world";

/** The world as last told. */
export class Model {
  readonly clock = new TickClock();
  readonly world = new WorldState();
  readonly overview = new Overview();
  readonly names = new Names();
  state: ConnectionState = "connecting";
  /** Why it stands so with the connection. */
  reason = "";
  /** The name of the weather over what is watched. */
  weather = "clear";
  /** Settled when the hour was asked for, known or not. */
  readonly hourAsked: Promise<void>;
  private noteAsked = (): void => undefined;

  constructor() {
    this.hourAsked = new Promise((resolve) => (this.noteAsked = resolve));
  }

  /** Takes what the server says on each connect. */
  async hello(data: Record<string, unknown>): Promise<void> {
    this.clock.sync(data, performance.now());
    this.world.tickMs = this.clock.tickMs;
    await this.askHour();
    this.noteAsked();
  }

  /** Asks for the hour of the world's day. */
  async askHour(): Promise<void> {
    const hour = await fetchHour();
    if (hour !== null) this.clock.setHour(hour, performance.now());
  }

  /** Takes a frame of the region that is watched. */
  take(frame: Frame): void {
    if (typeof frame.tick === "number" && Number.isFinite(frame.tick)) this.clock.observe(frame.tick, performance.now());
    this.world.apply(frame);
    this.overview.apply(frame.overview);
  }

  /** Forgets who is in sight: another region, or a new connection. */
  forget(): void {
    this.world.clear();
    this.overview.clear();
  }

  /** Returns who stands nearest to a point. Units: metres. */
  nearest(x: number, y: number): string | null {
    let best: string | null = null;
    let bestM = Number.POSITIVE_INFINITY;
    for (const { id, trajectory } of this.world.agents.values()) {
      const away = Math.hypot(trajectory.from.x - x, trajectory.from.y - y);
      if (away >= bestM) continue;
      best = id;
      bestM = away;
    }
    return best;
  }
}
