// What is published, as it comes: bounded, written once a frame however fast it comes, with textContent only.
import type { Message } from "../channels/message";
import { MESSAGES_MAX } from "../limits";
import { element, make } from "./dom";

// From the end by less than this, the reader is following along, and new messages scroll into view.
const FOLLOWING_PX = 48;

/** Writes messages into the list. */
export class Messages {
  private readonly box = element("messages-box", HTMLElement);
  private readonly list = element("messages", HTMLElement);
  private readonly empty = element("messages-empty", HTMLElement);
  private readonly pause = element("pause", HTMLButtonElement);
  private waiting: HTMLElement[] = [];
  private missed = 0;
  private frame: number | null = null;

  constructor() {
    this.pause.addEventListener("click", () => this.setPaused(!this.isPaused));
  }

  /** Adds a message after the others. */
  add(message: Message): void {
    this.queue(itemOf(message));
    if (!this.isPaused) return;
    this.missed += 1;
    this.pause.textContent = `Go on (${this.missed > MESSAGES_MAX ? `over ${MESSAGES_MAX}` : this.missed} new)`;
  }

  /** Says that something may be missing here. */
  addGap(): void {
    this.queue(make("li", "gap", "The connection was lost here: messages may be missing."));
  }

  /** Puts what was published before in front of all. */
  addPast(past: readonly Message[]): void {
    const items = past.map(itemOf);
    if (items.length === 0) return;
    items.push(make("li", "gap", "What is above was published before you came."));
    this.list.prepend(...items);
    this.settle(true);
  }

  /** Removes all. */
  clear(): void {
    this.waiting = [];
    this.setPaused(false);
    this.list.replaceChildren();
    this.empty.hidden = false;
  }

  private get isPaused(): boolean {
    return this.pause.getAttribute("aria-pressed") === "true";
  }

  private setPaused(isPaused: boolean): void {
    this.missed = 0;
    this.pause.setAttribute("aria-pressed", String(isPaused));
    this.pause.textContent = isPaused ? "Go on" : "Pause";
    if (!isPaused) this.writeSoon();
  }

  private queue(item: HTMLElement): void {
    this.waiting.push(item);
    if (this.waiting.length > MESSAGES_MAX) this.waiting.shift();
    if (!this.isPaused) this.writeSoon();
  }

  private writeSoon(): void {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = null;
      if (this.isPaused || this.waiting.length === 0) return;
      const { box } = this;
      const isFollowing = box.scrollHeight - box.scrollTop - box.clientHeight < FOLLOWING_PX;
      this.list.append(...this.waiting.splice(0));
      this.settle(isFollowing);
    });
  }

  private settle(isFollowing: boolean): void {
    while (this.list.childElementCount > MESSAGES_MAX) this.list.firstElementChild?.remove();
    this.empty.hidden = this.list.childElementCount > 0;
    if (isFollowing) this.box.scrollTop = this.box.scrollHeight;
  }
}

function itemOf({ sender, atMs, text, isText }: Message): HTMLElement {
  const item = make("li", "message");
  const head = make("p", "message-head");
  head.append(make("bdi", "who", sender));
  const date = atMs === null ? null : new Date(atMs);
  if (date !== null && Number.isFinite(date.getTime())) {
    const time = make("time", "", date.toLocaleTimeString());
    time.dateTime = date.toISOString();
    time.title = date.toLocaleString();
    head.append(time);
  }
  item.append(head, make("pre", isText ? "payload words" : "payload", text));
  return item;
}
