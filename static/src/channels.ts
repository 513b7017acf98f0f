// The page of the channels put together: the list beside, one channel in the middle, both by their address.
import { readChannel, writeChannel } from "./channels/address";
import { ChannelView } from "./ui/channel";
import { Directory } from "./ui/directory";
import { element, setText } from "./ui/dom";
import { fetchHour } from "./wire/api";
import { isNight } from "./world/clock";
import { cleanText } from "./world/text";

const HOUR_EVERY_MS = 60_000;
const WORDS = { idle: "", connecting: "Connecting", live: "Live", refused: "Closed" } as const;
const LAMPS = { idle: "idle", connecting: "connecting", live: "online", refused: "refused" } as const;

const scheme = location.protocol === "https:" ? "wss:" : "ws:";
const darkness = window.matchMedia("(prefers-color-scheme: dark)");
const view = new ChannelView(`${scheme}//${location.host}/connection/websocket`, (state, reason) => {
  document.body.dataset["connection"] = LAMPS[state];
  setText(element("connection-words", HTMLElement), WORDS[state]);
  element("connection", HTMLElement).title = reason;
});
const directory = new Directory((channel) => go(channel));

function show(channel: string | null): void {
  document.body.dataset["at"] = channel === null ? "list" : "channel";
  document.title = `${channel === null ? "Channels" : cleanText(channel, 80)} · Rookery`;
  element("welcome", HTMLElement).hidden = channel !== null;
  const list = element("to-list", HTMLElement);
  list.setAttribute("aria-current", channel === null ? "page" : "true");
  directory.choose(channel);
  view.open(channel);
}

function go(channel: string | null): void {
  history.pushState(null, "", writeChannel(channel));
  show(channel);
  // Who uses a keyboard or hears the page goes on where the new content is.
  const place = channel === null ? element("find", HTMLInputElement) : element("channel-name", HTMLElement);
  place.focus({ preventScroll: true });
  window.scrollTo(0, 0);
}

// The world's night is the page's, as on the page of the world; who prefers darkness has it always.
async function dim(): Promise<void> {
  const hour = darkness.matches ? null : await fetchHour();
  document.body.dataset["light"] = darkness.matches || isNight(hour) ? "night" : "day";
}

document.addEventListener("click", (event) => {
  const isPlain = event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey;
  const link = (event.target as Element).closest<HTMLAnchorElement>("a[href]");
  if (!isPlain || link === null || link.origin !== location.origin || !/^\/channels(\/|$)/.test(link.pathname)) return;
  event.preventDefault();
  go(readChannel(link.pathname, link.search));
});
window.addEventListener("popstate", () => show(readChannel(location.pathname, location.search)));
darkness.addEventListener("change", () => void dim());
setInterval(() => void dim(), HOUR_EVERY_MS);
void dim();
void directory.refresh();
show(readChannel(location.pathname, location.search));
