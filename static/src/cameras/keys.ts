// The keyboard: held keys move the camera each frame, others do one thing at once.
import { MODES, type Mode } from "./modes";
import type { Rig } from "./rig";

/** What keys tell the page. */
export interface KeyListener {
  onMode(mode: Mode): void;
  /** The next inhabitant, or the one before. */
  onNext(step: 1 | -1): void;
  onPanel(): void;
  onMap(): void;
  onHelp(): void;
  onEscape(): void;
}

const TURN_A_S = 1.7;
const ZOOM_A_S = 2.6;
const GLIDE_A_S = 6;
const HELD = new Set(["KeyW", "KeyA", "KeyS", "KeyD", "KeyQ", "KeyE", "ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight", "Equal", "Minus", "NumpadAdd", "NumpadSubtract"]);

/** Listens to the keyboard; `step` moves the rig by what is held. */
export class Keys {
  private readonly held = new Set<string>();

  constructor(private readonly rig: Rig, private readonly listener: KeyListener) {
    window.addEventListener("keydown", (event) => this.down(event));
    window.addEventListener("keyup", (event) => this.held.delete(event.code));
    window.addEventListener("blur", () => this.held.clear());
  }

  /** Moves the rig by what is held for `seconds`. */
  step(nowMs: number, seconds: number): void {
    if (this.held.size === 0) return;
    const { rig } = this;
    const on = (...codes: string[]): number => (codes.some((code) => this.held.has(code)) ? 1 : 0);
    const side = on("KeyD", "ArrowRight") - on("KeyA", "ArrowLeft");
    const ahead = on("KeyW", "ArrowUp") - on("KeyS", "ArrowDown");
    const turn = on("KeyQ") - on("KeyE");
    const zoom = on("Equal", "NumpadAdd") - on("Minus", "NumpadSubtract");
    if (zoom !== 0) rig.zoom(ZOOM_A_S ** (zoom * seconds));
    if (rig.mode === "follow" || rig.mode === "first_person") rig.turn((turn - side) * TURN_A_S * seconds, -ahead * seconds, nowMs);
    else {
      if (turn !== 0) rig.turn(turn * TURN_A_S * seconds, 0, nowMs);
      rig.glide(side * rig.strideM * GLIDE_A_S * seconds, ahead * rig.strideM * GLIDE_A_S * seconds);
    }
  }

  private down(event: KeyboardEvent): void {
    if (event.altKey || event.ctrlKey || event.metaKey || isTyping(event.target)) return;
    if (HELD.has(event.code)) {
      // Lists and buttons keep their arrows; the picture has them when it, or nothing, has the focus.
      if (event.code.startsWith("Arrow") && isControl(event.target)) return;
      this.held.add(event.code);
      event.preventDefault();
      return;
    }
    const mode = MODES[Number(event.key) - 1];
    if (mode !== undefined) this.listener.onMode(mode);
    else if (event.key === "Escape") this.listener.onEscape();
    else if (event.key === "?") this.listener.onHelp();
    else if (event.code === "KeyN") this.listener.onNext(1);
    else if (event.code === "KeyP") this.listener.onNext(-1);
    else if (event.code === "KeyL") this.listener.onPanel();
    else if (event.code === "KeyM") this.listener.onMap();
  }
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest("input, select, textarea, dialog[open]") !== null;
}

function isControl(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest("button, .scroll") !== null;
}
