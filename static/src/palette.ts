// Colours of the land and its people, and the light of the day.

/** The land by daylight; night is a tint over it. */
export const LAND = {
  around: "#cfdcc3",
  ground: "#dfe8d0",
  groundEdge: "#b7c8a8",
  grid: "rgba(84, 110, 78, 0.09)",
  pathEdge: "rgba(176, 150, 108, 0.45)",
  path: "#efe4cb",
  tuft: "rgba(116, 146, 100, 0.34)",
  tree: "#9dbb8a",
  treeTop: "#b0ca9c",
  shade: "rgba(74, 96, 66, 0.18)",
  placeFill: "rgba(244, 236, 216, 0.9)",
  placeEdge: "rgba(150, 126, 88, 0.5)",
  placeName: "#5c5138",
  objectName: "#6d6650",
} as const;

// One lightness and softness for all, so that no agent shouts by colour.
const AGENT_HUES = [8, 28, 44, 78, 140, 168, 190, 208, 226, 252, 278, 304, 330, 350];

/** Returns a number made of the text, the same on every page. */
export function hashOf(text: string): number {
  let hash = 2166136261;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 16777619);
  }
  return hash >>> 0;
}

/** Returns the colour of an agent's disc. */
export function agentColour(id: string): string {
  const hash = hashOf(id);
  const hue = AGENT_HUES[hash % AGENT_HUES.length] ?? 200;
  return `hsl(${hue} 48% ${44 + ((hash >>> 8) % 3) * 4}%)`;
}

/** The light on the land: a colour to multiply with, and how strong it is. */
export interface Light {
  rgb: [number, number, number];
  alpha: number;
}

// Hour, colour, strength: interpolated between.
const LIGHTS: [number, [number, number, number], number][] = [
  [0, [82, 98, 168], 0.86],
  [4.5, [88, 102, 172], 0.84],
  [6, [236, 168, 158], 0.6],
  [7.5, [255, 222, 178], 0.5],
  [9, [255, 246, 224], 0],
  [16.5, [255, 246, 224], 0],
  [18.5, [255, 206, 150], 0.6],
  [20, [196, 142, 170], 0.72],
  [21.5, [100, 108, 176], 0.82],
  [24, [82, 98, 168], 0.86],
];

/** Returns the light at `hour`, 0-24. */
export function lightAt(hour: number): Light {
  const next = LIGHTS.findIndex(([at]) => at > hour);
  const to = LIGHTS[next] ?? LIGHTS[0];
  const from = LIGHTS[next - 1] ?? LIGHTS[LIGHTS.length - 1];
  if (to === undefined || from === undefined) return { rgb: [0, 0, 0], alpha: 0 };
  const part = to[0] > from[0] ? (hour - from[0]) / (to[0] - from[0]) : 0;
  const mix = (a: number, b: number): number => a + (b - a) * part;
  return {
    rgb: [
      Math.round(mix(from[1][0], to[1][0])),
      Math.round(mix(from[1][1], to[1][1])),
      Math.round(mix(from[1][2], to[1][2])),
    ],
    alpha: mix(from[2], to[2]),
  };
}

/** Returns the name of the part of the day. */
export function dayPart(hour: number): string {
  if (hour < 5) return "night";
  if (hour < 8) return "dawn";
  if (hour < 12) return "morning";
  if (hour < 14) return "noon";
  if (hour < 18) return "afternoon";
  if (hour < 21) return "evening";
  return "night";
}
