// Speech bubbles over the speakers: they wrap, stay long enough to be read, and make room for each other.
import { BUBBLES_MAX } from "../limits";
import type { People } from "../people/people";
import { make } from "./dom";
import type { Layout } from "./layout";

const GAP_PX = 6;
const OVER_NAME_PX = 26;
const RISE_MAX_PX = 150;
const SHOWN_MAX = 9;
const SHOWN_MAX_NARROW = 4;
const READ_MS = 3_800;
const READ_A_CHARACTER_MS = 58;

interface Bubble {
  agent: string;
  untilMs: number;
  element: HTMLElement;
  width: number;
  height: number;
  distance: number;
  left: number;
  top: number;
}

/** The bubbles of all agents; each agent has at most one, its latest. */
export class Bubbles {
  private readonly bubbles: Bubble[] = [];

  constructor(private readonly root: HTMLElement) {}

  /** Shows `text` over the agent; longer texts stay longer. Returns until when. Units: milliseconds. */
  show(agent: string, text: string, isDeed: boolean, nowMs: number): number {
    let bubble = this.bubbles.find((one) => one.agent === agent);
    if (bubble === undefined && this.bubbles.length >= BUBBLES_MAX) this.drop(0);
    if (bubble === undefined) {
      bubble = { agent, untilMs: 0, element: make("div"), width: 0, height: 0, distance: 0, left: 0, top: 0 };
      this.root.append(bubble.element);
      this.bubbles.push(bubble);
    }
    bubble.element.className = isDeed ? "bubble deed" : "bubble";
    bubble.element.replaceChildren(make("bdi", "", text));
    bubble.element.hidden = false;
    // Measured once: asking each frame would lay out the page each frame.
    bubble.width = bubble.element.offsetWidth;
    bubble.height = bubble.element.offsetHeight;
    // The next frame shows it where there is room.
    bubble.element.hidden = true;
    bubble.untilMs = nowMs + READ_MS + Math.min(6_500, text.length * READ_A_CHARACTER_MS);
    return bubble.untilMs;
  }

  /** Brings all bubbles to where their speakers are now, between the edges of what panels leave free. */
  update(nowMs: number, people: People, layout: Layout, followed: string | null, area: { left: number; right: number; top: number; bottom: number }, reachM: number): void {
    const { bubbles } = this;
    for (let index = bubbles.length - 1; index >= 0; index -= 1) {
      const bubble = bubbles[index];
      if (bubble === undefined) continue;
      if (nowMs > bubble.untilMs) this.drop(index);
      else if (bubble.agent === followed) bubble.distance = 0;
      else bubble.distance = people.byId.get(bubble.agent)?.distance ?? Number.POSITIVE_INFINITY;
    }
    // The followed one first, then the nearest: they are placed, the others make room.
    bubbles.sort(nearestFirst);
    const most = area.right - area.left < 600 ? SHOWN_MAX_NARROW : SHOWN_MAX;
    let placed = 0;
    for (const bubble of bubbles) {
      const person = people.byId.get(bubble.agent);
      const isShown = placed < most && person !== undefined && person.isOnScreen && person.distance < reachM && people.hidden !== bubble.agent;
      const isSeen = isShown && fit(bubble, layout, person.screenX, person.screenY, area);
      if (bubble.element.hidden === isSeen) bubble.element.hidden = !isSeen;
      if (!isSeen) continue;
      placed += 1;
      layout.put(bubble.left, bubble.top, bubble.width, bubble.height);
      bubble.element.style.transform = `translate(${bubble.left.toFixed(1)}px, ${bubble.top.toFixed(1)}px)`;
      bubble.element.style.setProperty("--tip", `${Math.min(bubble.width - 14, Math.max(14, person.screenX - bubble.left)).toFixed(0)}px`);
      bubble.element.classList.toggle("ending", bubble.untilMs - nowMs < 500);
    }
  }

  /** Forgets all bubbles. */
  clear(): void {
    while (this.bubbles.length > 0) this.drop(this.bubbles.length - 1);
  }

  private drop(index: number): void {
    this.bubbles[index]?.element.remove();
    this.bubbles.splice(index, 1);
  }
}

// Above the speaker, or above what is there already.
function fit(bubble: Bubble, layout: Layout, x: number, y: number, area: { left: number; right: number; top: number; bottom: number }): boolean {
  bubble.left = Math.min(area.right - bubble.width - GAP_PX, Math.max(area.left + GAP_PX, x - bubble.width / 2));
  bubble.top = y - bubble.height - OVER_NAME_PX;
  for (let tries = 0; tries < SHOWN_MAX; tries += 1) {
    const other = layout.collides(bubble.left, bubble.top, bubble.width, bubble.height, GAP_PX);
    if (other === null) break;
    bubble.top = other.top - bubble.height - GAP_PX - 4;
  }
  // Too far above its speaker it would seem to be somebody else's.
  if (y - bubble.top - bubble.height > RISE_MAX_PX) return false;
  return bubble.top > area.top + GAP_PX && bubble.top + bubble.height < area.bottom;
}

function nearestFirst(a: Bubble, b: Bubble): number {
  return a.distance - b.distance;
}
