// Words at fixed points of the land: names of places, and how many are where the server only counts.
import { Vector3, type PerspectiveCamera } from "three";
import { COUNTS_MAX } from "../limits";
import { groundUnder } from "../people/gatherings";
import type { Landscape } from "../scene/landscape";
import type { Block } from "../world/overview";
import { make, setText } from "./dom";
import type { Layout } from "./layout";

const NEAREST_M = 14;
const FARTHEST_M = 105;
const COUNT_UP_M = 3;

interface Flag {
  element: HTMLElement;
  at: Vector3;
  width: number;
  height: number;
  isUsed: boolean;
}

/** Draws the names of places and the counts of blocks. */
export class Flags {
  private places: Flag[] = [];
  private readonly counts: Flag[] = [];
  private readonly point = new Vector3();
  private landscape: Landscape | null = null;

  constructor(private readonly root: HTMLElement) {}

  /** Names the places of another region. */
  open(landscape: Landscape): void {
    this.landscape = landscape;
    for (const { element } of this.places) element.remove();
    this.places = landscape.plan.sites.map(({ place, look, kind }) => {
      const up = look.building === null ? 4.5 : kind === "landmark" ? 26 : 8;
      const flag = this.flag("place", new Vector3(place.x, place.y, landscape.heights.at(place.x, place.y) + up));
      setText(flag.element, place.name);
      return flag;
    });
    this.count([]);
    this.measure();
  }

  /** Shows so many agents in these blocks, the fullest first. */
  count(blocks: readonly Block[]): void {
    const { landscape, counts } = this;
    if (landscape === null) return;
    const shown = blocks.slice(0, COUNTS_MAX);
    while (counts.length < shown.length) counts.push(this.flag("crowd", new Vector3()));
    counts.forEach((flag, index) => {
      const block = shown[index];
      flag.isUsed = block !== undefined;
      const words = block === undefined ? "" : block.count.toLocaleString("en");
      // The next frame shows it where there is room for its new words.
      if (flag.element.textContent !== words) flag.element.hidden = true;
      if (block === undefined) return;
      flag.at.set(block.x, block.y, groundUnder(block, landscape) + COUNT_UP_M);
      setText(flag.element, words);
      flag.element.title = `${block.count} inhabitants`;
    });
    this.measure();
  }

  /** Takes the sizes of all flags anew: other words, or another size of the window. */
  measure(): void {
    const all = [...this.places, ...this.counts];
    const hidden = all.map(({ element }) => element.hidden);
    for (const { element } of all) element.hidden = false;
    for (const flag of all) {
      flag.width = flag.element.offsetWidth;
      flag.height = flag.element.offsetHeight;
    }
    all.forEach(({ element }, index) => (element.hidden = hidden[index] ?? true));
  }

  /** Brings all flags to where they belong now; `isFar` says that the camera sees the whole region. */
  update(camera: PerspectiveCamera, size: { width: number; height: number }, layout: Layout, isFar: boolean): void {
    for (const flag of this.places) {
      const away = flag.at.distanceTo(camera.position);
      this.show(flag, isFar || (away > NEAREST_M && away < FARTHEST_M), camera, size, layout);
    }
    for (const flag of this.counts) this.show(flag, flag.isUsed, camera, size, layout);
  }

  private show(flag: Flag, isWanted: boolean, camera: PerspectiveCamera, { width, height }: { width: number; height: number }, layout: Layout): void {
    const { point } = this;
    const { element } = flag;
    let isSeen = false;
    if (isWanted) {
      point.copy(flag.at).project(camera);
      const [left, top] = [(point.x * 0.5 + 0.5) * width - flag.width / 2, (0.5 - point.y * 0.5) * height - flag.height];
      isSeen = point.z < 1 && Math.abs(point.x) < 1.05 && Math.abs(point.y) < 1.05 && layout.take(left, top, flag.width, flag.height, !element.hidden);
      if (isSeen) element.style.transform = `translate(${left.toFixed(1)}px, ${top.toFixed(1)}px)`;
    }
    if (element.hidden === isSeen) element.hidden = !isSeen;
  }

  private flag(className: string, at: Vector3): Flag {
    const element = make("bdi", className);
    element.hidden = true;
    this.root.append(element);
    return { element, at, width: 0, height: 0, isUsed: false };
  }
}
