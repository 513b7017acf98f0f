// The event log: a bounded list of lines with filters, written with textContent only.
import { LOG_LINES_MAX } from "../limits";
import type { Kind, Line } from "../world/describe";
import { make } from "./dom";

// From the end by less than this, the reader is following along, and new lines scroll into view.
const FOLLOWING_PX = 48;

/** What can be filtered, and the words on the button. */
const FILTERS: readonly { name: string; title: string; kinds: readonly Kind[] }[] = [
  { name: "speech", title: "Talk", kinds: ["speech"] },
  { name: "emote", title: "Gestures", kinds: ["emote"] },
  { name: "payment", title: "Trade", kinds: ["payment"] },
  { name: "ways", title: "Comings", kinds: ["arrival", "departure"] },
  { name: "other", title: "Deeds", kinds: ["other"] },
];

/** Writes lines into a list element. */
export class EventLog {
  private readonly hidden = new Set<Kind>();
  private only: string | null = null;

  constructor(
    private readonly list: HTMLElement,
    private readonly empty: HTMLElement,
    filters: HTMLElement,
    private readonly onChoose: (agentId: string) => void,
  ) {
    for (const filter of FILTERS) filters.append(this.button(filter));
    list.addEventListener("click", (event) => {
      const who = (event.target as Element).closest<HTMLElement>("[data-agent]");
      if (who?.dataset["agent"] !== undefined) this.onChoose(who.dataset["agent"]);
    });
  }

  /** Adds a line at `clock`, the world's hour as text, and lets the oldest go. */
  add(line: Line, clock: string, colour: string): void {
    const box = this.list.parentElement ?? this.list;
    const isFollowing = box.scrollHeight - box.scrollTop - box.clientHeight < FOLLOWING_PX;
    const item = make("li");
    item.dataset["kind"] = line.kind;
    item.dataset["source"] = line.source;
    const dot = make("span", "dot");
    dot.style.backgroundColor = colour;
    dot.setAttribute("aria-hidden", "true");
    // <bdi> keeps right-to-left words from turning the rest of the line around.
    const who = make("bdi", "who", line.who);
    const text = make("bdi", line.isQuoted ? "words" : "deed", line.text);
    if (line.source === "") item.append(dot, who);
    else {
      const choose = make("button", "name");
      choose.type = "button";
      choose.dataset["agent"] = line.source;
      choose.append(who);
      item.append(dot, choose);
    }
    item.append(" ", text, make("time", "", clock));
    item.hidden = !this.isShown(item);
    this.list.append(item);
    while (this.list.childElementCount > LOG_LINES_MAX) this.list.firstElementChild?.remove();
    this.empty.hidden = true;
    if (isFollowing) box.scrollTop = box.scrollHeight;
  }

  /** Shows only what this agent did, or what all did. */
  showOnly(agentId: string | null): void {
    if (agentId === this.only) return;
    this.only = agentId;
    this.filter();
  }

  /** Removes all lines. */
  clear(): void {
    this.list.replaceChildren();
    this.empty.hidden = false;
  }

  /** Returns the lines that are shown as `who text`, oldest first. */
  lines(): string[] {
    return Array.from(this.list.children)
      .filter((item) => !(item as HTMLElement).hidden)
      .map((item) => Array.from(item.querySelectorAll("bdi"), (part) => part.textContent ?? "").join(" "));
  }

  private button({ name, title, kinds }: (typeof FILTERS)[number]): HTMLButtonElement {
    const button = make("button", "chip", title);
    button.type = "button";
    button.dataset["filter"] = name;
    button.setAttribute("aria-pressed", "true");
    button.addEventListener("click", () => {
      const isOn = button.getAttribute("aria-pressed") !== "true";
      button.setAttribute("aria-pressed", String(isOn));
      for (const kind of kinds) {
        if (isOn) this.hidden.delete(kind);
        else this.hidden.add(kind);
      }
      this.filter();
    });
    return button;
  }

  private filter(): void {
    for (const item of this.list.children) (item as HTMLElement).hidden = !this.isShown(item as HTMLElement);
    const box = this.list.parentElement ?? this.list;
    box.scrollTop = box.scrollHeight;
  }

  private isShown(item: HTMLElement): boolean {
    if (this.hidden.has((item.dataset["kind"] ?? "other") as Kind)) return false;
    return this.only === null || item.dataset["source"] === this.only;
  }
}
