// Names over heads and places: a few elements that are used again and again, so many as fit without covering each other.
import { Vector3, type PerspectiveCamera } from "three";
import { LABELS_MAX } from "../limits";
import type { People } from "../people/people";
import type { Person } from "../people/person";
import type { Landscape } from "../scene/landscape";
import { make, setText } from "./dom";

const CHOOSE_EVERY_MS = 180;
const NEAR_M = 42;
const STATUS_M = 16;
const WIDTH_PX = 120;
const HEIGHT_PX = 24;

interface Slot {
  element: HTMLElement;
  name: HTMLElement;
  status: HTMLElement;
  person: Person | null;
}

/** Draws the names of people and places. */
export class Labels {
  private readonly slots: Slot[] = [];
  private readonly chosen: Person[] = [];
  private readonly places: { element: HTMLElement; at: Vector3 }[] = [];
  private readonly point = new Vector3();
  private chosenAtMs = 0;

  constructor(private readonly root: HTMLElement) {}

  /** Names the places of another region. */
  open(landscape: Landscape): void {
    for (const { element } of this.places) element.remove();
    this.places.length = 0;
    for (const { place, look, kind } of landscape.plan.sites) {
      const element = make("bdi", "place", place.name);
      this.root.append(element);
      const up = look.building === null ? 4.5 : kind === "landmark" ? 26 : 8;
      this.places.push({ element, at: new Vector3(place.x, place.y, landscape.heights.at(place.x, place.y) + up) });
    }
    this.chosenAtMs = 0;
  }

  /** Brings all names to where they belong now; `isFar` says that the camera sees the whole region. */
  update(nowMs: number, people: People, camera: PerspectiveCamera, size: { width: number; height: number }, followed: string | null, hovered: string | null, isFar: boolean): void {
    if (nowMs - this.chosenAtMs > CHOOSE_EVERY_MS) {
      this.chosenAtMs = nowMs;
      this.choose(nowMs, people, followed, hovered, isFar);
    }
    for (const slot of this.slots) {
      const { person, element } = slot;
      const isSeen = person !== null && person.isOnScreen && person.presence > 0.5;
      if (element.hidden === isSeen) element.hidden = !isSeen;
      if (isSeen) element.style.transform = at(person.screenX, person.screenY);
    }
    this.showPlaces(camera, size, isFar);
  }

  private choose(nowMs: number, people: People, followed: string | null, hovered: string | null, isFar: boolean): void {
    const { chosen } = this;
    chosen.length = 0;
    const rank = (person: Person): number => {
      const { id } = person.agent;
      if (id === followed) return 0;
      if (id === hovered) return 1;
      return person.distance * (nowMs < person.talksUntilMs ? 0.4 : 1) + 2;
    };
    const reach = isFar ? 0 : NEAR_M;
    for (const person of people.list) {
      const { id } = person.agent;
      if (!person.isOnScreen || id === people.hidden) continue;
      if (id === followed || id === hovered || person.distance < reach) chosen.push(person);
    }
    chosen.sort((a, b) => rank(a) - rank(b));
    let kept = 0;
    for (const person of chosen) {
      if (kept >= LABELS_MAX) break;
      if (covers(chosen, kept, person)) continue;
      chosen[kept] = person;
      kept += 1;
    }
    chosen.length = kept;
    // Who has a slot keeps it: an element that jumps from one to another flickers.
    for (const slot of this.slots) if (slot.person !== null && !chosen.includes(slot.person)) slot.person = null;
    for (const person of chosen) {
      const slot = this.slots.find((one) => one.person === person) ?? this.freeSlot();
      slot.person = person;
      const { id, name, status } = person.agent;
      setText(slot.name, name);
      setText(slot.status, person.distance < STATUS_M || id === followed ? status : "");
      slot.element.classList.toggle("followed", id === followed);
    }
  }

  private freeSlot(): Slot {
    const free = this.slots.find((slot) => slot.person === null);
    if (free !== undefined) return free;
    const slot: Slot = { element: make("div", "label"), name: make("bdi", "label-name"), status: make("bdi", "label-status"), person: null };
    slot.element.append(slot.name, slot.status);
    slot.element.hidden = true;
    this.root.append(slot.element);
    this.slots.push(slot);
    return slot;
  }

  private showPlaces(camera: PerspectiveCamera, { width, height }: { width: number; height: number }, isFar: boolean): void {
    const { point } = this;
    for (const { element, at: spot } of this.places) {
      const away = spot.distanceTo(camera.position);
      point.copy(spot).project(camera);
      const isSeen = point.z < 1 && Math.abs(point.x) < 1.05 && Math.abs(point.y) < 1.05 && (isFar || (away > 14 && away < 95));
      if (element.hidden === isSeen) element.hidden = !isSeen;
      if (isSeen) element.style.transform = at((point.x * 0.5 + 0.5) * width, (0.5 - point.y * 0.5) * height);
    }
  }
}

function at(x: number, y: number): string {
  return `translate(${x.toFixed(1)}px, ${y.toFixed(1)}px) translate(-50%, -100%)`;
}

function covers(chosen: readonly Person[], count: number, person: Person): boolean {
  for (let index = 0; index < count; index += 1) {
    const other = chosen[index];
    if (other === undefined) continue;
    if (Math.abs(other.screenX - person.screenX) < WIDTH_PX && Math.abs(other.screenY - person.screenY) < HEIGHT_PX) return true;
  }
  return false;
}
