// The agents as discs with names, gliding to where their trajectories say they are.
import type { Camera } from "./camera";
import type { TickClock } from "./world/clock";
import { disc } from "./disc";
import { agentColour, hashOf } from "./palette";
import type { Spot } from "./world/region";
import { headingAt, isMovingAt } from "./world/trajectory";
import type { Agent, WorldState } from "./world/world";

const NAME_FONT = "600 12px ui-sans-serif, system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif";
// A correction larger than this is a teleport: gliding over it would look like flying.
const GLIDE_MAX_M = 12;
const GLIDE_PER_S = 12;
const NAME_HEIGHT_PX = 13;

/** Where an agent is drawn, in metres and on the canvas. */
export interface Drawn extends Spot {
  screen: Spot;
}

/** Draws the agents and remembers where. */
export class People {
  readonly drawn = new Map<string, Drawn>();
  private lastMs = 0;

  constructor(private readonly world: WorldState, private readonly clock: TickClock) {}

  /** The radius of a disc. Units: CSS pixels. */
  radius(camera: Camera): number {
    return Math.min(15, Math.max(6, camera.scale * 1.5));
  }

  /** Moves every disc to its place of this moment. */
  place(camera: Camera, nowMs: number): void {
    const tick = this.clock.tickAt(nowMs);
    const part = 1 - Math.exp((-GLIDE_PER_S * Math.min(1000, Math.max(0, nowMs - this.lastMs))) / 1000);
    this.lastMs = nowMs;
    for (const id of this.drawn.keys()) if (!this.world.agents.has(id)) this.drawn.delete(id);
    for (const agent of this.world.agents.values()) {
      const target = this.world.positionOf(agent, tick);
      const last = this.drawn.get(agent.id);
      const isFar = last === undefined || Math.hypot(target.x - last.x, target.y - last.y) > GLIDE_MAX_M;
      const spot = isFar
        ? { x: target.x, y: target.y }
        : { x: last.x + (target.x - last.x) * part, y: last.y + (target.y - last.y) * part };
      this.drawn.set(agent.id, { ...spot, screen: camera.toScreen(spot) });
    }
  }

  /** Draws discs, then names, so that no disc covers a name. */
  draw(ctx: CanvasRenderingContext2D, camera: Camera, nowMs: number, isNight: boolean, followed: string | null): void {
    const tick = this.clock.tickAt(nowMs);
    const radius = this.radius(camera);
    const inView: { agent: Agent; at: Spot }[] = [];
    for (const agent of this.world.agents.values()) {
      const at = this.drawn.get(agent.id)?.screen;
      if (at === undefined || at.x < -40 || at.y < -40 || at.x > camera.width + 40 || at.y > camera.height + 40) continue;
      inView.push({ agent, at });
    }
    // The nearer to the viewer (further south), the later: discs overlap like people in a crowd.
    inView.sort((a, b) => a.at.y - b.at.y);
    for (const { agent, at } of inView) this.drawDisc(ctx, agent, at, radius, tick, followed === agent.id);
    this.drawNames(ctx, inView, radius, isNight, followed);
  }

  /** Returns the agent drawn nearest to a point of the canvas, if one is within reach of a finger. */
  at(x: number, y: number): string | null {
    let best: { id: string; distance: number } | null = null;
    for (const [id, { screen }] of this.drawn) {
      const distance = Math.hypot(screen.x - x, screen.y - y);
      if (distance < 24 && (best === null || distance < best.distance)) best = { id, distance };
    }
    return best === null ? null : best.id;
  }

  // A name that would cover another one is left out; the order is the same in every frame, so names do not flicker.
  private drawNames(
    ctx: CanvasRenderingContext2D,
    inView: { agent: Agent; at: Spot }[],
    radius: number,
    isNight: boolean,
    followed: string | null,
  ): void {
    ctx.font = NAME_FONT;
    ctx.textAlign = "center";
    ctx.textBaseline = "top";
    ctx.lineJoin = "round";
    ctx.lineWidth = 3;
    ctx.strokeStyle = isNight ? "rgba(20, 26, 54, 0.8)" : "rgba(252, 249, 240, 0.9)";
    const rank = (id: string): number => (id === followed ? -1 : hashOf(id));
    const drawn: { left: number; right: number; top: number }[] = [];
    for (const { agent, at } of [...inView].sort((a, b) => rank(a.agent.id) - rank(b.agent.id))) {
      const half = ctx.measureText(agent.name).width / 2;
      const box = { left: at.x - half, right: at.x + half, top: at.y + radius + 4 };
      const isCovered = drawn.some(
        (other) =>
          box.left < other.right && other.left < box.right && Math.abs(box.top - other.top) < NAME_HEIGHT_PX,
      );
      if (isCovered) continue;
      drawn.push(box);
      ctx.globalAlpha = isAway(agent) ? 0.55 : 1;
      ctx.fillStyle = isNight ? "#f4efe2" : "#343a36";
      ctx.strokeText(agent.name, at.x, box.top);
      ctx.fillText(agent.name, at.x, box.top);
    }
    ctx.globalAlpha = 1;
  }

  private drawDisc(
    ctx: CanvasRenderingContext2D,
    agent: Agent,
    at: Spot,
    radius: number,
    tick: number,
    isFollowed: boolean,
  ): void {
    const tickMs = this.clock.tickMs;
    ctx.globalAlpha = isAway(agent) ? 0.5 : 1;
    disc(ctx, at.x, at.y + 2, radius + 1.5, "rgba(38, 44, 52, 0.24)");
    if (isFollowed) disc(ctx, at.x, at.y, radius + 6, "rgba(240, 180, 91, 0.65)");
    if (isMovingAt(agent.trajectory, tick, tickMs)) {
      // A small beak shows where it walks; north is up, so the canvas angle is the mirrored heading.
      const angle = -headingAt(agent.trajectory, tick, tickMs, agent.heading);
      ctx.beginPath();
      ctx.moveTo(at.x + Math.cos(angle) * (radius + 9), at.y + Math.sin(angle) * (radius + 9));
      for (const side of [0.6, -0.6]) {
        ctx.lineTo(at.x + Math.cos(angle + side) * (radius + 1), at.y + Math.sin(angle + side) * (radius + 1));
      }
      ctx.closePath();
      ctx.fillStyle = agentColour(agent.id);
      ctx.fill();
    }
    disc(ctx, at.x, at.y, radius + 1.8, "#fffdf6");
    disc(ctx, at.x, at.y, radius, agentColour(agent.id));
    if (radius >= 8) {
      ctx.fillStyle = "rgba(255, 255, 255, 0.95)";
      ctx.font = `600 ${Math.round(radius * 1.05)}px ui-sans-serif, system-ui, sans-serif`;
      ctx.textAlign = "center";
      ctx.textBaseline = "middle";
      ctx.fillText((Array.from(agent.name)[0] ?? "").toLocaleUpperCase(), at.x, at.y + 0.5);
    }
    ctx.globalAlpha = 1;
  }
}

function isAway(agent: Agent): boolean {
  return agent.status === "away" || agent.status === "asleep";
}
