// Suggestions to an agent, and what became of each: sent, in its inbox, refused, and what it did since.
import { PROMPTS_SHOWN_MAX } from "../limits";
import { Refused } from "../wire/connection";
import type { Line } from "../world/describe";
import { cleanText } from "../world/text";
import { numberOr } from "../wire/frame";
import { element, make, setText } from "./dom";

// What an agent does this long after a suggestion is shown below it. Units: milliseconds.
const SINCE_MS = 90_000;

type Fate = "sending" | "queued" | "refused";

interface Sent {
  agent: string;
  item: HTMLElement;
  fate: HTMLElement;
  queuedAtMs: number | null;
  hasSince: boolean;
}

const REASONS: Readonly<Record<string, string>> = {
  permission_missing: "Refused: it takes no suggestions.",
  rate_limited: "Refused: too many suggestions. Wait a little.",
  not_in_world: "Refused: it is not in the world now.",
  agent_not_found: "Refused: nobody of that name.",
};

/** The form and the list of what was sent. */
export class Prompts {
  private readonly list = element("prompt-fates", HTMLElement);
  private readonly input = element("prompt-text", HTMLInputElement);
  private readonly sent: Sent[] = [];
  private agent: string | null = null;

  constructor(private readonly send: (agent: string, text: string) => Promise<Record<string, unknown>>) {
    element("prompt", HTMLFormElement).addEventListener("submit", (event) => {
      event.preventDefault();
      const text = this.input.value.trim();
      if (text !== "" && this.agent !== null) void this.suggest(this.agent, text);
    });
  }

  /** Shows what was sent to another agent. */
  open(agent: string | null): void {
    if (agent === this.agent) return;
    this.agent = agent;
    this.input.value = "";
    this.list.replaceChildren(...this.sent.filter((one) => one.agent === agent).map((one) => one.item));
  }

  /** Takes what an agent did: the first thing after a suggestion is shown with it, as what it is: what came next. */
  note(line: Line, nowMs: number): void {
    for (const one of this.sent) {
      if (one.agent !== line.source || one.hasSince || one.queuedAtMs === null || nowMs - one.queuedAtMs > SINCE_MS) continue;
      one.hasSince = true;
      one.item.append(make("bdi", "since", line.isQuoted ? `Next it said: “${line.text}”` : `Next it ${line.text}`));
    }
  }

  private async suggest(agent: string, text: string): Promise<void> {
    const item = make("li");
    const fate = make("span", "fate");
    item.append(make("bdi", "asked", cleanText(text, 500)), fate);
    const one: Sent = { agent, item, fate, queuedAtMs: null, hasSince: false };
    this.sent.unshift(one);
    while (this.sent.length > PROMPTS_SHOWN_MAX) this.sent.pop()?.item.remove();
    this.list.prepend(item);
    show(one, "sending", "Sending …");
    try {
      const receipt = await this.send(agent, text);
      const number = numberOr(receipt["seq"], null);
      one.queuedAtMs = performance.now();
      this.input.value = "";
      show(one, "queued", `In its inbox${number === null ? "" : `, on disk as #${number}`}. What it makes of it is its own affair.`);
    } catch (error) {
      const code = error instanceof Refused ? error.code : "";
      show(one, "refused", REASONS[code] ?? `Not sent: ${cleanText(error instanceof Error ? error.message : "", 120)}`);
    }
  }
}

function show({ item, fate }: Sent, state: Fate, words: string): void {
  item.dataset["fate"] = state;
  setText(fate, words);
}
