// The picture: stage, camera, people and what is written over them, brought together each frame.
import { Vector3 } from "three";
import { Keys, type KeyListener } from "../cameras/keys";
import { listenToGestures } from "../cameras/gestures";
import { Rig } from "../cameras/rig";
import { People } from "../people/people";
import { Gatherings } from "../people/gatherings";
import type { Person } from "../people/person";
import { nearestAt } from "../people/pick";
import { Stage } from "../scene/stage";
import { Bubbles } from "../ui/bubbles";
import { Flags } from "../ui/flags";
import { Labels } from "../ui/labels";
import { Layout } from "../ui/layout";
import { Minimap } from "../ui/minimap";
import { coveredBoxes, panelInsets } from "../ui/panel";
import type { TickClock } from "../world/clock";
import type { Block } from "../world/overview";
import type { Region } from "../world/region";
import type { WorldState } from "../world/world";

const COVERED_EVERY_MS = 400;
const HEAD_M = 1.6;
const TICK_MAX_S = 0.1;
const BUBBLE_REACH_M = 75;
const BUBBLE_REACH_FAR_M = 400;
// The light until the world tells its hour.
const HOUR_UNTOLD = 12;

/** What the picture tells the page. */
export interface PictureListener extends KeyListener {
  onTap(agentId: string | null): void;
}

/** An hour and a weather to look at instead of the real ones. */
export interface Photo {
  hour: number | null;
  weather: string | null;
}

/** Draws the world. Errors: the constructor throws where there is no WebGL 2. */
export class Picture {
  readonly stage: Stage;
  readonly rig: Rig;
  readonly people: People;
  readonly bubbles: Bubbles;
  readonly photo: Photo = { hour: null, weather: null };
  /** Whom the camera goes along with. */
  agent: string | null = null;
  private readonly labels: Labels;
  private readonly flags: Flags;
  private readonly layout = new Layout();
  private readonly gatherings = new Gatherings();
  private readonly minimap: Minimap;
  private readonly keys: Keys;
  private readonly area = { left: 0, right: 0, top: 0, bottom: 0 };
  private readonly size = { width: 1, height: 1 };
  private readonly mapView = { x: 0, y: 0, yaw: 0 };
  private readonly centre = new Vector3();
  private readonly head = new Vector3();
  private hovered: string | null = null;
  private lastMs = 0;
  private isResized = false;
  private covered: DOMRect[] = [];
  private coveredAtMs = Number.NEGATIVE_INFINITY;
  private weather = "clear";

  constructor(
    private readonly canvas: HTMLCanvasElement,
    overlay: HTMLElement,
    map: HTMLCanvasElement,
    world: WorldState,
    private readonly clock: TickClock,
    isStill: () => boolean,
    listener: PictureListener,
  ) {
    this.stage = new Stage(canvas, isStill);
    this.rig = new Rig(this.stage.camera, isStill);
    this.people = new People(world, clock, isStill);
    this.stage.add(this.people.crowd.group, this.people.blobs.mesh, this.gatherings.mesh);
    this.flags = new Flags(overlay);
    this.labels = new Labels(overlay);
    this.bubbles = new Bubbles(overlay);
    this.minimap = new Minimap(map, false);
    this.keys = new Keys(this.rig, listener);
    const at = (x: number, y: number): string | null => nearestAt(this.people.list, x, y, this.people.hidden);
    listenToGestures(canvas, this.rig, {
      onTap: (x, y) => listener.onTap(at(x, y)),
      onHover: (x, y) => {
        this.hovered = at(x, y);
        canvas.classList.toggle("over", this.hovered !== null);
      },
    });
    new ResizeObserver(() => (this.isResized = true)).observe(canvas);
    requestAnimationFrame((nowMs) => this.frame(nowMs));
  }

  /** Shows a region. */
  open(region: Region): void {
    const landscape = this.stage.open(region);
    this.weather = region.weather;
    this.resize();
    this.rig.open(landscape);
    this.people.open(landscape);
    this.flags.open(landscape);
    this.count([]);
    this.minimap.open(landscape);
    this.bubbles.clear();
  }

  /** Shows those who are only counted. */
  count(blocks: readonly Block[]): void {
    if (this.stage.landscape === null) return;
    this.gatherings.show(blocks, this.stage.landscape);
    this.flags.count(blocks);
  }

  /** The weather turns. */
  setWeather(kind: string): void {
    this.weather = kind;
  }

  /** Returns the point of the region under a pixel of the map. */
  mapSpot(clientX: number, clientY: number): { x: number; y: number } | null {
    return this.minimap.spotAt(clientX, clientY);
  }

  /** Takes the sizes of the window and of the panels over the picture. */
  resize(): void {
    this.isResized = false;
    const insets = panelInsets();
    this.size.width = Math.max(1, this.canvas.clientWidth);
    this.size.height = Math.max(1, this.canvas.clientHeight);
    this.rig.insets = insets;
    this.rig.width = this.size.width;
    this.area.left = insets.left;
    this.area.right = this.size.width - insets.right;
    this.area.top = insets.top;
    this.area.bottom = this.size.height - insets.bottom;
    this.stage.resize();
    this.flags.measure();
  }

  private readonly isHidden = ({ x, y, z }: Person): boolean => {
    const { landscape, camera } = this.stage;
    return landscape !== null && landscape.hides(camera.position, this.head.set(x, y, z + HEAD_M));
  };

  private frame(nowMs: number): void {
    requestAnimationFrame((next) => this.frame(next));
    const frameMs = nowMs - this.lastMs;
    const seconds = Math.min(TICK_MAX_S, Math.max(0, frameMs / 1_000));
    this.lastMs = nowMs;
    // Not when it is noticed, after the frame was drawn: another size empties the picture.
    if (this.isResized) this.resize();
    const { stage, rig, people, size } = this;
    if (stage.landscape === null) return;
    this.keys.step(nowMs, seconds);
    people.step(nowMs, seconds);
    rig.person = this.agent === null ? null : (people.byId.get(this.agent) ?? null);
    people.hidden = rig.mode === "first_person" && rig.person !== null ? this.agent : null;
    rig.step(nowMs, seconds, size.width, size.height);
    stage.atmosphere.setWeather(this.photo.weather ?? this.weather);
    this.centre.copy(rig.focus);
    people.draw(nowMs, stage.camera, size.width, size.height, stage.quality.level.detailM);
    people.blobs.mesh.visible = stage.quality.level.shadow === 0;
    stage.draw(this.photo.hour ?? this.clock.hourAt(nowMs) ?? HOUR_UNTOLD, seconds, frameMs, this.centre);
    const isFar = stage.camera.position.distanceTo(this.centre) > 110;
    this.layout.clear(0, this.area.right);
    if (nowMs - this.coveredAtMs > COVERED_EVERY_MS) {
      this.coveredAtMs = nowMs;
      this.covered = coveredBoxes();
    }
    for (const { left, top, width, height } of this.covered) this.layout.put(left, top, width, height);
    this.bubbles.update(nowMs, people, this.layout, this.agent, this.area, isFar ? BUBBLE_REACH_FAR_M : BUBBLE_REACH_M);
    this.labels.update(nowMs, people, this.layout, this.agent, this.hovered, isFar, this.isHidden);
    this.flags.update(stage.camera, size, this.layout, isFar);
    this.mapView.x = rig.focus.x;
    this.mapView.y = rig.focus.y;
    this.mapView.yaw = rig.yaw;
    this.minimap.update(nowMs, people, this.agent, this.mapView);
  }
}
