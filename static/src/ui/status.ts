// The few words about the whole: time, weather, connection; notices and passing messages.
import type { ConnectionState } from "../wire/connection";
import { element, setText } from "./dom";

const WORDS: Record<ConnectionState, string> = {
  online: "Live",
  connecting: "Connecting",
  failing: "Waiting",
  refused: "Offline",
};
const TOAST_MS = 4_500;
let toastTimer: ReturnType<typeof setTimeout> | undefined;

/** Shows the connection's state in the header. */
export function showState(state: ConnectionState, reason: string): void {
  document.body.dataset["connection"] = state;
  setText(element("connection-words", HTMLElement), WORDS[state]);
  element("connection", HTMLElement).title = reason;
  element("again", HTMLButtonElement).hidden = state !== "refused" && state !== "failing";
}

/** Shows a notice in the middle of the picture, or hides it. */
export function showNotice(text: string): void {
  element("notice", HTMLElement).hidden = text === "";
  setText(element("notice-words", HTMLElement), text);
}

/** Says something in passing. */
export function toast(text: string): void {
  const place = element("toast", HTMLElement);
  place.textContent = text;
  place.hidden = false;
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => {
    place.hidden = true;
  }, TOAST_MS);
}

/** Shows the hour and the weather: an hour that nobody told is not shown. */
export function showSky(hour: number | null, weather: string): void {
  setText(element("sky", HTMLElement), hour === null ? weather : `${hourText(hour)} · ${weather}`);
}

/** Returns the hour of the world's day as a clock shows it, nothing for one that is not known. */
export function hourText(hour: number | null): string {
  if (hour === null) return "";
  const minutes = Math.floor(hour * 60);
  return `${String(Math.floor(minutes / 60) % 24).padStart(2, "0")}:${String(minutes % 60).padStart(2, "0")}`;
}
