// The inhabitants as a list of buttons: the picture for those who use a keyboard or a screen reader.
import { ROSTER_MAX } from "../limits";
import { clothColour } from "../people/look";
import type { WorldState } from "../world/world";
import { make, setText } from "./dom";

/** Lists agents by name; choosing one follows it. */
export class Roster {
  private shown = "";
  private wanted = "";
  private readonly buttons = new Map<string, HTMLButtonElement>();

  constructor(
    private readonly list: HTMLElement,
    private readonly empty: HTMLElement,
    find: HTMLInputElement,
    private readonly onChoose: (agentId: string) => void,
  ) {
    find.addEventListener("input", () => {
      this.wanted = find.value.trim().toLowerCase();
    });
  }

  /** The ids in the order of the list. */
  get order(): string[] {
    return [...this.list.querySelectorAll<HTMLElement>("[data-agent]")].map((one) => one.dataset["agent"] ?? "");
  }

  /** Brings the list up to date; does nothing while nobody came, went or changed the name. */
  update(world: WorldState, followed: string | null): void {
    const agents = [...world.agents.values()]
      .filter((agent) => this.wanted === "" || agent.name.toLowerCase().includes(this.wanted) || agent.id.includes(this.wanted))
      .sort((a, b) => a.name.localeCompare(b.name) || a.id.localeCompare(b.id))
      .slice(0, ROSTER_MAX);
    const shown = JSON.stringify(agents.map((agent) => [agent.id, agent.name]));
    if (shown !== this.shown) {
      this.shown = shown;
      this.empty.hidden = agents.length > 0;
      const ids = new Set(agents.map((agent) => agent.id));
      for (const [id, button] of this.buttons) {
        if (ids.has(id)) continue;
        button.parentElement?.remove();
        this.buttons.delete(id);
      }
      // Moving an element takes the focus from it, so those in their right place already stay.
      agents.forEach((agent, index) => {
        const item = this.button(agent.id, agent.name).parentElement;
        const there = this.list.children[index] ?? null;
        if (item !== null && item !== there) this.list.insertBefore(item, there);
      });
    }
    for (const [id, button] of this.buttons) {
      const pressed = String(id === followed);
      if (button.getAttribute("aria-pressed") !== pressed) button.setAttribute("aria-pressed", pressed);
      const status = button.lastElementChild;
      if (status !== null) setText(status, world.agents.get(id)?.status ?? "");
    }
  }

  private button(id: string, name: string): HTMLButtonElement {
    let button = this.buttons.get(id);
    if (button === undefined) {
      button = make("button");
      button.type = "button";
      button.dataset["agent"] = id;
      const dot = make("span", "dot");
      dot.style.backgroundColor = clothColour(id);
      button.append(dot, make("bdi"), make("bdi", "status"));
      button.addEventListener("click", () => this.onChoose(id));
      const item = make("li");
      item.append(button);
      this.buttons.set(id, button);
    }
    const label = button.querySelector("bdi");
    if (label !== null) setText(label, name);
    return button;
  }
}
