// The socket of the page of channels: one channel at a time, with who is there and what was published before.
import { Centrifuge, type PublicationContext, type SubscribedContext, type Subscription } from "centrifuge";
import { HISTORY_ASKED_MAX } from "../limits";

/** Where listening to a channel stands; `refused` until somebody asks again. */
export type ListeningState = "connecting" | "live" | "refused";

/** What a channel tells the page. */
export interface ChannelListener {
  /** `code`: the protocol's number of a refusal, else 0. */
  onState(state: ListeningState, code: number, reason: string): void;
  /** Old ones first. */
  onPast(publications: unknown[]): void;
  onMessage(data: unknown): void;
  /** Messages may be missing here. */
  onGap(): void;
  /** Users with how many times each is there; the empty name is nobody known. */
  onPresence(users: Map<string, number>): void;
}

/** The protocol's number of a connection that was closed for its token. */
export const INVALID_TOKEN = 3500;

const TIMEOUT_MS = 20_000;
const PRESENCE_EVERY_MS = 2_000;
const COME_BACK_MS = 5_000;

/** Listens to one channel; closed once, it is done. */
export class Listening {
  private readonly client: Centrifuge;
  private readonly subscription: Subscription;
  private presenceTimer: ReturnType<typeof setTimeout> | undefined;
  private backTimer: ReturnType<typeof setTimeout> | undefined;
  private wasLive = false;
  private isClosed = false;

  /** `token`: empty for a visitor without a name. `isKept`: whether the server keeps a history and a presence of this channel. */
  constructor(
    url: string,
    channel: string,
    token: string,
    private readonly isKept: boolean,
    private readonly listener: ChannelListener,
  ) {
    this.client = new Centrifuge(url, { name: "rookery-channels", token, maxReconnectDelay: 8_000, timeout: TIMEOUT_MS });
    this.subscription = this.client.newSubscription(channel, isKept ? { joinLeave: true } : {});
    this.client.on("connecting", (ctx) => this.tell("connecting", 0, ctx.code === 0 ? "" : ctx.reason));
    this.client.on("disconnected", (ctx) => this.disconnected(ctx.code, ctx.reason));
    this.subscription.on("subscribing", () => this.tell("connecting", 0, ""));
    this.subscription.on("subscribed", (ctx) => this.subscribed(ctx));
    this.subscription.on("unsubscribed", (ctx) => this.tell("refused", ctx.code, ctx.reason));
    this.subscription.on("publication", (ctx: PublicationContext) => {
      if (!this.isClosed) listener.onMessage(ctx.data);
    });
    this.subscription.on("join", () => this.askPresenceSoon());
    this.subscription.on("leave", () => this.askPresenceSoon());
    this.subscription.subscribe();
    this.client.connect();
  }

  /** Ends it; nothing is told any more. */
  close(): void {
    this.isClosed = true;
    clearTimeout(this.presenceTimer);
    clearTimeout(this.backTimer);
    this.client.disconnect();
  }

  private tell(state: ListeningState, code: number, reason: string): void {
    if (!this.isClosed) this.listener.onState(state, code, reason);
  }

  // The SDK takes some codes for final. A token that is refused stays so; anything else may be over soon.
  private disconnected(code: number, reason: string): void {
    this.tell("refused", code, reason);
    if (this.isClosed || code === INVALID_TOKEN) return;
    this.backTimer = setTimeout(() => this.client.connect(), COME_BACK_MS);
  }

  private subscribed(ctx: SubscribedContext): void {
    this.tell("live", 0, "");
    if (this.wasLive && !(ctx.wasRecovering && ctx.recovered)) this.listener.onGap();
    if (this.isKept && !this.wasLive) void this.askPast(ctx.streamPosition?.offset ?? null);
    if (this.isKept) this.askPresenceSoon(0);
    this.wasLive = true;
  }

  // What came since is told anyway.
  private async askPast(upTo: number | null): Promise<void> {
    try {
      const { publications } = await this.subscription.history({ limit: HISTORY_ASKED_MAX, reverse: true });
      const past = publications.filter(({ offset }) => upTo === null || offset === undefined || offset <= upTo);
      if (!this.isClosed) this.listener.onPast(past.reverse().map(({ data }) => data as unknown));
    } catch {
      // The channel is live without its past.
    }
  }

  private askPresenceSoon(inMs = PRESENCE_EVERY_MS): void {
    if (inMs > 0 && this.presenceTimer !== undefined) return;
    clearTimeout(this.presenceTimer);
    this.presenceTimer = setTimeout(() => {
      this.presenceTimer = undefined;
      void this.askPresence();
    }, inMs);
  }

  private async askPresence(): Promise<void> {
    try {
      const { clients } = await this.subscription.presence();
      const users = new Map<string, number>();
      // Who is nobody known has none.
      for (const user of Object.values(clients).map((client) => client.user ?? "")) users.set(user, (users.get(user) ?? 0) + 1);
      if (!this.isClosed) this.listener.onPresence(users);
    } catch {
      // Who is there stays unknown until somebody comes or goes.
    }
  }
}
