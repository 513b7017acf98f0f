// The panel with its tabs: beside the picture on a wide window, a sheet from below on a phone.
import { element } from "./dom";

const DRAG_PX = 28;
const FREE_MIN_PX = 320;

/** How much of the sheet is seen on a phone. */
export type Sheet = "peek" | "half" | "full";

const SHEETS: readonly Sheet[] = ["peek", "half", "full"];

/** Makes the tabs work with mouse and keyboard, the button fold the panel, and a finger pull the sheet. */
export function listenToPanel(onResize: () => void): { toggle(): void } {
  const tabs = [element("tab-log", HTMLButtonElement), element("tab-people", HTMLButtonElement)];
  const fold = element("fold", HTMLButtonElement);
  const panel = element("panel", HTMLElement);
  const choose = (chosen: HTMLButtonElement): void => {
    for (const tab of tabs) {
      const isChosen = tab === chosen;
      tab.setAttribute("aria-selected", String(isChosen));
      tab.tabIndex = isChosen ? 0 : -1;
      const page = document.getElementById(tab.getAttribute("aria-controls") ?? "");
      if (page !== null) page.hidden = !isChosen;
    }
  };
  const isSheet = (): boolean => window.matchMedia("(max-width: 760px)").matches;
  const show = (isOpen: boolean): void => {
    if (isSheet()) document.body.dataset["sheet"] = isOpen ? "half" : "peek";
    else document.body.classList.toggle("folded", !isOpen);
    fold.setAttribute("aria-expanded", String(isOpen));
    fold.setAttribute("aria-label", isOpen ? "Hide the panel" : "Show the panel");
    onResize();
  };
  const isOpen = (): boolean => (isSheet() ? document.body.dataset["sheet"] !== "peek" : !document.body.classList.contains("folded"));
  tabs.forEach((tab, index) => {
    tab.addEventListener("click", () => {
      choose(tab);
      if (isSheet() && !isOpen()) show(true);
    });
    tab.addEventListener("keydown", (event) => {
      if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
      const other = tabs[1 - index];
      if (other === undefined) return;
      choose(other);
      other.focus();
    });
  });
  fold.addEventListener("click", () => show(!isOpen()));
  pullable(panel, fold, onResize);
  fold.setAttribute("aria-expanded", String(isOpen()));
  return { toggle: () => show(!isOpen()) };
}

// A finger on the head of the sheet pulls it up or down by one step.
function pullable(panel: HTMLElement, fold: HTMLElement, onResize: () => void): void {
  const head = panel.querySelector(".tabs");
  let fromY: number | null = null;
  head?.addEventListener("pointerdown", (event) => {
    fromY = (event as PointerEvent).clientY;
  });
  window.addEventListener("pointerup", (event) => {
    if (fromY === null) return;
    const pulled = fromY - event.clientY;
    fromY = null;
    if (Math.abs(pulled) < DRAG_PX) return;
    const now = SHEETS.indexOf((document.body.dataset["sheet"] ?? "peek") as Sheet);
    const next = SHEETS[Math.min(SHEETS.length - 1, Math.max(0, now + Math.sign(pulled)))] ?? "peek";
    document.body.dataset["sheet"] = next;
    fold.setAttribute("aria-expanded", String(next !== "peek"));
    onResize();
  });
}

/** Returns which parts of the picture panels cover. Units: CSS pixels. */
export function panelInsets(): { top: number; right: number; bottom: number; left: number } {
  const top = document.querySelector("header")?.getBoundingClientRect().bottom ?? 0;
  const panel = document.getElementById("panel")?.getBoundingClientRect();
  const card = document.getElementById("card")?.getBoundingClientRect();
  const isSheet = window.matchMedia("(max-width: 760px)").matches;
  if (isSheet) {
    const heads = [panel, card].filter((one) => one !== undefined && one.height > 0).map((one) => window.innerHeight - (one?.top ?? 0));
    return { top, right: 0, bottom: Math.min(window.innerHeight * 0.6, Math.max(0, ...heads)), left: 0 };
  }
  const right = panel === undefined || document.body.classList.contains("folded") ? 0 : window.innerWidth - panel.left;
  // The card too, where enough is left beside it.
  const edge = card?.right ?? 0;
  const left = window.innerWidth - right - edge > FREE_MIN_PX ? edge : 0;
  return { top: 0, right, bottom: 0, left };
}

/** Returns what lies over the picture besides the panel: nothing is written below it. */
export function coveredBoxes(): DOMRect[] {
  const over = document.querySelectorAll("header, #map, #cameras, .zoom, #help-open, #card:not([hidden])");
  return [...over].map((one) => one.getBoundingClientRect()).filter(({ width }) => width > 0);
}
