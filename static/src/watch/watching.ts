// What is watched: a region, perhaps an agent, with which camera; kept the same in the picture, on the wire and in the address.
import type { Mode } from "../cameras/modes";
import { reachOf } from "../cameras/modes";
import type { Connection, View } from "../wire/connection";
import { readAddress, writeAddress, type Address } from "../world/address";
import type { Region } from "../world/region";

// The server sends all again for each move. Units: metres.
const MOVED_M = 8;
const MOVED_ABOVE_M = 32;
// Higher than this, a free camera sees more than its own cells. Units: metres.
const HIGH_M = 64;

/** What the rest of the page does when something else is watched. */
export interface WatchListener {
  onRegion(region: Region): void;
  onAgent(agent: string | null): void;
  onMode(mode: Mode): void;
}

/** Where the camera is. Units: metres. */
export interface Eye {
  x: number;
  y: number;
  distance: number;
}

/** Decides what is asked of the server. */
export class Watching {
  region: Region | null = null;
  agent: string | null = null;
  mode: Mode = "overview";
  regions: readonly Region[] = [];
  /** What the free camera was last said to look at. Units: metres. */
  spot: { x: number; y: number } | null = null;
  /** The server only counts in what is seen from above, and tells of single agents around a point. */
  isCounting = false;
  private isHigh = false;

  constructor(private readonly connection: Connection, private readonly listener: WatchListener, private readonly eye: () => Eye) {}

  /** Whether all of a region is seen. */
  get isAbove(): boolean {
    return this.agent === null && (this.mode === "overview" || (this.mode === "free" && this.isHigh));
  }

  /** Watches what the address of the page names, or the region with the most inhabitants. */
  openAddress(): void {
    const named = readAddress(location.pathname, location.search);
    const region = this.find(named.region) ?? this.region ?? this.liveliest();
    if (named.agent !== null) {
      this.agent = named.agent;
      this.mode = named.mode === "first_person" ? "first_person" : "follow";
      this.listener.onAgent(this.agent);
      this.listener.onMode(this.mode);
      this.ask();
      return;
    }
    this.agent = null;
    this.mode = named.mode === "free" ? "free" : "overview";
    this.spot = named.x === null || named.y === null ? null : { x: named.x, y: named.y };
    this.listener.onAgent(null);
    if (region !== null) this.show(region);
    this.listener.onMode(this.mode);
    this.ask();
  }

  /** The user chose a region. */
  chooseRegion(name: string): void {
    const region = this.find(name);
    if (region === null) return;
    this.agent = null;
    this.spot = null;
    if (this.mode !== "free") this.mode = "overview";
    this.listener.onAgent(null);
    this.show(region);
    this.listener.onMode(this.mode);
    this.note(true);
    this.ask();
  }

  /** The user chose an agent to go along with. */
  chooseAgent(agent: string, mode: Mode | null = null): void {
    this.agent = agent;
    this.mode = mode ?? (this.mode === "first_person" ? "first_person" : "follow");
    this.listener.onAgent(agent);
    this.listener.onMode(this.mode);
    this.note(true);
    this.ask();
  }

  /** The user chose a camera; the attached ones need an agent. */
  chooseMode(mode: Mode): void {
    if (reachOf(mode, 1).isAttached && this.agent === null) return;
    const isLetGo = !reachOf(mode, 1).isAttached && this.agent !== null;
    if (isLetGo) this.agent = null;
    this.mode = mode;
    if (isLetGo) this.listener.onAgent(null);
    this.listener.onMode(mode);
    this.spot = null;
    this.note(isLetGo);
    this.ask();
  }

  /** The server looks at a region now: because it was asked to, or because the camera went along with an agent. */
  wentTo(name: string): void {
    const region = this.find(name);
    if (region === null || region.name === this.region?.name) return;
    if (this.agent === null) return;
    this.show(region);
    this.listener.onMode(this.mode);
    this.note(false);
  }

  /** The agent is not in the world: the region is shown instead. */
  lost(): void {
    this.agent = null;
    this.mode = "overview";
    this.listener.onAgent(null);
    const region = this.region ?? this.regions[0] ?? null;
    if (region !== null) this.show(region);
    this.listener.onMode(this.mode);
    this.note(false);
    this.ask();
  }

  /** The camera moved: what the server sends goes along. */
  moved(): void {
    if (this.mode !== "free" && !(this.mode === "overview" && this.isCounting)) return;
    const { x, y, distance } = this.eye();
    const isHigh = distance > HIGH_M;
    const farM = this.mode === "free" ? MOVED_M : MOVED_ABOVE_M;
    const isElsewhere = this.spot === null || Math.hypot(x - this.spot.x, y - this.spot.y) > farM;
    if (!isElsewhere && isHigh === this.isHigh) return;
    this.spot = { x, y };
    this.isHigh = isHigh;
    this.note(false);
    this.ask();
  }

  /** Returns the address of what is watched. */
  address(): string {
    const { region, agent, mode, spot } = this;
    const named: Address = { region: region?.name ?? null, agent, mode, x: spot?.x ?? null, y: spot?.y ?? null };
    return writeAddress(named);
  }

  private ask(): void {
    const view = this.view();
    if (view !== null) this.connection.look(view);
  }

  private view(): View | null {
    const { region, agent, mode } = this;
    if (agent !== null) return { target: { agent }, mode };
    if (region === null) return null;
    const { x, y } = this.spot ?? this.eye();
    const inside = (value: number): number => Math.min(region.sizeM - 0.5, Math.max(0, Math.round(value)));
    if (mode === "free" && !this.isHigh) return { target: { location: { region: region.name, x: inside(x), y: inside(y) } }, mode };
    const above: View = { target: { region: region.name }, mode: "overview" };
    return this.isCounting && this.spot !== null ? { ...above, look_at: { x: inside(x), y: inside(y), z: 0 } } : above;
  }

  private show(region: Region): void {
    if (this.region?.name === region.name) return;
    this.region = region;
    this.isCounting = false;
    this.listener.onRegion(region);
  }

  private note(isNew: boolean): void {
    const address = this.address();
    if (address === location.pathname + location.search) return;
    if (isNew) history.pushState(null, "", address);
    else history.replaceState(null, "", address);
  }

  private liveliest(): Region | null {
    return this.regions.reduce<Region | null>((best, one) => (best === null || (one.agentCount ?? 0) > (best.agentCount ?? 0) ? one : best), null);
  }

  private find(name: string | null): Region | null {
    return this.regions.find((region) => region.name === name) ?? null;
  }
}
