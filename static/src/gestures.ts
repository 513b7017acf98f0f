// Mouse, touch, wheel and keyboard on the canvas.
import type { Camera } from "./camera";

const PAN_STEP_PX = 60;
const ZOOM_STEP = 1.25;
const TAP_MOVE_MAX_PX = 6;

/** What a gesture may ask for beyond moving the camera. */
export interface GestureListener {
  /** The user took the camera: stop following. */
  onMoved(): void;
  /** A click or tap without movement, in CSS pixels of the canvas. */
  onTap(x: number, y: number): void;
  /** Show the whole region. */
  onFit(): void;
}

/** Lets the user move `camera` on `canvas`. */
export function listenToGestures(canvas: HTMLCanvasElement, camera: Camera, listener: GestureListener): void {
  const pointers = new Map<number, { x: number; y: number }>();
  let movedPx = 0;

  const placeOf = (event: MouseEvent): { x: number; y: number } => {
    const box = canvas.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };

  canvas.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || pointers.size >= 2) return;
    canvas.setPointerCapture(event.pointerId);
    if (pointers.size === 0) movedPx = 0;
    pointers.set(event.pointerId, placeOf(event));
  });

  canvas.addEventListener("pointermove", (event) => {
    const last = pointers.get(event.pointerId);
    if (last === undefined) return;
    const now = placeOf(event);
    movedPx += Math.hypot(now.x - last.x, now.y - last.y);
    pointers.set(event.pointerId, now);
    if (movedPx <= TAP_MOVE_MAX_PX) return;
    listener.onMoved();
    const other = [...pointers].find(([id]) => id !== event.pointerId)?.[1];
    if (other === undefined) {
      camera.pan(now.x - last.x, now.y - last.y);
      return;
    }
    // Two fingers: the middle pans, the distance zooms.
    const before = Math.hypot(last.x - other.x, last.y - other.y);
    const after = Math.hypot(now.x - other.x, now.y - other.y);
    camera.pan((now.x - last.x) / 2, (now.y - last.y) / 2);
    if (before > 10 && after > 10) camera.zoom(after / before, { x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 });
  });

  const release = (event: PointerEvent): void => {
    if (!pointers.delete(event.pointerId)) return;
    if (event.type === "pointerup" && pointers.size === 0 && movedPx <= TAP_MOVE_MAX_PX) {
      const at = placeOf(event);
      listener.onTap(at.x, at.y);
    }
  };
  canvas.addEventListener("pointerup", release);
  canvas.addEventListener("pointercancel", release);

  canvas.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? event.deltaY * 16 : event.deltaY;
      camera.zoom(Math.exp(-Math.max(-300, Math.min(300, lines)) * 0.0016), placeOf(event));
    },
    { passive: false },
  );

  const keys: Record<string, () => void> = {
    ArrowLeft: () => camera.pan(PAN_STEP_PX, 0),
    ArrowRight: () => camera.pan(-PAN_STEP_PX, 0),
    ArrowUp: () => camera.pan(0, PAN_STEP_PX),
    ArrowDown: () => camera.pan(0, -PAN_STEP_PX),
    "+": () => camera.zoom(ZOOM_STEP),
    "=": () => camera.zoom(ZOOM_STEP),
    "-": () => camera.zoom(1 / ZOOM_STEP),
    "0": () => listener.onFit(),
  };
  canvas.addEventListener("keydown", (event) => {
    const act = keys[event.key];
    if (act === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    if (event.key.startsWith("Arrow")) listener.onMoved();
    act();
  });
}
