// One person as drawn: where it really is comes from its trajectory; here it walks, turns, sits down and fades in.
import type { Agent } from "../world/world";
import { isMovingAt, headingAt, placeAt, type Trajectory } from "../world/trajectory";
import type { Point } from "../wire/frame";
import { lookOf, type Look } from "./look";

// A jump farther than this is no correction but a teleport. Units: metres.
const JUMP_M = 7;
const SETTLE = 5;
const TURN = 7;
const ASIDE = 2.5;

/** A person of the picture. */
export class Person {
  readonly look: Look;
  /** Where it is drawn. Units: metres, radians. */
  x = 0;
  y = 0;
  z = 0;
  heading = 0;
  /** Metres a second, as drawn. */
  speed = 0;
  phase: number;
  stride = 0;
  sit = 0;
  /** How much of it is there: it grows on arrival and shrinks on leaving, 0 to 1. */
  presence = 0;
  isLeaving = false;
  isMoving = false;
  /** Until when it speaks and waves. Units: milliseconds of the page's clock. */
  talksUntilMs = 0;
  wavesUntilMs = 0;
  seat: { x: number; y: number; z: number; yaw: number; bench: number; index: number } | null = null;
  /** Whom it looks at while it talks. */
  partner: Person | null = null;
  /** Where its head is on the screen, and how far it is from the camera. Units: CSS pixels, metres. */
  screenX = 0;
  screenY = 0;
  distance = 0;
  isOnScreen = false;
  private readonly target: Point = { x: 0, y: 0, z: 0 };
  private trajectory: Trajectory | null = null;
  private offX = 0;
  private offY = 0;
  /** How far it steps aside for others who stand where it does. Units: metres. */
  asideX = 0;
  asideY = 0;
  private steppedX = 0;
  private steppedY = 0;

  constructor(public agent: Agent) {
    this.look = lookOf(agent.id);
    this.phase = (this.look.cloth % 628) / 100;
    this.heading = agent.heading;
  }

  /** Whether its status says that it sits, and it does not walk. */
  get isSeated(): boolean {
    return !this.isMoving && /^(sit|sat|seated|rest|read)/i.test(this.agent.status);
  }

  /** Whether it is in a talk. */
  isTalking(nowMs: number): boolean {
    return nowMs < this.talksUntilMs || this.agent.status.startsWith("talking");
  }

  /** Moves on by `seconds` to `tick`. Without `isSmooth` it is at once where it belongs. Returns its height above the region's ground. */
  step(tick: number, tickMs: number, seconds: number, isSmooth: boolean): number {
    const { agent, target } = this;
    const now = agent.trajectory;
    placeAt(now, tick, tickMs, target);
    if (now !== this.trajectory) this.retarget(this.trajectory === null || !isSmooth);
    this.isMoving = isMovingAt(now, tick, tickMs);
    const seat = this.isSeated ? this.seat : null;
    const goalX = seat?.x ?? target.x;
    const goalY = seat?.y ?? target.y;
    if (seat !== null && this.sit < 0.02) this.rebase(goalX, goalY);
    const decay = isSmooth ? Math.exp(-SETTLE * seconds) : 0;
    this.offX *= decay;
    this.offY *= decay;
    const isFree = seat === null && !this.isMoving;
    const part = isSmooth ? Math.min(1, seconds * ASIDE) : 1;
    this.steppedX += ((isFree ? this.asideX : 0) - this.steppedX) * part;
    this.steppedY += ((isFree ? this.asideY : 0) - this.steppedY) * part;
    const nextX = goalX + this.offX + this.steppedX;
    const nextY = goalY + this.offY + this.steppedY;
    const moved = Math.hypot(this.x - nextX, this.y - nextY);
    this.x = nextX;
    this.y = nextY;
    this.walk(moved, seconds, isSmooth);
    const wanted = this.wantedHeading(headingAt(now, tick, tickMs, agent.heading), seat?.yaw);
    const turn = Math.atan2(Math.sin(wanted - this.heading), Math.cos(wanted - this.heading));
    this.heading += turn * (isSmooth ? 1 - Math.exp(-TURN * seconds) : 1);
    const goalSit = this.isSeated ? 1 : 0;
    this.sit += (goalSit - this.sit) * (isSmooth ? Math.min(1, seconds * 6) : 1);
    const goal = this.isLeaving ? 0 : 1;
    this.presence += (goal - this.presence) * (isSmooth ? Math.min(1, seconds * 7) : 1);
    return target.z;
  }

  /** Where it stands as told, whatever is drawn. Units: metres. */
  get stoodX(): number {
    return this.target.x;
  }

  get stoodY(): number {
    return this.target.y;
  }

  /** Forgets its seat; what it stands on is where it stood. */
  standUp(): void {
    if (this.seat === null) return;
    this.seat = null;
    this.rebase(this.target.x, this.target.y);
  }

  private retarget(isJump: boolean): void {
    this.trajectory = this.agent.trajectory;
    const { target } = this;
    if (isJump || Math.hypot(this.x - target.x, this.y - target.y) > JUMP_M) {
      this.x = target.x;
      this.y = target.y;
      this.presence = Math.min(this.presence, 0.2);
    }
    this.rebase(target.x, target.y);
  }

  // Nothing jumps: what is left of the old place melts away.
  private rebase(x: number, y: number): void {
    this.offX = this.x - x - this.steppedX;
    this.offY = this.y - y - this.steppedY;
  }

  private walk(moved: number, seconds: number, isSmooth: boolean): void {
    const speed = seconds > 0 ? Math.min(8, moved / seconds) : 0;
    this.speed += (speed - this.speed) * Math.min(1, seconds * 8);
    const stride = isSmooth && this.speed > 0.15 ? Math.min(1.2, 0.42 + this.speed * 0.16) : 0;
    this.stride += (stride - this.stride) * Math.min(1, seconds * 9);
    if (isSmooth) this.phase = (this.phase + (moved * 6.283) / (1.05 + this.speed * 0.28)) % 6283;
  }

  private wantedHeading(own: number, seatYaw: number | undefined): number {
    if (this.isMoving || this.speed > 0.4) return own;
    if (seatYaw !== undefined) return seatYaw;
    const { partner } = this;
    return partner === null ? own : Math.atan2(partner.y - this.y, partner.x - this.x);
  }
}
