// The page put together: regions, one connection, the state of the world, the picture and what is written around it.
import type { Mode } from "./cameras/modes";
import { Flat } from "./watch/flat";
import { exposeToTests } from "./watch/looking";
import { Picture } from "./watch/picture";
import { Teller } from "./watch/teller";
import { Watching } from "./watch/watching";
import { CameraButtons } from "./ui/cameras";
import { Card } from "./ui/card";
import { element } from "./ui/dom";
import { EventLog } from "./ui/log";
import { listenToPanel } from "./ui/panel";
import { fillPicker } from "./ui/picker";
import { Prompts } from "./ui/prompt";
import { Roster } from "./ui/roster";
import { hourText, showNotice, showSky, showState, toast } from "./ui/status";
import { fetchEvents, fetchHour, fetchNames, fetchProfile, fetchRegions, fetchWeather } from "./wire/api";
import { Connection, type ConnectionState } from "./wire/connection";
import type { Frame } from "./wire/frame";
import { TickClock } from "./world/clock";
import { Names } from "./world/names";
import { Overview } from "./world/overview";
import type { Region } from "./world/region";
import { cleanText } from "./world/text";
import { weatherOf } from "./world/weather";
import { WorldState } from "./world/world";

const REGIONS_EVERY_MS = 15_000;
const PROFILE_EVERY_MS = 12_000;
const WEATHER_EVERY_MS = 60_000;
const STATUS_EVERY_MS = 500;

const stillness = window.matchMedia("(prefers-reduced-motion: reduce)");
const clock = new TickClock();
const world = new WorldState();
const overview = new Overview();
const names = new Names();
const picker = element("region", HTMLSelectElement);
const canvas = element("land", HTMLCanvasElement);
const map = element("map", HTMLCanvasElement);
let state: ConnectionState = "connecting";
let reason = "";
let weather = "clear";
let counted = 0;
let hourAsked = (): void => undefined;
const hourKnown = new Promise<void>((resolve) => (hourAsked = resolve));

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
    void fetchHour().then((hour) => {
      if (hour !== null) clock.setHour(hour, performance.now());
      hourAsked();
    });
  },
  onFresh: forget,
  onLooking: ({ region }) => watching.wentTo(region),
  onLost(agent) {
    toast(`${names.of(agent)} is not in the world now.`);
    watching.lost();
  },
  onRegion: (region) => watching.wentTo(region),
  onFrame(region, frame) {
    if (region === watching.region?.name) take(frame);
  },
  onInner: (_agent, frame) => teller.tell(frame),
});

function take(frame: Frame): void {
  if (typeof frame.tick === "number" && Number.isFinite(frame.tick)) clock.observe(frame.tick, performance.now());
  world.apply(frame);
  overview.apply(frame.overview);
  teller.tell(frame);
}

function forget(): void {
  world.clear();
  overview.clear();
}

const card = new Card({
  onClose: () => watching.chooseMode("overview"),
  onFollow: () => watching.chooseMode("follow"),
  onEyes: () => watching.chooseMode("first_person"),
  onShare: () => void share(),
});
const prompts = new Prompts((agent, text) => connection.prompt(agent, text));
const log = new EventLog(element("log", HTMLElement), element("log-empty", HTMLElement), element("filters", HTMLElement), follow);
const roster = new Roster(element("people", HTMLElement), element("people-empty", HTMLElement), element("find", HTMLInputElement), (id) =>
  watching.agent === id ? watching.chooseMode("overview") : follow(id),
);
const cameras = new CameraButtons(document.querySelector<HTMLElement>(".cameras") ?? document.body, chooseMode);
const panel = listenToPanel(() => picture?.resize());
const picture = openPicture();
const flat = picture === null ? new Flat(canvas, world, clock) : null;
const teller = new Teller(names, log, card, prompts, picture, (nowMs) => clock.hourAt(nowMs), setWeather);
const watching = new Watching(connection, { onRegion: showRegion, onAgent: showAgent, onMode: showMode }, () => ({
  x: picture?.rig.focus.x ?? 0,
  y: picture?.rig.focus.y ?? 0,
  distance: picture?.stage.camera.position.distanceTo(picture.rig.focus) ?? 0,
}));

function openPicture(): Picture | null {
  try {
    const made = new Picture(canvas, element("labels", HTMLElement), map, world, clock, () => stillness.matches, {
      onTap: (id) => id !== null && follow(id),
      onMove: () => undefined,
      onMode: chooseMode,
      onNext: followNext,
      onPanel: () => panel.toggle(),
      onMap: () => document.body.classList.toggle("no-map"),
      onHelp: () => element("help", HTMLDialogElement).showModal(),
      onEscape: () => watching.chooseMode("overview"),
    });
    // Glass over the picture is dear where no graphics card draws it.
    document.body.classList.toggle("plain", made.stage.isSoftware);
    return made;
  } catch (error) {
    document.body.classList.add("flat");
    toast(error instanceof Error ? `Seen from above, since ${error.message}.` : "Seen from above.");
    return null;
  }
}

function follow(id: string): void {
  watching.chooseAgent(id);
}

function followNext(step: 1 | -1): void {
  const order = roster.order;
  const at = watching.agent === null ? (step === 1 ? -1 : 0) : order.indexOf(watching.agent);
  const next = order[(at + step + order.length) % Math.max(1, order.length)];
  if (next !== undefined) follow(next);
}

function chooseMode(mode: Mode): void {
  const isAttached = mode === "follow" || mode === "first_person";
  if (!isAttached || watching.agent !== null) return watching.chooseMode(mode);
  const { x, y } = picture?.rig.focus ?? { x: 0, y: 0 };
  const away = (id: string): number => {
    const agent = world.agents.get(id);
    return agent === undefined ? Number.POSITIVE_INFINITY : Math.hypot(agent.trajectory.from.x - x, agent.trajectory.from.y - y);
  };
  const nearest = [...world.agents.keys()].reduce<string | null>((best, id) => (best === null || away(id) < away(best) ? id : best), null);
  if (nearest === null) toast("Nobody is in sight to go along with.");
  else watching.chooseAgent(nearest, mode);
}

function showRegion(region: Region): void {
  forget();
  log.clear();
  setWeather(region.weather);
  picture?.open(region);
  flat?.open(region);
  fillPicker(picker, watching.regions, region.name);
  void recall(region);
}

async function recall(region: Region): Promise<void> {
  const [events, online] = await Promise.all([fetchEvents(region.name), fetchNames()]);
  for (const [id, name] of online) names.note(id, name);
  await hourKnown;
  if (watching.region?.name !== region.name) return;
  for (const event of events) teller.recall(event, event.tick === null ? null : clock.hourOf(event.tick));
}

function showAgent(agent: string | null): void {
  if (picture !== null) picture.agent = agent;
  if (flat !== null) flat.agent = agent;
  card.open(agent, agent === null ? "" : names.of(agent));
  prompts.open(agent);
  picture?.resize();
  void refreshProfile();
}

function showMode(mode: Mode): void {
  cameras.show(mode);
  if (picture !== null && picture.rig.mode !== mode) picture.rig.set(mode);
  if (mode === "free" && watching.spot !== null) picture?.rig.lookAt(watching.spot.x, watching.spot.y);
  for (const [id, own] of [["card-follow", "follow"], ["card-eyes", "first_person"]] as const) {
    element(id, HTMLButtonElement).setAttribute("aria-pressed", String(own === mode));
  }
}

function setWeather(kind: string): void {
  weather = kind;
  picture?.setWeather(kind);
}

async function share(): Promise<void> {
  const address = location.origin + watching.address();
  try {
    await navigator.clipboard.writeText(address);
    toast("The link is copied.");
  } catch {
    toast(address);
  }
}

async function refreshProfile(): Promise<void> {
  const { agent } = watching;
  if (agent === null) return;
  const profile = await fetchProfile(agent);
  if (profile === null || watching.agent !== agent) return;
  names.note(agent, profile.name);
  card.setProfile(profile, watching.regions.find((one) => one.name === profile.region)?.title ?? profile.region);
  // Back in the world after it was gone: ask for it anew.
  if (profile.isOnline && !world.agents.has(agent) && state === "online") connection.again();
}

async function refreshRegions(): Promise<void> {
  const found = await fetchRegions();
  if (found !== null) {
    const isFirst = watching.regions.length === 0;
    watching.regions = found;
    if (isFirst && found.length > 0) watching.openAddress();
    fillPicker(picker, found, watching.region?.name ?? "");
  } else if (watching.regions.length === 0) reason = "The world does not answer yet.";
  refreshStatus();
  setTimeout(() => void refreshRegions(), watching.regions.length === 0 ? 3_000 : REGIONS_EVERY_MS);
}

function refreshStatus(): void {
  const hour = picture?.photo.hour ?? clock.hourAt(performance.now());
  // Only who sees all of a region is told the counts; what was counted before grows old.
  if (!watching.isAbove) overview.clear();
  const count = Math.max(world.agents.size, overview.total);
  if (counted !== overview.version || overview.isCounting) picture?.count(overview.beyond(world));
  counted = overview.version;
  for (const agent of world.agents.values()) names.note(agent.id, agent.name);
  document.body.dataset["agents"] = String(count);
  document.body.dataset["light"] = hour < 5.6 || hour > 20 ? "night" : "day";
  element("count", HTMLElement).textContent = String(count);
  showSky(hour, weatherOf(picture?.photo.weather ?? weather).title);
  const { region, agent } = watching;
  const followed = agent === null ? undefined : world.agents.get(agent);
  if (agent !== null) card.setStatus(followed?.status ?? (state === "online" ? "out of sight" : ""));
  document.title = `${followed?.name ?? region?.title ?? "Watch"} · Rookery`;
  const label = `${region?.title ?? "No region"} at ${hourText(hour)}, ${count} ${count === 1 ? "inhabitant" : "inhabitants"} in sight. Press ? for keys.`;
  if (canvas.getAttribute("aria-label") !== label) canvas.setAttribute("aria-label", label);
  roster.update(world, agent);
  showNotice(noticeText());
  watching.isCounting = overview.isCounting;
  watching.moved();
}

function noticeText(): string {
  if (watching.regions.length === 0) return reason || "Looking for the world …";
  if (state === "connecting") return reason === "" ? "Connecting …" : "The connection was lost. Connecting again …";
  if (state === "refused") return `The world closed the connection: ${reason}`;
  if (state === "failing") return `This cannot be shown now: ${reason}`;
  return "";
}

exposeToTests({ world, picture, watching, log, state: () => state });
picker.addEventListener("change", () => watching.chooseRegion(picker.value));
window.addEventListener("popstate", () => watching.openAddress());
element("again", HTMLButtonElement).addEventListener("click", () => connection.again());
element("zoom-in", HTMLButtonElement).addEventListener("click", () => picture?.rig.zoom(1.4));
element("zoom-out", HTMLButtonElement).addEventListener("click", () => picture?.rig.zoom(1 / 1.4));
element("help-open", HTMLButtonElement).addEventListener("click", () => element("help", HTMLDialogElement).showModal());
element("quality", HTMLSelectElement).addEventListener("change", (event) => {
  picture?.stage.quality.fix((event.target as HTMLSelectElement).value);
  picture?.stage.applyQuality();
});
map.addEventListener("click", (event) => {
  const spot = picture?.mapSpot(event.clientX, event.clientY) ?? null;
  if (spot === null) return;
  watching.chooseMode("free");
  picture?.rig.lookAt(spot.x, spot.y);
});
window.addEventListener("resize", () => picture?.resize());
showState(state, "");
cameras.show("overview");
setInterval(refreshStatus, STATUS_EVERY_MS);
setInterval(() => void refreshProfile(), PROFILE_EVERY_MS);
setInterval(() => {
  const name = watching.region?.name;
  if (name !== undefined) void fetchWeather(name).then((kind) => kind !== null && name === watching.region?.name && setWeather(kind));
}, WEATHER_EVERY_MS);
connection.open();
void refreshRegions();
