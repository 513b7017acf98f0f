// The side panel and the few words in the header: which state we are in, said once and plainly.
import type { ConnectionState } from "./wire/connection";

/** Returns the element with `id`. Errors: throws when the page does not have it, which is a bug of the page. */
export function element<T extends HTMLElement>(id: string, type: new () => T): T {
  const found = document.getElementById(id);
  if (!(found instanceof type)) throw new Error(`the page has no #${id}`);
  return found;
}

const WORDS: Record<ConnectionState, string> = {
  online: "Live",
  connecting: "Connecting",
  failing: "Waiting",
  refused: "Offline",
};

/** Shows the connection's state in the header and, unless all is well, a notice on the land. */
export function showState(state: ConnectionState, reason: string): void {
  document.body.dataset["connection"] = state;
  const pill = element("connection", HTMLElement);
  const words = element("connection-words", HTMLElement);
  if (words.textContent !== WORDS[state]) words.textContent = WORDS[state];
  pill.title = reason;
  element("again", HTMLButtonElement).hidden = state !== "refused" && state !== "failing";
}

/** Shows a notice in the middle of the land, or hides it. */
export function showNotice(text: string): void {
  const notice = element("notice", HTMLElement);
  const words = element("notice-words", HTMLElement);
  notice.hidden = text === "";
  if (words.textContent !== text) words.textContent = text;
}

/** Makes the two tabs of the panel work with mouse and keyboard, and the handle fold it. */
export function listenToPanel(onResize: () => void): void {
  const tabs = [element("tab-log", HTMLButtonElement), element("tab-people", HTMLButtonElement)];
  const choose = (chosen: HTMLButtonElement): void => {
    for (const tab of tabs) {
      const isChosen = tab === chosen;
      tab.setAttribute("aria-selected", String(isChosen));
      tab.tabIndex = isChosen ? 0 : -1;
      const page = document.getElementById(tab.getAttribute("aria-controls") ?? "");
      if (page !== null) page.hidden = !isChosen;
    }
  };
  tabs.forEach((tab, index) => {
    tab.addEventListener("click", () => choose(tab));
    tab.addEventListener("keydown", (event) => {
      if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
      const other = tabs[1 - index];
      if (other === undefined) return;
      choose(other);
      other.focus();
    });
  });
  const fold = element("fold", HTMLButtonElement);
  fold.addEventListener("click", () => {
    const isFolded = document.body.classList.toggle("folded");
    fold.setAttribute("aria-expanded", String(!isFolded));
    fold.setAttribute("aria-label", isFolded ? "Show the panel" : "Hide the panel");
    onResize();
  });
}
