// The light of an hour and a weather: colours of the sky, strength of the sun, how far one sees.
import { blend, rgb, shade, type Rgb } from "./paint";
import { mix, softStep } from "./random";
import type { Weather } from "../world/weather";

/** The light of a moment. Colours are linear. */
export interface Light {
  /** Towards the sun, or the moon by night; length 1, x east, y north, z up. */
  sun: Rgb;
  isMoon: boolean;
  sunColour: Rgb;
  skyTop: Rgb;
  horizon: Rgb;
  /** The horizon below the sun. */
  horizonSun: Rgb;
  skyLight: Rgb;
  groundLight: Rgb;
  /** How many of the stars are seen, 0 to 1. */
  stars: number;
  /** How much lamps and windows glow, 0 to 1. */
  night: number;
}

interface Key {
  hour: number;
  top: Rgb;
  horizon: Rgb;
  horizonSun: Rgb;
  sun: Rgb;
  sky: Rgb;
  ground: Rgb;
}

function key(hour: number, top: string, horizon: string, horizonSun: string, sun: string, power: number, sky: string, ground: string): Key {
  return { hour, top: rgb(top), horizon: rgb(horizon), horizonSun: rgb(horizonSun), sun: shade(rgb(sun), power), sky: rgb(sky), ground: rgb(ground) };
}

// The hours between which light is mixed. The sun's strength is 0 where sun and moon change places.
const KEYS: readonly [Key, ...Key[]] = [
  key(0.0, "#0d1636", "#2b3a72", "#34457f", "#9db4f0", 0.34, "#56689f", "#30385f"),
  key(4.4, "#131d43", "#3a4580", "#5a5288", "#9db4f0", 0.3, "#566399", "#333a60"),
  key(5.4, "#31417f", "#b98593", "#f2a07f", "#ffb08a", 0.0, "#7d7fac", "#5a5566"),
  key(6.6, "#6c95cf", "#f4c6a4", "#ffcf8e", "#ffc08a", 0.98, "#9aa9d0", "#8a7c70"),
  key(8.5, "#68aae2", "#dbe8e6", "#fbeccb", "#ffe7bf", 1.22, "#a3bcdc", "#98917c"),
  key(12.5, "#559fe0", "#cfe6f0", "#e8f0e4", "#fff2d4", 1.3, "#a9c4e2", "#a09c80"),
  key(16.5, "#5a9bdc", "#ecead0", "#ffeec0", "#ffe1a6", 1.26, "#a7bad8", "#a1937a"),
  key(18.4, "#5f80c6", "#ffcb91", "#ffcf78", "#ffb066", 1.2, "#a39fca", "#a08470"),
  key(19.7, "#46549c", "#f3957a", "#ffa25c", "#ff8a52", 0.8, "#8a83b8", "#84677a"),
  key(20.5, "#28336f", "#a3688c", "#d97a6e", "#c78ab0", 0.0, "#666ba6", "#544d70"),
  key(21.8, "#121c46", "#37437e", "#454f8c", "#9db4f0", 0.3, "#56659f", "#333b63"),
  key(24.0, "#0d1636", "#2b3a72", "#34457f", "#9db4f0", 0.34, "#56689f", "#30385f"),
];

const SUNRISE = 5.4;
const SUNSET = 20.5;

/** Returns the light at `hour`, 0 to 24, under a weather. */
export function lightAt(hour: number, weather: Weather): Light {
  const next = Math.max(1, KEYS.findIndex((one) => one.hour > hour));
  const to = KEYS[next] ?? KEYS[0];
  const from = KEYS[next - 1] ?? KEYS[0];
  const part = to.hour > from.hour ? (hour - from.hour) / (to.hour - from.hour) : 0;
  const isMoon = hour < SUNRISE || hour >= SUNSET;
  const night = Math.max(softStep(18.6, 20.2, hour), softStep(6.6, 5.4, hour));
  // Clouds take the colour out of the sky and the strength out of the sun, and give some of it back from all sides.
  const { cover, dim } = weather;
  const day = 1 - night;
  const grey = (colour: Rgb, amount: number): Rgb => {
    const bright = (colour[0] * 0.3 + colour[1] * 0.5 + colour[2] * 0.2) * mix(1, 0.72, dim);
    return blend(colour, [bright * 0.95, bright * 0.99, bright * 1.06], amount);
  };
  const through = 1 - 0.86 * cover;
  return {
    sun: directionAt(hour, isMoon),
    isMoon,
    sunColour: shade(blend(from.sun, to.sun, part), through),
    skyTop: grey(blend(from.top, to.top, part), cover * 0.85),
    horizon: grey(blend(from.horizon, to.horizon, part), cover * 0.8),
    horizonSun: grey(blend(from.horizonSun, to.horizonSun, part), cover * 0.88),
    skyLight: shade(grey(blend(from.sky, to.sky, part), cover * 0.6), mix(1, mix(1.12, 0.92, dim), cover * day)),
    groundLight: shade(grey(blend(from.ground, to.ground, part), cover * 0.5), mix(1, mix(1.1, 0.9, dim), cover * day)),
    stars: softStep(19.9, 22, hour) * (1 - cover) + softStep(6, 4.2, hour) * (1 - cover),
    night: Math.max(night, 0.5 * softStep(0.55, 1, dim)),
  };
}

// From the east over the south to the west; the moon goes the same way, lower.
function directionAt(hour: number, isMoon: boolean): Rgb {
  const length = isMoon ? 24 - SUNSET + SUNRISE : SUNSET - SUNRISE;
  const way = (Math.PI * (isMoon ? (hour - SUNSET + 24) % 24 : hour - SUNRISE)) / length;
  const height = 0.09 + Math.sin(way) * (isMoon ? 0.75 : 0.92);
  const flat = Math.cos(height);
  const x = Math.cos(way) * flat;
  const y = (-0.25 - 0.75 * Math.sin(way)) * flat;
  const z = Math.sin(height);
  const norm = Math.hypot(x, y, z);
  return [x / norm, y / norm, z / norm];
}
