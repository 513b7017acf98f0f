// Speech bubbles above the speakers: they wrap, stay long enough to be read, and fade.
import { BUBBLES_MAX } from "./limits";

const FONT = "500 13px ui-sans-serif, system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif";
const LINE_PX = 17;
const WIDTH_MAX_PX = 210;
const LINES_MAX = 4;
const PADDING_PX = 9;
const FADE_MS = 700;

interface Bubble {
  text: string;
  isEmote: boolean;
  untilMs: number;
  lines: string[] | null;
}

/** The bubbles of all agents; each agent has at most one, its latest. */
export class Bubbles {
  private readonly byAgent = new Map<string, Bubble>();

  /** Shows `text` above the agent; longer texts stay longer. */
  show(agentId: string, text: string, isEmote: boolean, nowMs: number): void {
    this.byAgent.delete(agentId);
    this.byAgent.set(agentId, { text, isEmote, untilMs: nowMs + 4_000 + Math.min(6_000, text.length * 55), lines: null });
    const oldest = this.byAgent.keys().next();
    if (this.byAgent.size > BUBBLES_MAX && oldest.done !== true) this.byAgent.delete(oldest.value);
  }

  /** Forgets all bubbles. */
  clear(): void {
    this.byAgent.clear();
  }

  /** Draws the bubbles; `anchorOf` tells where an agent's bubble points to, null when it is not in sight. */
  draw(
    ctx: CanvasRenderingContext2D,
    nowMs: number,
    roomPx: number,
    isStill: boolean,
    anchorOf: (agentId: string) => { x: number; y: number } | null,
  ): void {
    ctx.font = FONT;
    ctx.textBaseline = "middle";
    for (const [agentId, bubble] of this.byAgent) {
      const leftMs = bubble.untilMs - nowMs;
      if (leftMs <= 0) {
        this.byAgent.delete(agentId);
        continue;
      }
      const anchor = anchorOf(agentId);
      if (anchor === null) continue;
      bubble.lines ??= wrap(ctx, bubble.text);
      ctx.globalAlpha = isStill ? 1 : Math.min(1, leftMs / FADE_MS);
      paint(ctx, bubble, bubble.lines, anchor, roomPx);
    }
    ctx.globalAlpha = 1;
  }
}

function paint(
  ctx: CanvasRenderingContext2D,
  bubble: Bubble,
  lines: string[],
  anchor: { x: number; y: number },
  roomPx: number,
): void {
  const width = Math.max(...lines.map((line) => ctx.measureText(line).width)) + PADDING_PX * 2;
  const height = lines.length * LINE_PX + PADDING_PX * 1.2;
  // A bubble at the edge moves inwards as far as its point allows.
  const wanted = Math.min(roomPx - width - 6, Math.max(6, anchor.x - width / 2));
  const left = Math.min(anchor.x - 18, Math.max(anchor.x - width + 18, wanted));
  const top = anchor.y - height - 7;
  ctx.shadowColor = "rgba(40, 44, 60, 0.22)";
  ctx.shadowBlur = 10;
  ctx.shadowOffsetY = 2;
  ctx.fillStyle = bubble.isEmote ? "#f3ead7" : "#fffdf8";
  ctx.beginPath();
  ctx.roundRect(left, top, width, height, 11);
  ctx.moveTo(anchor.x - 6, top + height - 1);
  ctx.lineTo(anchor.x, top + height + 6);
  ctx.lineTo(anchor.x + 6, top + height - 1);
  ctx.fill();
  ctx.shadowColor = "transparent";
  ctx.shadowBlur = 0;
  ctx.shadowOffsetY = 0;
  ctx.fillStyle = bubble.isEmote ? "#7a6642" : "#2c3138";
  ctx.textAlign = "center";
  lines.forEach((line, index) => ctx.fillText(line, left + width / 2, top + PADDING_PX * 0.6 + LINE_PX * (index + 0.5)));
}

// Words first; a word longer than a line is cut by characters, so that no text is wider than its bubble.
function wrap(ctx: CanvasRenderingContext2D, text: string): string[] {
  const lines: string[] = [];
  let line = "";
  const fits = (candidate: string): boolean => ctx.measureText(candidate).width <= WIDTH_MAX_PX;
  for (const word of text.split(" ")) {
    if (fits(line === "" ? word : `${line} ${word}`)) {
      line = line === "" ? word : `${line} ${word}`;
      continue;
    }
    if (line !== "") lines.push(line);
    line = "";
    for (const character of Array.from(word)) {
      if (!fits(line + character)) {
        lines.push(line);
        line = "";
      }
      line += character;
    }
    if (lines.length > LINES_MAX) break;
  }
  if (line !== "") lines.push(line);
  if (lines.length <= LINES_MAX) return lines;
  return [...lines.slice(0, LINES_MAX - 1), `${lines[LINES_MAX - 1] ?? ""} …`];
}
