// The twelve kinds of weather, as what they do to the sky and the land.

/** What a weather does. Everything is 0 to 1. */
export interface Weather {
  /** As the server names it. */
  kind: string;
  /** For people. */
  title: string;
  /** How much of the sky is hidden. */
  cover: number;
  /** How dark the clouds are. */
  dim: number;
  /** How near the fog is. */
  haze: number;
  rain: number;
  snow: number;
  wind: number;
}

function weather(kind: string, title: string, cover: number, dim: number, haze: number, rain: number, snow: number, wind: number): Weather {
  return { kind, title, cover, dim, haze, rain, snow, wind };
}

const CLEAR = weather("clear", "Clear", 0.05, 0, 0, 0, 0, 0.25);
const KINDS: readonly Weather[] = [
  CLEAR,
  weather("sunny", "Sunny", 0, 0, 0, 0, 0, 0.15),
  weather("partly_cloudy", "Partly cloudy", 0.25, 0, 0.05, 0, 0, 0.35),
  weather("cloudy", "Cloudy", 0.6, 0.2, 0.1, 0, 0, 0.4),
  weather("overcast", "Overcast", 0.85, 0.4, 0.2, 0, 0, 0.3),
  weather("light_rain", "Light rain", 0.75, 0.4, 0.3, 0.45, 0, 0.35),
  weather("rain", "Rain", 0.88, 0.6, 0.4, 0.85, 0, 0.5),
  weather("thunderstorm", "Thunderstorm", 0.96, 0.95, 0.45, 1, 0, 0.9),
  weather("fog", "Fog", 0.7, 0.25, 1, 0, 0, 0.08),
  weather("windy", "Windy", 0.3, 0.05, 0, 0, 0, 1),
  weather("drizzle", "Drizzle", 0.7, 0.3, 0.4, 0.25, 0, 0.2),
  weather("snow", "Snow", 0.7, 0.1, 0.45, 0, 1, 0.2),
];

/** Returns what the weather with this name does; an unknown one is clear. */
export function weatherOf(kind: string): Weather {
  return KINDS.find((one) => one.kind === kind) ?? CLEAR;
}
