// The four camera buttons: one is on, arrows move between them.
import { modeOf, MODES, type Mode } from "../cameras/modes";

/** The radio group of cameras. */
export class CameraButtons {
  private readonly buttons: HTMLButtonElement[];

  constructor(group: HTMLElement, onChoose: (mode: Mode) => void) {
    this.buttons = [...group.querySelectorAll<HTMLButtonElement>("[data-mode]")];
    this.buttons.forEach((button, index) => {
      button.addEventListener("click", () => {
        const mode = modeOf(button.dataset["mode"] ?? null);
        if (mode !== null) onChoose(mode);
      });
      button.addEventListener("keydown", (event) => {
        const step = event.key === "ArrowRight" || event.key === "ArrowDown" ? 1 : event.key === "ArrowLeft" || event.key === "ArrowUp" ? -1 : 0;
        if (step === 0) return;
        event.preventDefault();
        event.stopPropagation();
        const next = this.buttons[(index + step + MODES.length) % MODES.length];
        next?.focus();
        next?.click();
      });
    });
  }

  /** Shows which camera is on. */
  show(mode: Mode): void {
    for (const button of this.buttons) {
      const isOn = button.dataset["mode"] === mode;
      button.setAttribute("aria-checked", String(isOn));
      button.tabIndex = isOn ? 0 : -1;
    }
  }
}
