// What is asked for again and again over HTTP: the regions, the weather, the agent of the card, and once what happened before.
import type { Card } from "../ui/card";
import { fetchEvents, fetchNames, fetchProfile, fetchRegions, fetchWeather } from "../wire/api";
import type { Connection } from "../wire/connection";
import type { Region } from "../world/region";
import type { Model } from "./model";
import type { Teller } from "./teller";
import type { Watching } from "./watching";

const REGIONS_EVERY_MS = 15_000;
const REGIONS_AGAIN_MS = 3_000;
const PROFILE_EVERY_MS = 12_000;
const WEATHER_EVERY_MS = 60_000;
const HOUR_EVERY_MS = 60_000;
const HOUR_AGAIN_MS = 5_000;

/** What the upkeep tells the page. */
export interface UpkeepListener {
  onRegions(regions: readonly Region[]): void;
  onWeather(kind: string): void;
}

/** Keeps what the socket does not tell up to date. */
export class Upkeep {
  constructor(
    private readonly model: Model,
    private readonly watching: Watching,
    private readonly connection: Connection,
    private readonly card: Card,
    private readonly teller: Teller,
    private readonly listener: UpkeepListener,
  ) {}

  /** Begins. */
  start(): void {
    setInterval(() => void this.refreshProfile(), PROFILE_EVERY_MS);
    setInterval(() => void this.refreshWeather(), WEATHER_EVERY_MS);
    setTimeout(() => void this.refreshHour(), HOUR_AGAIN_MS);
    void this.refreshRegions();
  }

  /** Writes what happened in a region before it was opened into the log. */
  async recall(region: Region): Promise<void> {
    const { model, teller } = this;
    const [events, online] = await Promise.all([fetchEvents(region.name), fetchNames(), model.hourAsked]);
    for (const [id, name] of online) model.names.note(id, name);
    if (this.watching.region?.name !== region.name) return;
    for (const event of events) teller.recall(event, event.tick === null ? null : model.clock.hourOf(event.tick));
  }

  /** Asks who the agent on the card is. */
  async refreshProfile(): Promise<void> {
    const { model, watching } = this;
    const { agent } = watching;
    if (agent === null) return;
    const profile = await fetchProfile(agent);
    if (profile === null || watching.agent !== agent) return;
    model.names.note(agent, profile.name);
    this.card.setProfile(profile, watching.regions.find((one) => one.name === profile.region)?.title ?? profile.region);
    // Back in the world after it was gone: ask for it anew.
    if (profile.isOnline && !model.world.agents.has(agent) && model.state === "online") this.connection.again();
  }

  private async refreshWeather(): Promise<void> {
    const name = this.watching.region?.name;
    const kind = name === undefined ? null : await fetchWeather(name);
    if (kind !== null && name === this.watching.region?.name) this.listener.onWeather(kind);
  }

  // Counted on by ticks, the hour goes wrong where the server stretches them; and the first answer may get lost.
  private async refreshHour(): Promise<void> {
    const { model } = this;
    if (model.state === "online") await model.askHour();
    const isKnown = model.clock.hourAt(performance.now()) !== null;
    setTimeout(() => void this.refreshHour(), isKnown ? HOUR_EVERY_MS : HOUR_AGAIN_MS);
  }

  private async refreshRegions(): Promise<void> {
    const { watching } = this;
    const found = await fetchRegions();
    if (found !== null) {
      const isFirst = watching.regions.length === 0;
      watching.regions = found;
      if (isFirst && found.length > 0) watching.openAddress();
      this.listener.onRegions(found);
    } else if (watching.regions.length === 0) this.model.reason = "The world does not answer yet.";
    setTimeout(() => void this.refreshRegions(), watching.regions.length === 0 ? REGIONS_AGAIN_MS : REGIONS_EVERY_MS);
  }
}
