// The card of the agent that is watched: who it is, what it does, what it did lately.
import type { Mode } from "../cameras/modes";
import { LATELY_MAX } from "../limits";
import { clothColour } from "../people/look";
import type { Profile } from "../wire/api";
import type { Line } from "../world/describe";
import { element, make, setText } from "./dom";

/** What the card's buttons do. */
export interface CardListener {
  onClose(): void;
  onFollow(): void;
  onEyes(): void;
  onShare(): void;
}

/** Shows an agent. */
export class Card {
  private readonly root = element("card", HTMLElement);
  private readonly name = element("card-name", HTMLElement);
  private readonly status = element("card-status", HTMLElement);
  private readonly lately = element("card-lately", HTMLElement);
  private agent: string | null = null;

  constructor(listener: CardListener) {
    element("card-close", HTMLButtonElement).addEventListener("click", () => listener.onClose());
    element("card-follow", HTMLButtonElement).addEventListener("click", () => listener.onFollow());
    element("card-eyes", HTMLButtonElement).addEventListener("click", () => listener.onEyes());
    element("card-share", HTMLButtonElement).addEventListener("click", () => listener.onShare());
  }

  /** Shows another agent, or nobody. */
  open(agent: string | null, name: string): void {
    if (agent === this.agent) return;
    this.agent = agent;
    this.root.hidden = agent === null;
    document.body.classList.toggle("has-card", agent !== null);
    this.lately.replaceChildren();
    element("card-about", HTMLElement).textContent = "";
    element("card-facts", HTMLElement).replaceChildren();
    if (agent === null) return;
    this.setName(name);
    this.setStatus("");
    element("card-dot", HTMLElement).style.backgroundColor = clothColour(agent);
  }

  setName(name: string): void {
    const bdi = this.name.querySelector("bdi");
    if (bdi !== null) setText(bdi, name);
  }

  /** Shows what it does now. */
  setStatus(status: string): void {
    setText(this.status, status);
  }

  /** Shows which camera goes along with it. */
  showMode(mode: Mode): void {
    element("card-follow", HTMLButtonElement).setAttribute("aria-pressed", String(mode === "follow"));
    element("card-eyes", HTMLButtonElement).setAttribute("aria-pressed", String(mode === "first_person"));
  }

  /** Shows what is public of it. */
  setProfile(profile: Profile, region: string | null): void {
    if (profile.id !== this.agent) return;
    this.setName(profile.name);
    setText(element("card-about", HTMLElement), profile.description);
    const facts: [string, string][] = [["Handle", profile.id]];
    if (region !== null) facts.push(["Region", region]);
    if (profile.messages !== null) facts.push(["Said", profile.messages.toLocaleString("en")]);
    if (profile.actions !== null) facts.push(["Deeds", profile.actions.toLocaleString("en")]);
    if (profile.onlineS !== null) facts.push(["Here", duration(profile.onlineS)]);
    element("card-facts", HTMLElement).replaceChildren(
      ...facts.map(([term, text]) => {
        const pair = make("div");
        const value = make("dd");
        value.append(make("bdi", "", text));
        pair.append(make("dt", "", term), value);
        return pair;
      }),
    );
    const isOpen = profile.acceptsPrompts;
    element("prompt", HTMLFormElement).hidden = !isOpen;
    element("prompt-closed", HTMLElement).hidden = isOpen;
  }

  /** Adds what it said or did. */
  add(line: Line, clock: string): void {
    if (line.source !== this.agent) return;
    const item = make("li");
    item.append(make("bdi", line.isQuoted ? "words" : "deed", line.text), make("time", "", clock));
    this.lately.prepend(item);
    while (this.lately.childElementCount > LATELY_MAX) this.lately.lastElementChild?.remove();
  }
}

function duration(seconds: number): string {
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} days`;
}
