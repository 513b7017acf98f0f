// The world's tick, counted on between two messages by this machine's steady clock.
import { numberOr } from "../wire/frame";

/** Length of a world day. Units: milliseconds of real time. */
export const WORLD_DAY_MS = 60 * 60 * 1000;
const NIGHT_ENDS_H = 5.6;
const NIGHT_BEGINS_H = 20;
const MINUTE_H = 1 / 60;
// Behind a frame's tick by more than this, the estimate is pulled back: the server stretched its ticks.
const LATE_MS_MAX = 2_000;

/** Whether it is dark at this hour of the world's day; not when nobody told the hour. */
export function isNight(hour: number | null): boolean {
  return hour !== null && (hour < NIGHT_ENDS_H || hour > NIGHT_BEGINS_H);
}

/** Maps local time to ticks. Local times are milliseconds of a steady clock (`performance.now()`). */
export class TickClock {
  tickMs = 100;
  private tick = 0;
  private atMs = 0;
  private isSet = false;
  private dayOffsetMs: number | null = null;

  /** Takes the connect reply's `data`: `{tick, time_ms, tick_ms}`. */
  sync(data: Record<string, unknown>, nowMs: number): void {
    const tickMs = numberOr(data["tick_ms"], this.tickMs);
    if (tickMs > 0) this.tickMs = tickMs;
    const tick = numberOr(data["tick"], null);
    if (tick === null) return;
    this.tick = tick;
    this.atMs = nowMs;
    this.isSet = true;
  }

  /** Takes the tick of a frame: a frame cannot come from the future, and is rarely much older than its way here. */
  observe(tick: number, nowMs: number): void {
    if (!this.isSet || tick > this.tickAt(nowMs)) {
      this.tick = tick;
      this.atMs = nowMs;
      this.isSet = true;
      return;
    }
    const lateMs = (this.tickAt(nowMs) - tick) * this.tickMs;
    if (lateMs > LATE_MS_MAX) this.atMs += Math.min(lateMs - LATE_MS_MAX, this.tickMs);
  }

  /** Returns the estimated tick, fractional. */
  tickAt(nowMs: number): number {
    return this.tick + Math.max(0, nowMs - this.atMs) / this.tickMs;
  }

  /** Sets the hour of the world's day, 0-24, as the server tells it. */
  setHour(hour: number, nowMs: number): void {
    // It is told in whole minutes: what it may be already is left as it is, or it would step back.
    const ahead = (this.hourAt(nowMs) ?? Number.NaN) - hour;
    if (ahead >= 0 && ahead < MINUTE_H) return;
    this.dayOffsetMs = (hour / 24) * WORLD_DAY_MS - this.tickAt(nowMs) * this.tickMs;
  }

  /** Returns the hour of the world's day, 0-24; null until it was told. */
  hourAt(nowMs: number): number | null {
    return this.hourOf(this.tickAt(nowMs));
  }

  /** Returns the hour of the world's day at a tick, 0-24; null until one was told. */
  hourOf(tick: number): number | null {
    if (this.dayOffsetMs === null) return null;
    const ms = tick * this.tickMs + this.dayOffsetMs;
    return ((((ms % WORLD_DAY_MS) + WORLD_DAY_MS) % WORLD_DAY_MS) / WORLD_DAY_MS) * 24;
  }
}
