// The camera's rig: a point it looks at, a direction and a distance; every mode is a way to set those three.
import { Vector3, type PerspectiveCamera } from "three";
import type { Landscape } from "../scene/landscape";
import type { Person } from "../people/person";
import { reachOf, type Mode, type Reach } from "./modes";

const EYE_M = 1.58;
const CHEST_M = 1.25;
const GLIDE = 4.2;
const CLEAR_M = 0.7;
// After the user turned the camera it stays so for a while before it falls in behind again. Units: milliseconds.
const HANDS_OFF_MS = 4_000;
const STEPS = 10;

/** Parts of the picture that panels cover. Units: CSS pixels. */
export interface Insets {
  top: number;
  right: number;
  bottom: number;
  left: number;
}

/** Moves a camera. Angles: radians; yaw 0 looks east, counter-clockwise. */
export class Rig {
  mode: Mode = "overview";
  /** Whom it goes along with in the attached modes. */
  person: Person | null = null;
  /** What it looks at, as drawn. */
  readonly focus = new Vector3(128, 128, 0);
  yaw = Math.PI / 2;
  /** How wide the picture is. Units: CSS pixels. */
  width = 1_000;
  insets: Insets = { top: 0, right: 0, bottom: 0, left: 0 };
  private pitch = 0.9;
  private distance = 240;
  private goalYaw = Math.PI / 2;
  private usualYaw = Math.PI / 2;
  private goalPitch = 0.9;
  private goalDistance = 240;
  private shownDistance = 240;
  private readonly goal = new Vector3(128, 128, 0);
  private readonly look = new Vector3();
  private shiftX = 0;
  private shiftY = 0;
  private reach: Reach = reachOf("overview", 256);
  private sizeM = 256;
  private lived = { x: 128, y: 128, sideM: 256 };
  private touchedAtMs = -HANDS_OFF_MS;
  private landscape: Landscape | null = null;

  constructor(private readonly camera: PerspectiveCamera, private readonly isStill: () => boolean) {}

  /** Stands over another region. */
  open(landscape: Landscape): void {
    this.landscape = landscape;
    this.sizeM = landscape.region.sizeM;
    // Northwards, as on a map; out to the sea where there is one.
    const { sea } = landscape.plan;
    this.usualYaw = this.goalYaw = sea === null ? Math.PI / 2 : Math.atan2(sea.ny, sea.nx);
    this.lived = landscape.lived;
    this.goal.set(this.lived.x, this.lived.y, landscape.heights.at(this.lived.x, this.lived.y));
    this.set(this.mode);
    this.cut();
  }

  /** Changes the mode; the camera glides to where the mode wants it. */
  set(mode: Mode): void {
    const before = this.mode;
    this.mode = mode;
    this.reach = reachOf(mode, this.sizeM);
    this.goalDistance = mode === "overview" ? this.fittingDistance() : this.reach.distance;
    this.goalPitch = this.reach.pitch;
    this.touchedAtMs = -HANDS_OFF_MS;
    if (mode === "overview") {
      this.goal.set(this.lived.x, this.lived.y, this.groundAt(this.lived.x, this.lived.y));
      if (before !== "free") this.goalYaw = this.usualYaw;
    }
    if (mode === "free" && before !== "overview") this.goal.copy(this.focus);
  }

  // So far away that all there is fits between the panels, as far as the mode goes.
  private fittingDistance(): number {
    const { width, insets, camera, reach } = this;
    const free = Math.max(0.4, (width - insets.left - insets.right) / width);
    const across = 2 * Math.tan((camera.fov * Math.PI) / 360) * camera.aspect * free;
    return Math.min(reach.farthest * 0.86, Math.max(reach.distance, (this.lived.sideM * 1.06) / across));
  }

  /** Is at once where it wants to be. */
  cut(): void {
    this.focus.copy(this.goal);
    this.yaw = this.goalYaw;
    this.pitch = this.goalPitch;
    this.distance = this.shownDistance = this.goalDistance;
  }

  /** Looks at a point of the ground from now on; only where the mode is not attached. Units: metres. */
  lookAt(x: number, y: number): void {
    const inside = (value: number): number => Math.min(this.sizeM, Math.max(0, value));
    this.goal.set(inside(x), inside(y), this.groundAt(inside(x), inside(y)));
  }

  /** Turns by so many radians. */
  turn(yaw: number, pitch: number, nowMs: number): void {
    this.touchedAtMs = nowMs;
    this.goalYaw += yaw;
    this.goalPitch = Math.min(this.reach.steepest, Math.max(this.reach.lowest, this.goalPitch + pitch));
  }

  /** Turns as a hand would: around what it looks at, or its own head. Units: radians, to the right and down. */
  drag(right: number, down: number, nowMs: number): void {
    const sign = this.mode === "first_person" ? 1 : -1;
    this.turn(sign * right, -sign * down, nowMs);
  }

  /** Zooms: above 1 comes nearer. */
  zoom(factor: number): void {
    this.goalDistance = Math.min(this.reach.farthest, Math.max(this.reach.nearest, this.goalDistance / factor));
  }

  /** Moves over the ground by pixels of the picture, as a hand would move a map. */
  pan(dx: number, dy: number, height: number): void {
    const metres = (2 * this.goalDistance * Math.tan((this.camera.fov * Math.PI) / 360)) / Math.max(1, height);
    this.glide(-dx * metres, (dy * metres) / Math.max(0.35, Math.sin(this.pitch)));
  }

  /** Moves over the ground: to the right and ahead. Units: metres. */
  glide(right: number, ahead: number): void {
    if (this.reach.isAttached) return;
    const [cos, sin] = [Math.cos(this.yaw), Math.sin(this.yaw)];
    this.lookAt(this.goal.x + sin * right + cos * ahead, this.goal.y - cos * right + sin * ahead);
  }

  /** How far a key press moves. Units: metres. */
  get strideM(): number {
    return this.goalDistance * 0.09;
  }

  /** Moves the camera on. */
  step(nowMs: number, seconds: number, width: number, height: number): void {
    if (this.reach.isAttached && this.person !== null) this.goAlong(this.person, nowMs);
    const part = this.isStill() ? 1 : 1 - Math.exp(-GLIDE * seconds);
    const quick = this.isStill() || this.mode === "first_person" ? Math.min(1, part * 3) : part;
    this.focus.lerp(this.goal, this.reach.isAttached ? Math.min(1, part * 2.4) : part * 1.4 > 1 ? 1 : part * 1.4);
    this.yaw += Math.atan2(Math.sin(this.goalYaw - this.yaw), Math.cos(this.goalYaw - this.yaw)) * Math.min(1, quick * 1.3);
    this.pitch += (this.goalPitch - this.pitch) * Math.min(1, quick * 1.3);
    this.distance += (this.goalDistance - this.distance) * part;
    this.place(part);
    this.shift(part, width, height);
  }

  private goAlong(person: Person, nowMs: number): void {
    const isEye = this.mode === "first_person";
    this.goal.set(person.x, person.y, person.z + (isEye ? EYE_M - person.sit * 0.35 : CHEST_M - person.sit * 0.4) * person.look.height);
    const isFree = nowMs - this.touchedAtMs > HANDS_OFF_MS;
    if (isFree && (isEye || person.speed > 0.5)) {
      this.goalYaw = person.heading;
      if (isEye) this.goalPitch += (this.reach.pitch - this.goalPitch) * 0.05;
    }
  }

  private place(part: number): void {
    const { look, focus, camera } = this;
    look.set(Math.cos(this.yaw) * Math.cos(this.pitch), Math.sin(this.yaw) * Math.cos(this.pitch), -Math.sin(this.pitch));
    // Walls between the camera and what it looks at bring it nearer.
    const free = this.freeDistance();
    this.shownDistance = free < this.shownDistance ? free : this.shownDistance + (free - this.shownDistance) * Math.min(1, part * 1.5);
    camera.position.copy(focus).addScaledVector(look, -this.shownDistance);
    const floor = this.groundAt(camera.position.x, camera.position.y) + CLEAR_M;
    if (this.mode !== "first_person" && camera.position.z < floor) camera.position.z = floor;
    look.multiplyScalar(10).add(this.mode === "first_person" ? camera.position : focus);
    if (this.mode !== "first_person") look.copy(focus);
    camera.lookAt(look);
    camera.updateMatrixWorld();
  }

  private freeDistance(): number {
    const { landscape, focus, look } = this;
    if (landscape === null || this.mode !== "follow") return this.distance;
    for (let step = 2; step <= STEPS; step += 1) {
      const away = (this.distance * step) / STEPS;
      if (landscape.isClosed(focus.x - look.x * away, focus.y - look.y * away, focus.z - look.z * away)) {
        return Math.max(1.6, away - this.distance / STEPS);
      }
    }
    return this.distance;
  }

  // What the camera looks at is in the middle of what panels leave free.
  private shift(part: number, width: number, height: number): void {
    const { insets, camera } = this;
    this.shiftX += ((insets.right - insets.left) / 2 - this.shiftX) * part;
    this.shiftY += ((insets.bottom - insets.top) / 2 - this.shiftY) * part;
    camera.setViewOffset(width, height, this.shiftX, this.shiftY, width, height);
  }

  private groundAt(x: number, y: number): number {
    return this.landscape === null ? 0 : Math.max(this.landscape.heights.near(x, y), this.landscape.waterAt(x, y));
  }
}
