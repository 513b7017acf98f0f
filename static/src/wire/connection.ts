// The one socket of the page: the official SDK reconnects, we ask for our view again each time.
import { Centrifuge } from "centrifuge";
import { isRecord, type Frame } from "./frame";

/** What the connection tells the page. */
export interface Listener {
  /** `online`, `connecting`, `refused` (a terminal answer) or `failing` (connected, but the region is not shown yet). */
  onState(state: ConnectionState, reason: string): void;
  /** The connect reply's `data`, after every connect. */
  onHello(data: Record<string, unknown>): void;
  /** A view begins anew: everything seen before is stale. */
  onFresh(region: string): void;
  onFrame(region: string, frame: Frame): void;
}

/** Where the connection stands. */
export type ConnectionState = "connecting" | "online" | "failing" | "refused";

const SPECTATE_RETRY_MIN_MS = 1_000;
const SPECTATE_RETRY_MAX_MS = 30_000;
const CHANNEL_PREFIX = "region:";

/** Connects without a token and watches one region at a time. */
export class Connection {
  private readonly client: Centrifuge;
  private region = "";
  private attempts = 0;
  private retry: ReturnType<typeof setTimeout> | undefined;

  constructor(url: string, private readonly listener: Listener) {
    this.client = new Centrifuge(url, { name: "rookery-web", maxReconnectDelay: 10_000 });
    this.client.on("connecting", (ctx) => listener.onState("connecting", ctx.code === 0 ? "" : ctx.reason));
    this.client.on("disconnected", (ctx) => listener.onState("refused", `${ctx.reason} (${ctx.code})`));
    this.client.on("connected", (ctx) => {
      if (isRecord(ctx.data)) listener.onHello(ctx.data);
      this.attempts = 0;
      void this.spectate();
    });
    this.client.on("publication", (ctx) => {
      if (!ctx.channel.startsWith(CHANNEL_PREFIX) || !isRecord(ctx.data)) return;
      listener.onFrame(ctx.channel.slice(CHANNEL_PREFIX.length), ctx.data as Frame);
    });
  }

  /** Watches `region` from now on, connecting when that has not happened yet. */
  watch(region: string): void {
    this.region = region;
    this.attempts = 0;
    if (this.client.state === "connected") void this.spectate();
    else this.client.connect();
  }

  /** Tries again now, after a refusal or a long wait. */
  again(): void {
    this.watch(this.region);
  }

  private async spectate(): Promise<void> {
    clearTimeout(this.retry);
    const region = this.region;
    // Frames may overtake the answer, so the view is emptied before the question, not after the answer.
    this.listener.onFresh(region);
    try {
      await this.client.rpc("spectate", { target: { region }, mode: "overview" });
      if (region === this.region) this.listener.onState("online", "");
    } catch (error) {
      if (region !== this.region || this.client.state !== "connected") return;
      this.listener.onState("failing", messageOf(error));
      const delay = Math.min(SPECTATE_RETRY_MAX_MS, SPECTATE_RETRY_MIN_MS * 2 ** this.attempts);
      this.attempts += 1;
      this.retry = setTimeout(() => {
        if (this.client.state === "connected") void this.spectate();
      }, delay);
    }
  }
}

function messageOf(error: unknown): string {
  return isRecord(error) && typeof error["message"] === "string" ? error["message"] : "the region cannot be shown";
}
