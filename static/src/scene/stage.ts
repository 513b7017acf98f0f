// The stage: one renderer, the sky, the region that is open, and whatever else is put on it.
import { LinearSRGBColorSpace, NoToneMapping, PCFShadowMap, PerspectiveCamera, Scene, Vector3, WebGLRenderer, type Object3D } from "three";
import { Atmosphere } from "./atmosphere";
import { FALL, rainOf, snowOf } from "./fall";
import { Landscape } from "./landscape";
import { SHARED } from "./material";
import { isSoftware, Quality } from "./quality";
import { skyOf } from "./sky";
import type { Region } from "../world/region";

/** Half the side of the square around the focus that has shadows. Units: metres. */
const SHADOW_M = 62;
const SHADOW_FAR_M = 180;

/** Draws the world into a canvas. Errors: the constructor throws where there is no WebGL 2. */
export class Stage {
  readonly scene = new Scene();
  readonly camera = new PerspectiveCamera(50, 1, 0.3, 3_200);
  readonly quality: Quality;
  readonly atmosphere: Atmosphere;
  readonly renderer: WebGLRenderer;
  readonly isSoftware: boolean;
  landscape: Landscape | null = null;
  private readonly rain = rainOf();
  private readonly snow = snowOf();
  private readonly around = new Vector3();

  constructor(readonly canvas: HTMLCanvasElement, private readonly isStill: () => boolean) {
    const context = canvas.getContext("webgl2", { antialias: !isProbablySoftware(), alpha: false, powerPreference: "high-performance" });
    if (context === null) throw new Error("this browser draws no WebGL 2");
    this.renderer = new WebGLRenderer({ canvas, context });
    this.renderer.outputColorSpace = LinearSRGBColorSpace;
    this.renderer.toneMapping = NoToneMapping;
    this.renderer.shadowMap.type = PCFShadowMap;
    this.renderer.info.autoReset = false;
    this.isSoftware = isSoftware(context);
    this.quality = new Quality(this.isSoftware);
    this.atmosphere = new Atmosphere(isStill);
    this.camera.up.set(0, 0, 1);
    const { lamp } = this.atmosphere;
    this.scene.matrixWorldAutoUpdate = true;
    this.scene.add(skyOf(), this.rain, this.snow, lamp, lamp.target);
    this.applyQuality();
  }

  /** Opens a region; everything of the last one is thrown away. */
  open(region: Region): Landscape {
    if (this.landscape !== null) {
      this.scene.remove(this.landscape.group);
      this.landscape.dispose();
    }
    this.landscape = new Landscape(region);
    this.scene.add(this.landscape.group);
    this.atmosphere.cut();
    this.applyQuality();
    return this.landscape;
  }

  add(...objects: Object3D[]): void {
    this.scene.add(...objects);
  }

  /** Takes the size of the canvas on the page. */
  resize(): void {
    const { clientWidth, clientHeight } = this.canvas;
    const ratio = Math.min(window.devicePixelRatio || 1, this.quality.level.ratio) * this.quality.scale;
    this.renderer.setPixelRatio(ratio);
    this.renderer.setSize(Math.max(1, clientWidth), Math.max(1, clientHeight), false);
    this.camera.aspect = Math.max(1, clientWidth) / Math.max(1, clientHeight);
    // A narrow window sees as much to its sides as it can without bending the picture.
    this.camera.fov = this.camera.aspect < 1 ? 62 : 48;
    this.camera.updateProjectionMatrix();
  }

  /** Brings the level of quality to everything that depends on it. */
  applyQuality(): void {
    const { level } = this.quality;
    const { lamp } = this.atmosphere;
    const hasShadows = level.shadow > 0;
    this.renderer.shadowMap.enabled = hasShadows;
    lamp.castShadow = hasShadows;
    if (hasShadows && lamp.shadow.mapSize.x !== level.shadow) {
      lamp.shadow.mapSize.set(level.shadow, level.shadow);
      lamp.shadow.map?.dispose();
      lamp.shadow.map = null;
    }
    this.landscape?.setQuality(level.plants, level.small, hasShadows);
    this.resize();
  }

  /** Draws a frame. `focus` is what the camera looks at, `seconds` the time since the last frame. */
  draw(hour: number, seconds: number, frameMs: number, focus: Vector3): void {
    // Before anything is drawn: another size empties the picture, and an empty one would flash.
    if (this.quality.note(frameMs)) this.applyQuality();
    const reach = this.camera.position.distanceTo(focus);
    const light = this.atmosphere.update(hour, seconds, reach);
    if (!this.isStill()) SHARED.uTime.value = (SHARED.uTime.value + seconds) % 36_000;
    this.landscape?.setHour(hour);
    this.landscape?.follow(focus, reach);
    this.rain.visible = FALL.uRain.value > 0.02 && !this.isStill();
    this.snow.visible = FALL.uSnowfall.value > 0.02 && !this.isStill();
    this.aimShadow(focus, reach, light.sun);
    this.camera.near = Math.max(0.15, Math.min(4, reach * 0.03));
    this.camera.updateProjectionMatrix();
    this.renderer.info.reset();
    this.renderer.render(this.scene, this.camera);
  }

  // The shadow map covers what is near the focus; it moves in whole texels, so that edges do not crawl.
  private aimShadow(focus: Vector3, reach: number, sun: readonly [number, number, number]): void {
    const { lamp } = this.atmosphere;
    if (!lamp.castShadow) return;
    const half = reach > SHADOW_FAR_M ? SHADOW_M * 2.6 : SHADOW_M;
    const { camera } = lamp.shadow;
    if (camera.right !== half) {
      camera.left = camera.bottom = -half;
      camera.right = camera.top = half;
      camera.updateProjectionMatrix();
    }
    const texel = (half * 2) / lamp.shadow.mapSize.x;
    this.around.copy(focus);
    this.around.x = Math.round(this.around.x / texel) * texel;
    this.around.y = Math.round(this.around.y / texel) * texel;
    lamp.target.position.copy(this.around);
    lamp.position.set(this.around.x + sun[0] * 200, this.around.y + sun[1] * 200, this.around.z + sun[2] * 200);
  }
}

// Smooth edges must be asked for before anything is known of the card; a small canvas tells who draws.
function isProbablySoftware(): boolean {
  const probe = document.createElement("canvas");
  probe.width = probe.height = 1;
  const context = probe.getContext("webgl2");
  if (context === null) return true;
  const answer = isSoftware(context);
  context.getExtension("WEBGL_lose_context")?.loseContext();
  return answer;
}
