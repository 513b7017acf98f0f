// What we know of the region: the agents of the cells we see, merged from frames by the rules of `api.md` §4.
import { AGENTS_MAX, DEPARTED_MAX, DEPARTED_MS } from "../limits";
import { cleanName, cleanText } from "./text";
import { positionAt, WALK_M_S, type Trajectory } from "./trajectory";
import { isRecord, listOf, numberOr, type Frame, type Point } from "../wire/frame";

/** One agent as last told. */
export interface Agent {
  id: string;
  name: string;
  status: string;
  heading: number;
  trajectory: Trajectory;
  /** The cells that have it; it is gone when none has. */
  cells: Set<string>;
}

/** The agents in sight. */
export class WorldState {
  readonly agents = new Map<string, Agent>();
  tickMs = 100;
  private readonly departed = new Map<string, { agent: Agent; tick: number }>();

  /** Forgets everything: a new region, or a new connection. */
  clear(): void {
    this.agents.clear();
    this.departed.clear();
  }

  /** Merges one publication. Frames without a cell carry events only and change nothing here. */
  apply(frame: Frame): void {
    const tick = numberOr(frame.tick, 0);
    const cell = Array.isArray(frame.cell) ? frame.cell.join(",") : null;
    if (cell === null) return;
    if (frame.dropped === true) {
      for (const agent of [...this.agents.values()]) this.leave(agent.id, cell, tick);
      return;
    }
    const seen = new Set<string>();
    for (const entry of listOf(frame.agents)) {
      if (!isRecord(entry) || typeof entry["id"] !== "string" || entry["id"] === "") continue;
      seen.add(entry["id"]);
      this.merge(entry["id"], entry, cell, tick);
    }
    // A snapshot is the whole cell: whoever is not in it is not in the cell.
    if (frame.snapshot === true) {
      for (const agent of [...this.agents.values()]) {
        if (!seen.has(agent.id)) this.leave(agent.id, cell, tick);
      }
    }
    for (const id of listOf(frame.left)) {
      if (typeof id === "string") this.leave(id, cell, tick);
    }
    this.forget(tick);
  }

  /** Returns where the agent is at `tick`. */
  positionOf(agent: Agent, tick: number): Point {
    return positionAt(agent.trajectory, tick, this.tickMs);
  }

  private merge(id: string, entry: Record<string, unknown>, cell: string, tick: number): void {
    const known = this.agents.get(id) ?? this.departed.get(id)?.agent;
    if (known === undefined && this.agents.size >= AGENTS_MAX) return;
    // An agent we know nothing of needs a place; a partial entry alone cannot give it one.
    if (known === undefined && (numberOr(entry["x"], null) === null || numberOr(entry["y"], null) === null)) return;
    const agent: Agent = known ?? {
      id,
      name: cleanName(entry["name"], id),
      status: "",
      heading: 0,
      trajectory: { tick, from: { x: 0, y: 0, z: 0 }, to: null, speed: 0 },
      cells: new Set(),
    };
    this.departed.delete(id);
    this.agents.set(id, agent);
    agent.cells.add(cell);
    // Two shards at a border may tell of the same agent: the newer word counts.
    if (known !== undefined && tick < agent.trajectory.tick) return;
    if (entry["name"] !== undefined) agent.name = cleanName(entry["name"], id);
    if (entry["status"] !== undefined) agent.status = cleanText(entry["status"], 40);
    agent.heading = numberOr(entry["heading"], agent.heading);
    agent.trajectory = nextTrajectory(agent.trajectory, entry, tick, this.tickMs);
  }

  private leave(id: string, cell: string, tick: number): void {
    const agent = this.agents.get(id);
    if (agent === undefined || !agent.cells.delete(cell) || agent.cells.size > 0) return;
    this.agents.delete(id);
    this.departed.set(id, { agent, tick });
    const oldest = this.departed.keys().next();
    if (this.departed.size > DEPARTED_MAX && oldest.done !== true) this.departed.delete(oldest.value);
  }

  private forget(tick: number): void {
    for (const [id, gone] of this.departed) {
      if ((tick - gone.tick) * this.tickMs > DEPARTED_MS) this.departed.delete(id);
    }
  }
}

/**
 * Returns the trajectory after a later entry. A position or a `to` starts a new one; a position without `to` means
 * standing there; an entry with neither (a heading, a status) leaves the movement as it is.
 */
function nextTrajectory(last: Trajectory, entry: Record<string, unknown>, tick: number, tickMs: number): Trajectory {
  const isPlaced = ["x", "y", "z", "to"].some((field) => entry[field] !== undefined);
  if (!isPlaced) {
    const speed = numberOr(entry["speed"], null);
    if (speed === null || last.to === null) return last;
    return { tick, from: positionAt(last, tick, tickMs), to: last.to, speed };
  }
  const here = positionAt(last, tick, tickMs);
  const from = pointOr(entry, here);
  const to = isRecord(entry["to"]) ? pointOr(entry["to"], from) : null;
  const lastSpeed = last.speed > 0 ? last.speed : WALK_M_S;
  return { tick, from, to, speed: to === null ? 0 : numberOr(entry["speed"], lastSpeed) };
}

function pointOr(value: Record<string, unknown>, fallback: Point): Point {
  return {
    x: numberOr(value["x"], fallback.x),
    y: numberOr(value["y"], fallback.y),
    z: numberOr(value["z"], fallback.z),
  };
}
