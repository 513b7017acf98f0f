// Who sits where: three on a bench, side by side.
import { SEAT_M } from "../buildings/things";
import type { Seat } from "../buildings/furnish";
import type { Person } from "./person";

const REACH_M = 4.5;
const PLACES = [0, -0.68, 0.68];
const OUT_M = 0.08;

/** Gives a seat to who sits down near a bench with a free place; others sit on the ground. */
export function giveSeat(person: Person, benches: readonly Seat[], others: readonly Person[]): void {
  let best = -1;
  let bestM = REACH_M;
  benches.forEach((bench, index) => {
    const away = Math.hypot(bench.x - person.x, bench.y - person.y);
    if (away < bestM) {
      best = index;
      bestM = away;
    }
  });
  const bench = benches[best];
  if (bench === undefined) return;
  const free = PLACES.findIndex((_, place) => !others.some((other) => other.seat?.bench === best && other.seat.index === place));
  const along = PLACES[free];
  if (along === undefined) return;
  const [cos, sin] = [Math.cos(bench.yaw), Math.sin(bench.yaw)];
  person.seat = {
    x: bench.x - sin * along + cos * OUT_M,
    y: bench.y + cos * along + sin * OUT_M,
    z: bench.z + SEAT_M,
    yaw: bench.yaw,
    bench: best,
    index: free,
  };
}
