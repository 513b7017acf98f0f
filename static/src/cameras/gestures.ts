// Mouse and touch on the picture: drag, turn, pinch, tap.
import type { Rig } from "./rig";

const TAP_PX = 7;
const TAP_MS = 400;
const TURN = 0.0052;
const WHEEL = 0.0011;

/** What gestures tell the page. */
export interface GestureListener {
  onTap(x: number, y: number): void;
  onHover(x: number, y: number): void;
}

interface Finger {
  x: number;
  y: number;
}

/** Listens to gestures on the canvas and moves the rig. */
export function listenToGestures(canvas: HTMLCanvasElement, rig: Rig, listener: GestureListener): void {
  const fingers = new Map<number, Finger>();
  let travelled = 0;
  let downAtMs = 0;
  let spread = 0;
  let angle = 0;

  const turns = (event: PointerEvent): boolean =>
    rig.mode === "follow" || rig.mode === "first_person" || event.buttons === 2 || event.buttons === 4 || event.shiftKey || event.ctrlKey;

  const pair = (): { spread: number; angle: number; x: number; y: number } => {
    const [a, b] = [...fingers.values()];
    if (a === undefined || b === undefined) return { spread: 0, angle: 0, x: 0, y: 0 };
    return { spread: Math.hypot(b.x - a.x, b.y - a.y), angle: Math.atan2(b.y - a.y, b.x - a.x), x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 };
  };

  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    if (fingers.size === 1) {
      travelled = 0;
      downAtMs = event.timeStamp;
    }
    ({ spread, angle } = pair());
  });

  canvas.addEventListener("pointermove", (event) => {
    const finger = fingers.get(event.pointerId);
    if (finger === undefined) {
      listener.onHover(event.clientX, event.clientY);
      return;
    }
    const before = pair();
    const [dx, dy] = [event.clientX - finger.x, event.clientY - finger.y];
    finger.x = event.clientX;
    finger.y = event.clientY;
    travelled += Math.hypot(dx, dy);
    if (travelled < TAP_PX) return;
    if (fingers.size === 1) {
      if (turns(event)) rig.drag(dx * TURN, dy * TURN, event.timeStamp);
      else rig.pan(dx, dy, canvas.clientHeight);
      return;
    }
    const now = pair();
    if (spread > 0 && now.spread > 0) rig.zoom(now.spread / spread);
    rig.turn(Math.atan2(Math.sin(now.angle - angle), Math.cos(now.angle - angle)), 0, event.timeStamp);
    if (rig.mode === "free" || rig.mode === "overview") rig.pan(now.x - before.x, now.y - before.y, canvas.clientHeight);
    else rig.drag(0, (now.y - before.y) * TURN, event.timeStamp);
    ({ spread, angle } = now);
  });

  const up = (event: PointerEvent): void => {
    if (!fingers.delete(event.pointerId)) return;
    ({ spread, angle } = pair());
    const isTap = event.type === "pointerup" && travelled < TAP_PX && event.timeStamp - downAtMs < TAP_MS;
    if (isTap && fingers.size === 0) listener.onTap(event.clientX, event.clientY);
  };
  canvas.addEventListener("pointerup", up);
  canvas.addEventListener("pointercancel", up);
  canvas.addEventListener("contextmenu", (event) => event.preventDefault());
  canvas.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      const pixels = event.deltaMode === 1 ? event.deltaY * 24 : event.deltaY;
      rig.zoom(Math.exp(-Math.max(-160, Math.min(160, pixels)) * WHEEL * (event.ctrlKey ? 4 : 1)));
    },
    { passive: false },
  );
}
