// All people of the picture, moved on each frame and handed to the crowd that draws them.
import { Frustum, Matrix4, Vector3, type PerspectiveCamera } from "three";
import { AGENTS_MAX } from "../limits";
import { softBlobs } from "../scene/blobs";
import type { Landscape } from "../scene/landscape";
import { SHARED } from "../scene/material";
import type { TickClock } from "../world/clock";
import type { Agent, WorldState } from "../world/world";
import { mingle } from "./company";
import { Crowd } from "./crowd";
import { Lamplight } from "./lamplight";
import { Person } from "./person";
import { giveSeat } from "./seats";

// Who is far away is drawn larger than it is, or an overview would show nobody. Units: metres.
const GROW_FROM_M = 48;
const GROW_OVER_M = 95;
const GROW_MAX = 2.4;
const MINGLE_EVERY_MS = 300;
const WADE_M = 0.5;
const HEAD_M = 1.95;

/** The people in the picture. */
export class People {
  readonly list: Person[] = [];
  readonly byId = new Map<string, Person>();
  readonly crowd = new Crowd(AGENTS_MAX);
  readonly blobs = softBlobs(AGENTS_MAX, 0.5);
  /** Who is not drawn: through its eyes the camera looks. */
  hidden: string | null = null;
  private landscape: Landscape | null = null;
  private light: Lamplight | null = null;
  private mingledAtMs = 0;
  private readonly order: Person[] = [];
  private tick = 0;
  private readonly point = new Vector3();
  private readonly frustum = new Frustum();
  private readonly matrix = new Matrix4();

  constructor(private readonly world: WorldState, private readonly clock: TickClock, private readonly isStill: () => boolean) {}

  /** Everybody stands in another region now. */
  open(landscape: Landscape): void {
    this.landscape = landscape;
    this.light = new Lamplight(landscape.region.sizeM, landscape.furniture.lights);
    this.list.length = 0;
    this.byId.clear();
  }

  /** Moves everybody on. */
  step(nowMs: number, seconds: number): void {
    const { landscape } = this;
    if (landscape === null) return;
    this.tick = this.clock.tickAt(nowMs);
    this.world.agents.forEach(this.meet);
    const isSmooth = !this.isStill();
    const ground = landscape.region.spawn.z;
    for (let index = this.list.length - 1; index >= 0; index -= 1) {
      const person = this.list[index];
      if (person === undefined) continue;
      person.isLeaving = this.world.agents.get(person.agent.id) !== person.agent;
      if (person.isLeaving && (person.presence < 0.05 || !isSmooth)) {
        this.remove(index);
        continue;
      }
      if (!person.isSeated) person.standUp();
      else if (person.seat === null && person.sit < 0.5) giveSeat(person, landscape.furniture.benches, this.list);
      const above = person.step(this.tick, this.clock.tickMs, seconds, isSmooth) - ground;
      const floor = Math.max(landscape.heights.at(person.x, person.y) + 0.06, landscape.waterAt(person.x, person.y) - WADE_M);
      const seat = person.seat?.z ?? floor + 0.3;
      person.z = floor + (seat - floor) * person.sit + Math.min(60, Math.max(-2, above));
    }
    if (nowMs - this.mingledAtMs < MINGLE_EVERY_MS) return;
    this.mingledAtMs = nowMs;
    mingle(this.list, this.order, nowMs);
  }

  /** Hands everybody to the crowd, as `camera` sees them; `width` and `height` are the picture's. Units: CSS pixels. */
  draw(nowMs: number, camera: PerspectiveCamera, width: number, height: number, detailM: number): void {
    const { crowd, point, blobs } = this;
    this.matrix.multiplyMatrices(camera.projectionMatrix, camera.matrixWorldInverse);
    this.frustum.setFromProjectionMatrix(this.matrix);
    crowd.begin();
    let shaded = 0;
    for (const person of this.list) {
      point.set(person.x, person.y, person.z);
      person.distance = point.distanceTo(camera.position);
      const size = person.look.height * person.presence * growth(person.distance);
      point.z += HEAD_M * size * (1 - 0.28 * person.sit);
      person.isOnScreen = this.frustum.containsPoint(point);
      point.applyMatrix4(this.matrix);
      person.screenX = (point.x * 0.5 + 0.5) * width;
      person.screenY = (0.5 - point.y * 0.5) * height;
      if (person.agent.id === this.hidden) continue;
      this.put(person, size, nowMs, detailM);
      blobs.spots[shaded * 4] = person.x;
      blobs.spots[shaded * 4 + 1] = person.y;
      blobs.spots[shaded * 4 + 2] = person.z - person.sit * 0.4;
      blobs.spots[shaded * 4 + 3] = 0.46 * size;
      shaded += 1;
    }
    crowd.show();
    blobs.show(shaded);
  }

  private put(person: Person, size: number, nowMs: number, detailM: number): void {
    const { values } = this.crowd;
    const isStill = this.isStill();
    values[0] = person.x;
    values[1] = person.y;
    values[2] = person.z;
    values[3] = person.heading;
    values[4] = person.phase;
    values[5] = person.stride;
    values[6] = person.sit;
    values[7] = nowMs < person.talksUntilMs && !isStill ? Math.min(1, (person.talksUntilMs - nowMs) / 300) : 0;
    values[8] = person.look.cloth;
    values[9] = person.look.trim;
    values[10] = person.look.hair;
    values[11] = person.look.skin;
    values[12] = person.look.hat;
    values[13] = size;
    values[14] = SHARED.uNight.value * (this.light?.at(person.x, person.y) ?? 0);
    values[15] = nowMs < person.wavesUntilMs ? Math.min(1, (person.wavesUntilMs - nowMs) / 300) : 0;
    this.crowd.put(person.distance > detailM);
  }

  private readonly meet = (agent: Agent): void => {
    const known = this.byId.get(agent.id);
    if (known !== undefined) {
      known.agent = agent;
      return;
    }
    if (this.list.length >= AGENTS_MAX) return;
    const person = new Person(agent);
    this.byId.set(agent.id, person);
    this.list.push(person);
  };

  private remove(index: number): void {
    const gone = this.list[index];
    const last = this.list.pop();
    if (gone !== undefined) this.byId.delete(gone.agent.id);
    if (last !== undefined && last !== gone) this.list[index] = last;
  }
}

/** Returns how much larger than life a person at a distance is drawn. */
export function growth(distanceM: number): number {
  return 1 + Math.min(GROW_MAX, Math.max(0, (distanceM - GROW_FROM_M) / GROW_OVER_M));
}
