// The event log: a bounded list of lines, written with textContent only.
import type { Line } from "./world/describe";
import { LOG_LINES_MAX } from "./limits";

// From the end by less than this, the reader is following along, and new lines scroll into view.
const FOLLOWING_PX = 48;

/** Writes lines into a list element. */
export class EventLog {
  constructor(private readonly list: HTMLElement, private readonly empty: HTMLElement) {}

  /** Adds a line at `clock`, the world's hour as text, and lets the oldest go. */
  add(line: Line, clock: string, colour: string): void {
    const box = this.list.parentElement ?? this.list;
    const isFollowing = box.scrollHeight - box.scrollTop - box.clientHeight < FOLLOWING_PX;
    const item = document.createElement("li");
    item.dataset["kind"] = line.kind;
    const dot = document.createElement("span");
    dot.className = "dot";
    dot.style.backgroundColor = colour;
    dot.setAttribute("aria-hidden", "true");
    // <bdi> keeps right-to-left words from turning the rest of the line around.
    const who = document.createElement("bdi");
    who.className = "who";
    who.textContent = line.who;
    const text = document.createElement("bdi");
    text.className = line.isQuoted ? "words" : "deed";
    text.textContent = line.text;
    const time = document.createElement("time");
    time.textContent = clock;
    item.append(dot, who, " ", text, time);
    this.list.append(item);
    while (this.list.childElementCount > LOG_LINES_MAX) this.list.firstElementChild?.remove();
    this.empty.hidden = true;
    if (isFollowing) box.scrollTop = box.scrollHeight;
  }

  /** Removes all lines. */
  clear(): void {
    this.list.replaceChildren();
    this.empty.hidden = false;
  }

  /** Returns the lines as `who text`, oldest first. */
  lines(): string[] {
    return Array.from(this.list.children, (item) =>
      Array.from(item.querySelectorAll("bdi"), (part) => part.textContent ?? "").join(" "),
    );
  }
}
