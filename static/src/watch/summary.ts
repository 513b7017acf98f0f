// The few words about the whole, kept in step with the world: counts, hour, weather, title, notices.
import type { Card } from "../ui/card";
import { element } from "../ui/dom";
import type { Roster } from "../ui/roster";
import { hourText, showNotice, showSky } from "../ui/status";
import { isNight } from "../world/clock";
import { weatherOf } from "../world/weather";
import type { Model } from "./model";
import type { Picture } from "./picture";
import type { Watching } from "./watching";

/** Writes the words. */
export class Summary {
  private counted = 0;

  constructor(
    private readonly model: Model,
    private readonly watching: Watching,
    private readonly card: Card,
    private readonly roster: Roster,
    private readonly picture: Picture | null,
    private readonly canvas: HTMLCanvasElement,
  ) {}

  /** Writes them anew. */
  refresh(): void {
    const { model, watching, picture, canvas } = this;
    const { world, names } = model;
    const hour = picture?.photo.hour ?? model.clock.hourAt(performance.now());
    const count = this.count();
    for (const agent of world.agents.values()) names.note(agent.id, agent.name);
    document.body.dataset["agents"] = String(count);
    document.body.dataset["light"] = isNight(hour) ? "night" : "day";
    element("count", HTMLElement).textContent = String(count);
    showSky(hour, weatherOf(picture?.photo.weather ?? model.weather).title);
    const { region, agent } = watching;
    const followed = agent === null ? undefined : world.agents.get(agent);
    if (agent !== null) this.card.setStatus(followed?.status ?? (model.state === "online" ? "out of sight" : ""));
    document.title = `${followed?.name ?? region?.title ?? "Watch"} · Rookery`;
    const label = `${region?.title ?? "No region"}${hour === null ? "" : ` at ${hourText(hour)}`}, ${count} ${count === 1 ? "inhabitant" : "inhabitants"} in sight. Press ? for keys.`;
    if (canvas.getAttribute("aria-label") !== label) canvas.setAttribute("aria-label", label);
    this.roster.update(world, agent);
    showNotice(this.notice());
    watching.moved();
  }

  // Only who sees all of a region is told counts; what was counted before grows old.
  private count(): number {
    const { model, watching, picture } = this;
    const { overview, world } = model;
    if (!watching.isAbove) overview.clear();
    if (this.counted !== overview.version || overview.isCounting) picture?.count(overview.beyond(world));
    this.counted = overview.version;
    watching.isCounting = overview.isCounting;
    return Math.max(world.agents.size, overview.total);
  }

  private notice(): string {
    const { state, reason } = this.model;
    if (this.watching.regions.length === 0) return reason || "Looking for the world …";
    if (state === "connecting") return reason === "" ? "Connecting …" : "The connection was lost. Connecting again …";
    if (state === "refused") return `The world closed the connection: ${reason}`;
    if (state === "failing") return `This cannot be shown now: ${reason}`;
    return "";
  }
}
