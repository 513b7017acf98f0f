// The page put together: regions, one connection, the state of the world, the picture and the log.
import { TickClock } from "./world/clock";
import { Connection, type ConnectionState } from "./wire/connection";
import { describe } from "./world/describe";
import { EventLog } from "./eventlog";
import { agentColour, dayPart } from "./palette";
import { element, listenToPanel, showNotice, showState } from "./panel";
import { fetchHour, fetchRegions, fillPicker, regionOfPath } from "./picker";
import type { Region } from "./world/region";
import { Roster } from "./roster";
import { Stage } from "./stage";
import { cleanText } from "./world/text";
import { isRecord, listOf, type Frame, type WorldEvent } from "./wire/frame";
import { WorldState } from "./world/world";

declare global {
  interface Window {
    /** For tests and the curious: what the page shows right now. */
    rookery: { agents(): { id: string; name: string; x: number; y: number }[]; log(): string[]; state(): string };
  }
}

const REGIONS_EVERY_MS = 15_000;
const STATUS_EVERY_MS = 500;
const EVENTS_A_FRAME_MAX = 200;

const clock = new TickClock();
const world = new WorldState();
const log = new EventLog(element("log", HTMLElement), element("log-empty", HTMLElement));
const picker = element("region", HTMLSelectElement);
const canvas = element("land", HTMLCanvasElement);
const stage = new Stage(canvas, world, clock, panelInsets, () => refreshStatus());
const roster = new Roster(element("people", HTMLElement), element("people-empty", HTMLElement), (id) =>
  stage.follow(stage.followed === id ? null : id),
);
let regions: Region[] = [];
let chosen = "";
let state: ConnectionState = "connecting";
let reason = "";

const scheme = location.protocol === "https:" ? "wss:" : "ws:";
const connection = new Connection(`${scheme}//${location.host}/connection/websocket`, {
  onState(next, why) {
    state = next;
    reason = cleanText(why, 160);
    showState(state, reason);
    refreshStatus();
  },
  onHello(data) {
    clock.sync(data, performance.now());
    world.tickMs = clock.tickMs;
    void fetchHour().then((hour) => hour !== null && clock.setHour(hour, performance.now()));
  },
  onFresh: () => world.clear(),
  onFrame(region, frame) {
    if (region === chosen) take(frame);
  },
});

function take(frame: Frame): void {
  if (typeof frame.tick === "number" && Number.isFinite(frame.tick)) clock.observe(frame.tick, performance.now());
  world.apply(frame);
  for (const event of listOf(frame.events).slice(0, EVENTS_A_FRAME_MAX)) {
    if (isRecord(event) && typeof event["type"] === "string") tell(event as unknown as WorldEvent);
  }
}

function tell(event: WorldEvent): void {
  const line = describe(event, (id) => world.agents.get(id)?.name ?? id);
  if (line === null) return;
  const source = typeof event.source === "string" ? event.source : "";
  const nowMs = performance.now();
  log.add(line, hourText(nowMs), agentColour(source));
  if (line.kind === "speech") stage.bubbles.show(source, line.text, false, nowMs);
  if (line.kind === "emote" || line.kind === "payment") stage.bubbles.show(source, line.text, true, nowMs);
}

function watch(name: string, isNavigation: boolean): void {
  const region = regions.find((one) => one.name === name);
  if (region === undefined || name === chosen) return;
  chosen = name;
  if (isNavigation) history.pushState(null, "", `/watch/${encodeURIComponent(name)}`);
  document.title = `${region.title} · Rookery`;
  fillPicker(picker, regions, chosen);
  log.clear();
  stage.show(region);
  connection.watch(name);
}

async function refreshRegions(): Promise<void> {
  const found = await fetchRegions();
  if (found !== null) {
    regions = found;
    const current = regions.find((one) => one.name === chosen);
    if (current !== undefined) stage.show(current);
    else chooseByPath();
    fillPicker(picker, regions, chosen);
  } else if (regions.length === 0) {
    reason = "The world does not answer yet.";
  }
  refreshStatus();
  setTimeout(() => void refreshRegions(), regions.length === 0 ? 3_000 : REGIONS_EVERY_MS);
}

function chooseByPath(): void {
  const named = regionOfPath(location.pathname);
  const region = regions.find((one) => one.name === named) ?? regions[0];
  if (region !== undefined) watch(region.name, false);
}

function hourText(nowMs: number): string {
  const minutes = Math.floor(clock.hourAt(nowMs) * 60);
  return `${String(Math.floor(minutes / 60)).padStart(2, "0")}:${String(minutes % 60).padStart(2, "0")}`;
}

function refreshStatus(): void {
  const nowMs = performance.now();
  const count = world.agents.size;
  const title = regions.find((one) => one.name === chosen)?.title ?? "No region";
  document.body.dataset["agents"] = String(count);
  const time = `${hourText(nowMs)} · ${dayPart(clock.hourAt(nowMs))}`;
  element("time", HTMLElement).textContent = state === "online" ? time : "";
  element("count", HTMLElement).textContent = String(count);
  const label = `${title} from above, ${count} ${count === 1 ? "inhabitant" : "inhabitants"} in sight. Arrow keys move, plus and minus zoom, 0 shows everything.`;
  if (canvas.getAttribute("aria-label") !== label) canvas.setAttribute("aria-label", label);
  roster.update(world, stage.followed);
  showNotice(noticeText(count));
}

function noticeText(count: number): string {
  if (chosen === "") return regions.length === 0 ? reason || "Looking for the world …" : "This world has no regions yet.";
  if (state === "connecting") return reason === "" ? "Connecting …" : "The connection was lost. Connecting again …";
  if (state === "refused") return `The world closed the connection: ${reason}`;
  if (state === "failing") return `This region cannot be shown: ${reason}`;
  return count === 0 ? "Nobody is here right now." : "";
}

// The panel lies over the land: the camera fits the region into what is left free.
function panelInsets(): { top: number; right: number; bottom: number; left: number } {
  const header = document.querySelector("header")?.getBoundingClientRect();
  const panel = document.getElementById("panel")?.getBoundingClientRect();
  const top = (header?.bottom ?? 0) + 6;
  if (panel === undefined || document.body.classList.contains("folded")) return { top, right: 8, bottom: 56, left: 8 };
  const isBeside = panel.left > window.innerWidth * 0.4;
  return isBeside
    ? { top, right: window.innerWidth - panel.left + 8, bottom: 12, left: 8 }
    : { top, right: 8, bottom: window.innerHeight - panel.top + 8, left: 8 };
}

window.rookery = {
  agents: () =>
    [...stage.people.drawn].map(([id, at]) => ({ id, name: world.agents.get(id)?.name ?? id, x: at.x, y: at.y })),
  log: () => log.lines(),
  state: () => state,
};

listenToPanel(() => stage.resize());
picker.addEventListener("change", () => watch(picker.value, true));
window.addEventListener("popstate", chooseByPath);
element("again", HTMLButtonElement).addEventListener("click", () => connection.again());
element("zoom-in", HTMLButtonElement).addEventListener("click", () => stage.camera.zoom(1.4));
element("zoom-out", HTMLButtonElement).addEventListener("click", () => stage.camera.zoom(1 / 1.4));
element("zoom-fit", HTMLButtonElement).addEventListener("click", () => stage.fit());
showState(state, "");
setInterval(refreshStatus, STATUS_EVERY_MS);
void refreshRegions();
