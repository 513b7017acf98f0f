// Names over heads: a few elements that are used again and again, so many as fit without covering anything.
import { LABELS_MAX } from "../limits";
import type { People } from "../people/people";
import type { Person } from "../people/person";
import { make, setText } from "./dom";
import type { Layout } from "./layout";

const CHOOSE_EVERY_MS = 180;
const NEAR_M = 46;
const STATUS_M = 18;

interface Slot {
  element: HTMLElement;
  name: HTMLElement;
  status: HTMLElement;
  person: Person | null;
  width: number;
  height: number;
}

/** Draws the names of people. */
export class Labels {
  private readonly slots: Slot[] = [];
  private readonly chosen: Person[] = [];
  private chosenAtMs = 0;

  constructor(private readonly root: HTMLElement) {}

  /** Brings all names to where they belong now; `isFar` says that the camera sees the whole region, and `isHidden` whether a wall is before somebody. */
  update(nowMs: number, people: People, layout: Layout, followed: string | null, hovered: string | null, isFar: boolean, isHidden: (person: Person) => boolean): void {
    if (nowMs - this.chosenAtMs > CHOOSE_EVERY_MS) {
      this.chosenAtMs = nowMs;
      this.choose(nowMs, people, followed, hovered, isFar, isHidden);
    }
    for (const slot of this.slots) {
      const { person, element, width, height } = slot;
      const isThere = person !== null && person.isOnScreen && person.presence > 0.5 && people.byId.get(person.agent.id) === person;
      const isSeen = isThere && layout.take(person.screenX - width / 2, person.screenY - height, width, height, !element.hidden);
      if (element.hidden === isSeen) element.hidden = !isSeen;
      if (isSeen) element.style.transform = `translate(${(person.screenX - width / 2).toFixed(1)}px, ${(person.screenY - height).toFixed(1)}px)`;
    }
  }

  private choose(nowMs: number, people: People, followed: string | null, hovered: string | null, isFar: boolean, isHidden: (person: Person) => boolean): void {
    const { chosen, slots } = this;
    chosen.length = 0;
    const rank = (person: Person): number => {
      const { id } = person.agent;
      if (id === followed) return 0;
      if (id === hovered) return 1;
      return person.distance * (nowMs < person.talksUntilMs ? 0.4 : 1) + 2;
    };
    const reach = isFar ? Number.POSITIVE_INFINITY : NEAR_M;
    for (const person of people.list) {
      const { id } = person.agent;
      if (!person.isOnScreen || id === people.hidden) continue;
      const isAsked = id === followed || id === hovered;
      if (isAsked || (person.distance < reach && (isFar || !isHidden(person)))) chosen.push(person);
    }
    chosen.sort((a, b) => rank(a) - rank(b));
    chosen.length = Math.min(chosen.length, LABELS_MAX);
    // Who has a slot keeps it: an element that jumps from one to another flickers.
    for (const slot of slots) if (slot.person !== null && !chosen.includes(slot.person)) slot.person = null;
    for (const person of chosen) this.write(slots.find((one) => one.person === person) ?? this.freeSlot(), person, followed);
    slots.sort((a, b) => place(a, chosen) - place(b, chosen));
  }

  private write(slot: Slot, person: Person, followed: string | null): void {
    const { id, name, status } = person.agent;
    const shown = person.distance < STATUS_M || id === followed ? status : "";
    slot.person = person;
    const isSame = slot.name.textContent === name && slot.status.textContent === shown && slot.width > 0;
    slot.element.classList.toggle("followed", id === followed);
    if (isSame) return;
    setText(slot.name, name);
    setText(slot.status, shown);
    // Measured when the words change: asking each frame would lay out the page each frame.
    const wasHidden = slot.element.hidden;
    slot.element.hidden = false;
    slot.width = slot.element.offsetWidth;
    slot.height = slot.element.offsetHeight;
    slot.element.hidden = wasHidden;
  }

  private freeSlot(): Slot {
    const free = this.slots.find((slot) => slot.person === null);
    if (free !== undefined) return free;
    const slot: Slot = { element: make("div", "label"), name: make("bdi", "label-name"), status: make("bdi", "label-status"), person: null, width: 0, height: 0 };
    slot.element.append(slot.name, slot.status);
    slot.element.hidden = true;
    this.root.append(slot.element);
    this.slots.push(slot);
    return slot;
  }
}

function place({ person }: Slot, chosen: readonly Person[]): number {
  const at = person === null ? -1 : chosen.indexOf(person);
  return at < 0 ? chosen.length : at;
}
