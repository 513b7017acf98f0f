// How people behave to those beside them: who talks looks at somebody, and nobody stands inside another.
import type { Person } from "./person";

const PARTNER_M = 5;
/** So far apart people stand at least, as drawn. Units: metres. */
const APART_M = 1.25;
/** Who is alone in a column of this width has nobody beside them. Units: metres. */
const ASIDE_MAX_M = 1.2;

/** Finds for everybody whom they look at, and how far they step aside. The list is sorted by where people stand. */
export function mingle(people: readonly Person[], order: Person[], nowMs: number): void {
  order.length = 0;
  for (const person of people) {
    person.partner = null;
    person.asideX = 0;
    person.asideY = 0;
    if (!person.isLeaving) order.push(person);
  }
  // Neighbours are near each other in a list sorted by x, so that a thousand people are not a million pairs.
  order.sort(byPlace);
  for (let index = 0; index < order.length; index += 1) {
    const person = order[index];
    if (person === undefined) continue;
    for (let next = index + 1; next < order.length; next += 1) {
      const other = order[next];
      if (other === undefined || other.stoodX - person.stoodX > PARTNER_M) break;
      meet(person, other, nowMs);
    }
  }
  for (const person of order) {
    // Who is spoken to and has nobody else to look at looks back.
    if (person.partner !== null) person.partner.partner ??= person;
  }
  for (const person of order) {
    const far = Math.hypot(person.asideX, person.asideY);
    if (far <= ASIDE_MAX_M) continue;
    person.asideX *= ASIDE_MAX_M / far;
    person.asideY *= ASIDE_MAX_M / far;
  }
}

function meet(person: Person, other: Person, nowMs: number): void {
  const [dx, dy] = [other.stoodX - person.stoodX, other.stoodY - person.stoodY];
  const away = Math.hypot(dx, dy);
  if (away > PARTNER_M) return;
  look(person, other, away, nowMs);
  look(other, person, away, nowMs);
  if (away >= APART_M || person.isMoving || other.isMoving || person.seat !== null || other.seat !== null) return;
  // Who stands on the very same point goes where its looks say, so that everybody sees the same.
  const angle = away > 0.05 ? Math.atan2(dy, dx) : (person.look.cloth % 628) / 100;
  const step = (APART_M - away) / 2;
  person.asideX -= Math.cos(angle) * step;
  person.asideY -= Math.sin(angle) * step;
  other.asideX += Math.cos(angle) * step;
  other.asideY += Math.sin(angle) * step;
}

function look(person: Person, at: Person, away: number, nowMs: number): void {
  if (!person.isTalking(nowMs)) return;
  const now = person.partner;
  if (now === null || away < Math.hypot(now.stoodX - person.stoodX, now.stoodY - person.stoodY)) person.partner = at;
}

function byPlace(a: Person, b: Person): number {
  return a.stoodX - b.stoodX;
}
