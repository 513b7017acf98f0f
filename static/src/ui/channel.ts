// One channel: what is said of it, what is published on it, who is there, and the way to publish.
import { fetchAdvert, fetchLocks, type Advert } from "../channels/advert";
import { readName } from "../channels/address";
import { jsonText } from "../channels/json";
import { readMessage } from "../channels/message";
import { PRESENT_MAX, SCHEMA_CHARS_MAX } from "../limits";
import { INVALID_TOKEN, Listening, type ListeningState } from "../wire/listening";
import { cleanBlock, cleanName, cleanText } from "../world/text";
import { ClosedNotice } from "./closed";
import { element, make, setText } from "./dom";
import { Identity } from "./identity";
import { Messages } from "./messages";
import { Publisher } from "./publisher";

/** Shows one channel at a time. */
export class ChannelView {
  private readonly box = element("channel", HTMLElement);
  private readonly identity = new Identity(() => this.tokenChanged());
  private readonly publisher = new Publisher(() => this.identity.token);
  private readonly messages = new Messages();
  private readonly closed = new ClosedNotice(() => this.identity.token, () => this.listen(true), () => this.listen(this.hasToken));
  private listening: Listening | null = null;
  private channel: string | null = null;
  private isLocked = false;
  private hasToken = false;
  private state: ListeningState = "connecting";
  private code = 0;
  private reason = "";

  constructor(private readonly socket: string, private readonly onState: (state: ListeningState | "idle", reason: string) => void) {}

  /** Shows a channel; null for none. */
  open(channel: string | null): void {
    if (channel === this.channel) return;
    this.channel = channel;
    this.box.hidden = channel === null;
    this.listening?.close();
    this.listening = null;
    this.messages.clear();
    if (channel === null) return this.onState("idle", "");
    this.isLocked = false;
    setText(element("channel-name", HTMLElement).firstElementChild ?? this.box, cleanText(channel, 255));
    const owner = readName(channel)?.owner ?? null;
    setText(element("channel-owner", HTMLElement), owner === null ? "" : `of ${cleanText(owner, 64)}`);
    this.describe(channel, null);
    this.allowPublishing(channel);
    this.listen(false);
    void this.learn(channel, owner);
  }

  // Whom nobody knows may hear less, but brings nobody into the world: the token is used for listening when the visitor asks for it.
  private listen(withToken: boolean): void {
    const { channel } = this;
    if (channel === null) return;
    this.listening?.close();
    this.hasToken = withToken && this.identity.token !== "";
    this.showPresence(new Map());
    const isKept = readName(channel)?.namespace === "public";
    element("presence", HTMLElement).hidden = !isKept;
    this.listening = new Listening(this.socket, channel, this.hasToken ? this.identity.token : "", isKept, {
      onState: (state, code, reason) => this.stateIs(state, code, reason),
      onPast: (past) => this.messages.addPast(past.map(readMessage)),
      onMessage: (data) => this.messages.add(readMessage(data)),
      onGap: () => this.messages.addGap(),
      onPresence: (users) => this.showPresence(users),
    });
  }

  private stateIs(state: ListeningState, code: number, reason: string): void {
    this.state = state;
    this.code = code;
    this.reason = cleanText(reason, 160);
    this.showState();
    this.onState(state, this.reason);
  }

  private async learn(channel: string, owner: string | null): Promise<void> {
    if (owner === null) return;
    const [advert, locks] = await Promise.all([fetchAdvert(channel), fetchLocks(owner)]);
    if (channel !== this.channel) return;
    this.isLocked = locks?.has(channel) ?? false;
    if (advert !== null) this.describe(channel, advert);
    this.showState();
  }

  private describe(channel: string, advert: Advert | null): void {
    setText(element("channel-about", HTMLElement), advert?.description ?? "");
    const schema = advert?.schema ?? null;
    element("schema-box", HTMLElement).hidden = schema === null;
    setText(element("schema", HTMLElement), schema === null ? "" : cleanBlock(typeof schema === "string" ? schema : jsonText(schema), SCHEMA_CHARS_MAX));
    this.publisher.open(channel, advert);
  }

  private showState(): void {
    const { channel, state, isLocked } = this;
    if (channel === null) return;
    element("channel-locked", HTMLElement).hidden = !isLocked;
    element("messages-empty", HTMLElement).textContent = state === "live" ? "Nothing yet. What is published from now on appears here." : "";
    if (state !== "refused") return this.closed.show(channel, null);
    const hasBadToken = this.code === INVALID_TOKEN;
    const words = hasBadToken ? "Your token is not taken." : isLocked ? "This channel is locked: only its owner and who was let in hear it." : `You cannot listen: ${this.reason}.`;
    this.closed.show(channel, { words, isLocked, mayListen: this.identity.token !== "" && !this.hasToken, mayRetry: this.hasToken || !isLocked });
  }

  private showPresence(users: ReadonlyMap<string, number>): void {
    const names = [...users].sort(([a], [b]) => a.localeCompare(b));
    const items = names.slice(0, PRESENT_MAX).map(([user, times]) => {
      const item = make("li");
      item.append(make("bdi", "", user === "" ? "without a name" : cleanName(user)), times > 1 ? ` × ${times}` : "");
      return item;
    });
    if (names.length > PRESENT_MAX) items.push(make("li", "quiet", `and ${names.length - PRESENT_MAX} more`));
    element("present", HTMLElement).replaceChildren(...items);
    setText(element("presence-count", HTMLElement), String([...users.values()].reduce((sum, times) => sum + times, 0)));
  }

  private tokenChanged(): void {
    if (this.channel === null) return;
    this.allowPublishing(this.channel);
    // Who forgets a token is not listened for with it any more.
    if (this.hasToken) this.listen(true);
    else this.showState();
  }

  private allowPublishing(channel: string): void {
    const named = readName(channel);
    const { token, name } = this.identity;
    const isOthers = named?.namespace === "agent" && token !== "" && name !== null && name !== named.owner;
    const words = named?.namespace === "system" ? "Only the server publishes here." : isOthers ? `Only ${cleanName(named.owner)} publishes here.` : "";
    const note = element("publish-closed", HTMLElement);
    setText(note, words);
    note.hidden = words === "";
    element("identity", HTMLElement).classList.toggle("unneeded", named?.namespace === "system");
    this.publisher.setShown(words === "" && token !== "");
  }
}
