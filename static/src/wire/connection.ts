// The one socket of the page: the official SDK reconnects, we ask for our view again each time.
import { Centrifuge } from "centrifuge";
import type { Mode } from "../cameras/modes";
import { isRecord, type Frame } from "./frame";

/** What the camera is to see, as `spectate` takes it. Units: metres. */
export interface View {
  target: { agent: string } | { region: string } | { location: { region: string; x: number; y: number } };
  mode: Mode;
  /** Around which point a large region is told in detail while it is seen from above. */
  look_at?: { x: number; y: number; z: number };
}

/** What `spectate` answers. */
export interface Looking {
  region: string;
  agent: string | null;
}

/** Where the connection stands. */
export type ConnectionState = "connecting" | "online" | "failing" | "refused";

/** What the connection tells the page. */
export interface Listener {
  /** `online`, `connecting`, `refused` (a terminal answer) or `failing` (connected, but nothing is shown yet). */
  onState(state: ConnectionState, reason: string): void;
  /** The connect reply's `data`, after every connect. */
  onHello(data: Record<string, unknown>): void;
  /** Everything seen before is stale. */
  onFresh(): void;
  onLooking(looking: Looking): void;
  /** Nobody of this name is in the world. */
  onLost(agent: string): void;
  /** The camera went along to another region. */
  onRegion(region: string): void;
  onFrame(region: string, frame: Frame): void;
  /** What a followed agent lets spectators see of itself. */
  onInner(agent: string, frame: Frame): void;
}

/** Why something was refused. */
export class Refused extends Error {
  constructor(readonly code: string, detail: string) {
    super(detail);
  }
}

// Opening a region keeps a slow machine busy for seconds, in which no answer is read.
const TIMEOUT_MS = 20_000;
const RETRY_MIN_MS = 1_000;
const RETRY_MAX_MS = 30_000;
const LOOK_EVERY_MS = 600;
const STALE_MS = 1_500;
const REGION = "region:";
const INNER = "spectator:";
// These will be the same when asked again at once.
const FINAL = new Set(["target_not_found", "agent_not_found"]);

/** Connects without a token and watches one thing at a time. */
export class Connection {
  private readonly client: Centrifuge;
  private view: View | null = null;
  private sent = "";
  private attempts = 0;
  private isStale = true;
  private askedAtMs = Number.NEGATIVE_INFINITY;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private staleTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(url: string, private readonly listener: Listener) {
    this.client = new Centrifuge(url, { name: "rookery-web", maxReconnectDelay: 8_000, timeout: TIMEOUT_MS });
    this.client.on("connecting", (ctx) => listener.onState("connecting", ctx.code === 0 ? "" : ctx.reason));
    // The SDK takes some codes for final; somebody who only watches has nothing to lose by coming back.
    this.client.on("disconnected", (ctx) => {
      listener.onState("refused", `${ctx.reason} (${ctx.code})`);
      this.comeBack();
    });
    this.client.on("connected", (ctx) => {
      if (isRecord(ctx.data)) listener.onHello(ctx.data);
      this.sent = "";
      this.isStale = true;
      void this.ask();
    });
    this.client.on("subscribed", (ctx) => {
      if (ctx.channel.startsWith(REGION)) listener.onRegion(ctx.channel.slice(REGION.length));
    });
    this.client.on("publication", (ctx) => {
      if (!isRecord(ctx.data)) return;
      if (ctx.channel.startsWith(INNER)) listener.onInner(ctx.channel.slice(INNER.length), ctx.data as Frame);
      if (!ctx.channel.startsWith(REGION)) return;
      this.freshen();
      listener.onFrame(ctx.channel.slice(REGION.length), ctx.data as Frame);
    });
  }

  /** Connects; what is watched may be said later. */
  open(): void {
    this.client.connect();
  }

  /** Watches this from now on. Moves of a camera are asked for a few times a second at most. */
  look(view: View): void {
    if (JSON.stringify(view) === JSON.stringify(this.view)) return;
    this.view = view;
    this.attempts = 0;
    if (this.client.state === "connected") this.askIn(Math.max(0, this.askedAtMs + LOOK_EVERY_MS - performance.now()));
  }

  /** Tries again now, after a refusal or a long wait. */
  again(): void {
    this.sent = "";
    this.attempts = 0;
    if (this.client.state === "connected") void this.ask();
    else this.client.connect();
  }

  /** Suggests something to an agent. Errors: `Refused`. */
  async prompt(agent: string, text: string): Promise<Record<string, unknown>> {
    try {
      const { data } = await this.client.rpc("prompt", { agent_id: agent, text });
      return isRecord(data) ? data : {};
    } catch (error) {
      throw refusalOf(error);
    }
  }

  private askIn(ms: number): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      if (this.client.state === "connected") void this.ask();
    }, ms);
  }

  private async ask(): Promise<void> {
    clearTimeout(this.timer);
    const { view } = this;
    const text = JSON.stringify(view);
    if (view === null || text === this.sent) return;
    this.sent = text;
    this.askedAtMs = performance.now();
    try {
      const { data } = await this.client.rpc("spectate", view);
      if (view !== this.view) return;
      this.attempts = 0;
      // An empty region sends no frame that would tell that the old picture is over.
      clearTimeout(this.staleTimer);
      this.staleTimer = setTimeout(() => this.freshen(), STALE_MS);
      this.listener.onState("online", "");
      if (isRecord(data) && typeof data["region"] === "string") {
        this.listener.onLooking({ region: data["region"], agent: typeof data["agent"] === "string" ? data["agent"] : null });
      }
    } catch (error) {
      this.sent = "";
      if (view === this.view && this.client.state === "connected") this.fail(view, refusalOf(error));
    }
  }

  private fail(view: View, refusal: Refused): void {
    if (FINAL.has(refusal.code) && "agent" in view.target) {
      this.listener.onLost(view.target.agent);
      return;
    }
    this.listener.onState("failing", refusal.message);
    this.askIn(this.nextDelayMs());
  }

  private comeBack(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      if (this.client.state === "disconnected") this.client.connect();
    }, this.nextDelayMs());
  }

  private nextDelayMs(): number {
    this.attempts += 1;
    return Math.min(RETRY_MAX_MS, RETRY_MIN_MS * 2 ** (this.attempts - 1));
  }

  // After a reconnection the old picture stays until the first piece of the new one is there.
  private freshen(): void {
    if (!this.isStale) return;
    this.isStale = false;
    this.listener.onFresh();
  }
}

// A refusal on the socket reads `code: detail`.
function refusalOf(error: unknown): Refused {
  const message = isRecord(error) || error instanceof Error ? (error as { message?: unknown }).message : undefined;
  const text = typeof message === "string" ? message : "no answer";
  const found = /^([a-z_]+): (.*)$/s.exec(text);
  return new Refused(found?.[1] ?? "unavailable", found?.[2] ?? text);
}
