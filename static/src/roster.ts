// The inhabitants as a list of buttons: the canvas for those who use a keyboard or a screen reader.
import { ROSTER_MAX } from "./limits";
import { agentColour } from "./palette";
import type { WorldState } from "./world/world";

/** Lists agents by name; choosing one follows it. */
export class Roster {
  private shown = "";
  private readonly buttons = new Map<string, HTMLButtonElement>();

  constructor(
    private readonly list: HTMLElement,
    private readonly empty: HTMLElement,
    private readonly onChoose: (agentId: string) => void,
  ) {}

  /** Brings the list up to date; does nothing while nobody came, went or changed the name. */
  update(world: WorldState, followed: string | null): void {
    const agents = [...world.agents.values()]
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
    }
  }

  private button(id: string, name: string): HTMLButtonElement {
    let button = this.buttons.get(id);
    if (button === undefined) {
      button = document.createElement("button");
      button.type = "button";
      const dot = document.createElement("span");
      dot.className = "dot";
      dot.style.backgroundColor = agentColour(id);
      button.append(dot, document.createElement("bdi"));
      button.addEventListener("click", () => this.onChoose(id));
      const item = document.createElement("li");
      item.append(button);
      this.buttons.set(id, button);
    }
    const label = button.lastElementChild;
    if (label !== null && label.textContent !== name) label.textContent = name;
    return button;
  }
}
