// Who is under the finger.
import type { Person } from "./person";

const REACH_PX = 30;

/** Returns the id of the person nearest to a pixel of the picture, or null when nobody is near it. */
export function nearestAt(people: readonly Person[], x: number, y: number, hidden: string | null): string | null {
  let best: string | null = null;
  let bestPx = REACH_PX;
  for (const person of people) {
    if (!person.isOnScreen || person.agent.id === hidden) continue;
    // The point on the screen is over the head; the body is below it, the taller the nearer.
    const tall = Math.min(120, 900 / Math.max(4, person.distance));
    const below = Math.max(0, Math.abs(person.screenY + tall * 0.5 - y) - tall * 0.5);
    const away = Math.hypot(person.screenX - x, below);
    if (away < bestPx) {
      best = person.agent.id;
      bestPx = away;
    }
  }
  return best;
}
