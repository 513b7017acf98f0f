// A region as it is seen: built once when it is opened, thrown away when another one is.
import { BufferGeometry, Group, InstancedBufferAttribute, InstancedBufferGeometry, Mesh, type Material, type Object3D, type Vector3 } from "three";
import { furnish, type Furniture } from "../buildings/furnish";
import { CLOCK_M, CLOCK_OUT_M } from "../buildings/working";
import { addGround } from "../land/ground";
import { Heights } from "../land/heights";
import { plantingOf, type Plant } from "../land/planting";
import { planOf, type Plan } from "../land/plan";
import { shapeOf, type Species } from "../land/species";
import { addWays } from "../land/ways";
import type { Region } from "../world/region";
import { softBlobs } from "./blobs";
import { halosOf, poolsOf } from "./glow";
import { ducksOf, rooksOf, vapourOf } from "./life";
import { Meadow } from "./meadow";
import { plantMaterial, plantShadowMaterial, solidMaterial } from "./material";
import { PAINT } from "./paint";
import type { Rounds } from "./rounds";
import { Shapes } from "./shapes";
import { box } from "./solids";
import { waterOf } from "./water";

const CASTING: readonly Species[] = ["broad", "tall", "fir", "bush"];
/** Half of a house, with some room. Units: metres. */
const HOUSE_M = 4.4;
const STALL = /stall|kiosk|booth/;
const STALL_M = 1.9;
const STALL_TOP_M = 3;
/** Farther away, grass at the focus is not seen. Units: metres. */
const MEADOW_M = 75;
const SMALL: readonly Species[] = ["tuft", "flower", "reed"];

/** What is drawn of a region but its people. */
export class Landscape {
  readonly group = new Group();
  readonly plan: Plan;
  readonly heights: Heights;
  readonly furniture: Furniture;
  private readonly plants: { species: Species; geometry: InstancedBufferGeometry; mesh: Mesh; count: number }[] = [];
  private readonly blobs: Rounds;
  private readonly meadow: Meadow;
  private hasMeadow = false;
  private readonly hands: { minute: Group; hour: Group }[] = [];

  constructor(readonly region: Region) {
    this.plan = planOf(region);
    this.heights = new Heights(region, this.plan);
    this.furniture = furnish(region, this.plan, this.heights);
    const solid = solidMaterial();
    const ground = new Shapes();
    addGround(ground, region, this.plan, this.heights);
    addWays(ground, region, this.plan, this.heights);
    this.add(ground.geometry(), solid, false);
    this.add(this.furniture.shapes.geometry(), solid, true);
    this.blobs = this.plant();
    this.addClocks(solid);
    this.meadow = new Meadow(region.sizeM, this.plan, this.heights);
    this.group.add(this.meadow.mesh);
    const { lights, fountains, smoke } = this.furniture;
    const green = this.plan.sites.find((site) => site.kind === "grove" || site.kind === "green")?.place ?? { x: region.sizeM / 2, y: region.sizeM / 2 };
    const more = [
      waterOf(this.plan, this.heights, fountains, region.sizeM),
      lights.length === 0 ? null : halosOf(lights),
      lights.length === 0 ? null : poolsOf(lights, this.heights),
      rooksOf(region.sizeM, green),
      ducksOf(this.plan, this.heights),
      vapourOf(smoke, fountains),
      this.blobs.mesh,
    ];
    for (const mesh of more) if (mesh !== null) this.group.add(mesh);
  }

  /** The square in which there is something: the middle and the side. Units: metres. */
  get lived(): { x: number; y: number; sideM: number } {
    const { sizeM, paths } = this.region;
    const spots = [
      ...this.plan.sites.flatMap(({ x, y, place }) => [-1, 1].map((sign) => ({ x: x + sign * place.radiusM, y: y + sign * place.radiusM }))),
      ...paths.flatMap(({ points }) => points),
    ];
    if (spots.length === 0) return { x: sizeM / 2, y: sizeM / 2, sideM: sizeM };
    const inside = (value: number): number => Math.min(sizeM, Math.max(0, value));
    const [left, right] = [Math.min(...spots.map(({ x }) => inside(x))), Math.max(...spots.map(({ x }) => inside(x)))];
    const [low, high] = [Math.min(...spots.map(({ y }) => inside(y))), Math.max(...spots.map(({ y }) => inside(y)))];
    return { x: (left + right) / 2, y: (low + high) / 2, sideM: Math.max(sizeM * 0.3, right - left, high - low) };
  }

  /** Returns how high water stands at a point; far below everything where there is none. */
  waterAt(x: number, y: number): number {
    const { sea, ponds } = this.plan;
    if (sea !== null && x * sea.nx + y * sea.ny > sea.beyond) return this.heights.seaLevel;
    for (let index = 0; index < ponds.length; index += 1) {
      const pond = ponds[index];
      if (pond !== undefined && Math.hypot(x - pond.x, y - pond.y) < pond.radiusM) return this.heights.pondLevel(index);
    }
    return -1_000;
  }

  /** Whether a point is inside what a camera does not see through. */
  isClosed(x: number, y: number, z: number): boolean {
    for (const { kind, x: atX, y: atY } of this.region.objects) {
      if (STALL.test(kind) && Math.hypot(atX - x, atY - y) < STALL_M) return z < this.heights.near(x, y) + STALL_TOP_M;
    }
    return this.isInside(x, y, z);
  }

  /** Whether a building stands between two points, about. */
  hides(from: Vector3, to: Vector3): boolean {
    const steps = Math.min(24, Math.ceil(from.distanceTo(to) / 2.5));
    for (let step = 1; step < steps; step += 1) {
      const part = step / steps;
      if (this.isInside(from.x + (to.x - from.x) * part, from.y + (to.y - from.y) * part, from.z + (to.z - from.z) * part)) return true;
    }
    return false;
  }

  /** Whether a point is inside a building, about. */
  isInside(x: number, y: number, z: number): boolean {
    for (const house of this.plan.houses) {
      if (Math.hypot(house.x - x, house.y - y) < HOUSE_M) return z < this.heights.near(x, y) + 3.4 + house.storeys * 2.7;
    }
    for (const site of this.plan.sites) {
      const half = Math.min(site.look.width, site.look.depth) / 2 + 0.6;
      if (half > 1 && Math.hypot(site.x - x, site.y - y) < half) return z < this.heights.near(x, y) + 7;
    }
    return false;
  }

  /** Shows so much of what grows, 0 to 1, and shadows or what stands in for them. */
  setQuality(plantPart: number, smallPart: number, hasShadows: boolean): void {
    this.hasMeadow = smallPart > 0.5;
    for (const { species, geometry, mesh, count } of this.plants) {
      geometry.instanceCount = Math.round(count * (SMALL.includes(species) ? smallPart : plantPart));
      mesh.visible = geometry.instanceCount > 0;
    }
    this.blobs.mesh.visible = !hasShadows;
  }

  /** Lets grass grow around what the camera looks at, unless it is too far away to see any. */
  follow(focus: Vector3, reachM: number): void {
    this.meadow.mesh.visible = this.hasMeadow && reachM < MEADOW_M;
    this.meadow.follow(focus);
  }

  /** Turns the hands of the clocks. */
  setHour(hour: number): void {
    for (const { minute, hour: short } of this.hands) {
      minute.rotation.y = (hour % 1) * Math.PI * 2;
      short.rotation.y = (hour / 12) * Math.PI * 2;
    }
  }

  /** Frees what the graphics card holds. */
  dispose(): void {
    this.meadow.dispose();
    this.group.traverse((object: Object3D) => {
      if (!(object instanceof Mesh)) return;
      (object.geometry as BufferGeometry).dispose();
      (object.material as Material).dispose();
      object.customDepthMaterial?.dispose();
    });
  }

  private add(geometry: BufferGeometry, material: Material, isCasting: boolean): Mesh {
    const mesh = new Mesh(geometry, material);
    mesh.castShadow = isCasting;
    mesh.receiveShadow = true;
    mesh.frustumCulled = false;
    mesh.matrixAutoUpdate = false;
    this.group.add(mesh);
    return mesh;
  }

  private plant(): Rounds {
    const planting = plantingOf(this.region, this.plan, this.heights);
    const [material, shadow] = [plantMaterial(), plantShadowMaterial()];
    for (const species of [...CASTING, ...SMALL]) {
      const plants = planting[species];
      if (plants.length === 0) continue;
      const geometry = instanced(shapeOf(species).geometry(), plants);
      const mesh = this.add(geometry, material, CASTING.includes(species));
      mesh.customDepthMaterial = shadow;
      this.plants.push({ species, geometry, mesh, count: plants.length });
    }
    const trees = [...planting.broad, ...planting.tall, ...planting.fir];
    const blobs = softBlobs(Math.max(1, trees.length), 0.42);
    trees.forEach((tree, index) => blobs.spots.set([tree.x, tree.y, tree.z, 2.3 * tree.scale], index * 4));
    blobs.show(trees.length);
    return blobs;
  }

  private addClocks(material: Material): void {
    for (const { at, yaw } of this.furniture.clocks) {
      for (let side = 0; side < 4; side += 1) {
        const face = new Group();
        face.position.set(at[0], at[1], at[2] + CLOCK_M);
        face.rotation.z = yaw + (side * Math.PI) / 2;
        const [minute, hour] = [hand(1.6, 0.13, material), hand(1.05, 0.2, material)];
        face.add(minute, hour);
        this.group.add(face);
        this.hands.push({ minute, hour });
      }
    }
  }
}

function hand(long: number, wide: number, material: Material): Group {
  const shapes = new Shapes();
  box(shapes, [0, -CLOCK_OUT_M, -0.2], [wide, 0.05, long], PAINT.iron);
  const group = new Group();
  const mesh = new Mesh(shapes.geometry(), material);
  group.add(mesh);
  return group;
}

function instanced(base: BufferGeometry, plants: readonly Plant[]): InstancedBufferGeometry {
  const geometry = new InstancedBufferGeometry();
  for (const name of ["position", "normal", "paint"]) geometry.setAttribute(name, base.getAttribute(name));
  const spots = new Float32Array(plants.length * 4);
  const tints = new Float32Array(plants.length * 4);
  plants.forEach((plant, index) => {
    spots.set([plant.x, plant.y, plant.z, plant.scale], index * 4);
    tints.set([plant.tint[0], plant.tint[1], plant.tint[2], plant.yaw], index * 4);
  });
  geometry.setAttribute("spot", new InstancedBufferAttribute(spots, 4));
  geometry.setAttribute("tint", new InstancedBufferAttribute(tints, 4));
  geometry.instanceCount = plants.length;
  return geometry;
}
