// Tells what happens: in the log, over the heads, on the card.
import { EVENTS_A_FRAME_MAX } from "../limits";
import { clothColour } from "../people/look";
import type { Card } from "../ui/card";
import type { EventLog } from "../ui/log";
import type { Prompts } from "../ui/prompt";
import { hourText } from "../ui/status";
import { isRecord, listOf, type Frame, type WorldEvent } from "../wire/frame";
import { describe, type Line } from "../world/describe";
import { cleanText } from "../world/text";
import type { Model } from "./model";
import type { Picture } from "./picture";

const WAVE_MS = 2_600;
const SEEN_MAX = 512;

/** Tells events. */
export class Teller {
  // What comes on two channels, or again after a reconnection, is told once.
  private readonly seen = new Set<string>();
  private lastWeather = "";

  constructor(
    private readonly model: Model,
    private readonly log: EventLog,
    private readonly card: Card,
    private readonly prompts: Prompts,
    private readonly picture: Picture | null,
    private readonly onWeather: (kind: string) => void,
  ) {}

  /** Tells what a frame carries. */
  tell(frame: Frame): void {
    for (const event of listOf(frame.events).slice(0, EVENTS_A_FRAME_MAX)) {
      if (isRecord(event) && typeof event["type"] === "string") this.tellOne(event as unknown as WorldEvent);
    }
  }

  /** Writes what happened before the page was opened into the log, and nowhere else. */
  recall(event: WorldEvent, hour: number | null): void {
    const line = this.isNew(event) ? describe(event, (id) => this.model.names.of(id)) : null;
    if (line !== null) this.log.add(line, hourText(hour), colourOf(line));
  }

  private tellOne(event: WorldEvent): void {
    if (!this.isNew(event) || this.isOldWeather(event)) return;
    const nowMs = performance.now();
    this.act(event, nowMs);
    const line = describe(event, (id) => this.model.names.of(id));
    if (line === null) return;
    const { clock: ticks } = this.model;
    const clock = hourText(ticks.hourAt(nowMs));
    this.log.add(line, clock, colourOf(line));
    this.card.add(line, clock);
    this.prompts.note(line, nowMs);
    if (line.source === "" || this.picture === null) return;
    const isDeed = line.kind === "emote" || line.kind === "payment";
    if (line.kind !== "speech" && !isDeed) return;
    const untilMs = this.picture.bubbles.show(line.source, line.text, isDeed, nowMs);
    const person = this.picture.people.byId.get(line.source);
    if (person !== undefined && line.kind === "speech") person.talksUntilMs = untilMs - 600;
  }

  private act(event: WorldEvent, nowMs: number): void {
    const content = isRecord(event.content) ? event.content : {};
    if (event.type === "weather_change") {
      const weather = isRecord(content["weather"]) ? content["weather"]["type"] : content["weather"];
      if (typeof weather === "string") this.onWeather(cleanText(weather, 40));
    }
    if (event.type === "emote" && typeof event.source === "string") {
      const person = this.picture?.people.byId.get(event.source);
      if (person !== undefined && /wave|greet|hello|cheer|hi\b|beckon/.test(cleanText(content["action"], 64))) person.wavesUntilMs = nowMs + WAVE_MS;
    }
  }

  // Every cell tells of the same weather.
  private isOldWeather({ type, content }: WorldEvent): boolean {
    if (type !== "weather_change") return false;
    const mark = JSON.stringify(content);
    if (mark === this.lastWeather) return true;
    this.lastWeather = mark;
    return false;
  }

  private isNew(event: WorldEvent & { shard?: unknown }): boolean {
    if (typeof event.seq !== "number") return true;
    const mark = `${String(event.shard)}:${event.seq}`;
    if (this.seen.has(mark)) return false;
    this.seen.add(mark);
    const oldest = this.seen.values().next();
    if (this.seen.size > SEEN_MAX && oldest.done !== true) this.seen.delete(oldest.value);
    return true;
  }
}

function colourOf(line: Line): string {
  return line.source === "" ? "#8d8a80" : clothColour(line.source);
}
