// Brings the light of the hour and the weather to the materials, softly when the weather changes.
import { DirectionalLight, type Color } from "three";
import { weatherOf, type Weather } from "../world/weather";
import { FALL } from "./fall";
import { lightAt, type Light } from "./light";
import { SHARED } from "./material";
import type { Rgb } from "./paint";
import { SKY } from "./sky";

const TURN_S = 6;
const LIGHT_EVERY_S = 0.25;
const PARTS = ["cover", "dim", "haze", "rain", "snow", "wind"] as const;

/** The sky's mood. */
export class Atmosphere {
  readonly lamp = new DirectionalLight(0xffffff, 1);
  /** The weather as it looks now, on its way to what it is. */
  private readonly seen: Weather = { ...weatherOf("clear") };
  private target: Weather = weatherOf("clear");
  /** How much snow lies. */
  private lying = 0;
  private isFirst = true;
  private sinceS = 0;
  private light: Light | null = null;

  constructor(private readonly isStill: () => boolean) {
    this.lamp.shadow.camera.near = 1;
    this.lamp.shadow.camera.far = 420;
    this.lamp.shadow.bias = -0.0006;
    this.lamp.shadow.radius = 2.2;
  }

  /** The weather turns to the one with this name. */
  setWeather(kind: string): void {
    if (kind !== this.target.kind) this.target = weatherOf(kind);
  }

  /** What the weather is turning to. */
  get weather(): Weather {
    return this.target;
  }

  /** The next weather comes at once, as on opening a region. */
  cut(): void {
    this.isFirst = true;
  }

  /** Sets everything for this hour. `reachM` is how far the camera is from what it looks at. */
  update(hour: number, seconds: number, reachM: number): Light {
    this.sinceS += seconds;
    // The sun creeps: a few times a second is smooth enough, and costs no garbage each frame.
    if (this.light === null || this.isFirst || this.sinceS > LIGHT_EVERY_S) this.light = this.relight(hour);
    const clear = 1 - this.seen.haze;
    SHARED.uFogRange.value.set(reachM * 0.75 + 20 + 120 * clear, reachM * 2.1 + 110 + 620 * clear * clear);
    return this.light;
  }

  private relight(hour: number): Light {
    const part = this.isFirst || this.isStill() ? 1 : Math.min(1, (this.sinceS / TURN_S) * 2.5);
    this.isFirst = false;
    this.sinceS = 0;
    const { seen, target } = this;
    for (const name of PARTS) seen[name] += (target[name] - seen[name]) * part;
    this.lying += (seen.snow - this.lying) * (part === 1 ? 1 : part * 0.5);
    const light = lightAt(hour, seen);
    SHARED.uSun.value.set(light.sun[0], light.sun[1], light.sun[2]);
    paint(SHARED.uSunColour.value, light.sunColour);
    paint(SHARED.uSkyLight.value, light.skyLight);
    paint(SHARED.uGroundLight.value, light.groundLight);
    paint(SHARED.uFog.value, light.horizon);
    paint(SHARED.uFogSun.value, light.horizonSun);
    SHARED.uNight.value = light.night;
    SHARED.uSnow.value = this.lying;
    SHARED.uWet.value = Math.min(1, seen.rain * 1.4);
    SHARED.uCover.value = !this.isStill() && seen.cover > 0.12 && seen.cover < 0.5 ? 0.42 : 0;
    // Sway is the wind's; a still page has none.
    SHARED.uWind.value.set(0.92, 0.38, this.isStill() ? 0 : 0.25 + seen.wind);
    FALL.uRain.value = seen.rain;
    FALL.uSnowfall.value = seen.snow;
    paint(SKY.uTop.value, light.skyTop);
    SKY.uStars.value = light.stars;
    SKY.uMoon.value = light.isMoon ? 1 : 0;
    SKY.uDisc.value = Math.max(0, 1 - seen.cover * 1.2) * (1 - seen.haze);
    SKY.uClouds.value = 0.3 + seen.cover * 0.9;
    const white = 1 - 0.32 * seen.dim;
    SKY.uCloudTint.value.setRGB(white, white, white);
    return light;
  }
}

function paint(into: Color, colour: Rgb): void {
  into.setRGB(colour[0], colour[1], colour[2]);
}
