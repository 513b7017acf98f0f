// The page put together: one connection, the state of the world, the picture and what is written around it.
import type { Mode } from "./cameras/modes";
import { CameraButtons } from "./ui/cameras";
import { Card } from "./ui/card";
import { element } from "./ui/dom";
import { EventLog } from "./ui/log";
import { listenToPanel } from "./ui/panel";
import { fillPicker } from "./ui/picker";
import { Prompts } from "./ui/prompt";
import { Roster } from "./ui/roster";
import { showState, toast } from "./ui/status";
import { Flat } from "./watch/flat";
import { exposeToTests } from "./watch/looking";
import { Model } from "./watch/model";
import { Picture } from "./watch/picture";
import { Summary } from "./watch/summary";
import { Teller } from "./watch/teller";
import { Upkeep } from "./watch/upkeep";
import { Watching } from "./watch/watching";
import { Connection } from "./wire/connection";
import type { Region } from "./world/region";
import { cleanText } from "./world/text";

const SUMMARY_EVERY_MS = 500;

const stillness = window.matchMedia("(prefers-reduced-motion: reduce)");
const model = new Model();
const picker = element("region", HTMLSelectElement);
const canvas = element("land", HTMLCanvasElement);
const map = element("map", HTMLCanvasElement);
const help = element("help", HTMLDialogElement);

const scheme = location.protocol === "https:" ? "wss:" : "ws:";
const connection = new Connection(`${scheme}//${location.host}/connection/websocket`, {
  onState(state, why) {
    model.state = state;
    model.reason = cleanText(why, 160);
    showState(state, model.reason);
    summary.refresh();
  },
  onHello: (data) => void model.hello(data),
  onFresh: () => model.forget(),
  onLooking: ({ region }) => watching.wentTo(region),
  onLost(agent) {
    toast(`${model.names.of(agent)} is not in the world now.`);
    watching.lost();
  },
  onRegion: (region) => watching.wentTo(region),
  onFrame(region, frame) {
    if (region !== watching.region?.name) return;
    model.take(frame);
    teller.tell(frame);
  },
  onInner: (_agent, frame) => teller.tell(frame),
});
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
const cameras = new CameraButtons(element("cameras", HTMLElement), chooseMode);
const panel = listenToPanel(() => picture?.resize());
const picture = openPicture();
const flat = picture === null ? new Flat(canvas, model.world, model.clock) : null;
const teller = new Teller(model, log, card, prompts, picture, setWeather);
const watching = new Watching(connection, { onRegion: showRegion, onAgent: showAgent, onMode: showMode }, () => ({
  x: picture?.rig.focus.x ?? 0,
  y: picture?.rig.focus.y ?? 0,
  distance: picture?.stage.camera.position.distanceTo(picture.rig.focus) ?? 0,
}));
const summary = new Summary(model, watching, card, roster, picture, canvas);
const upkeep = new Upkeep(model, watching, connection, card, teller, {
  onRegions: (regions) => fillPicker(picker, regions, watching.region?.name ?? ""),
  onWeather: setWeather,
});

function openPicture(): Picture | null {
  try {
    const made = new Picture(canvas, element("labels", HTMLElement), map, model.world, model.clock, () => stillness.matches, {
      onTap: (id) => id !== null && follow(id),
      onMode: chooseMode,
      onNext: followNext,
      onPanel: () => panel.toggle(),
      onMap: () => document.body.classList.toggle("no-map"),
      onHelp: () => help.showModal(),
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
  const nearest = model.nearest(x, y);
  if (nearest === null) toast("Nobody is in sight to go along with.");
  else watching.chooseAgent(nearest, mode);
}

function showRegion(region: Region): void {
  model.forget();
  log.clear();
  setWeather(region.weather);
  picture?.open(region);
  flat?.open(region);
  fillPicker(picker, watching.regions, region.name);
  void upkeep.recall(region);
}

function showAgent(agent: string | null): void {
  if (picture !== null) picture.agent = agent;
  if (flat !== null) flat.agent = agent;
  card.open(agent, agent === null ? "" : model.names.of(agent));
  prompts.open(agent);
  picture?.resize();
  void upkeep.refreshProfile();
}

function showMode(mode: Mode): void {
  cameras.show(mode);
  if (picture !== null && picture.rig.mode !== mode) picture.rig.set(mode);
  if (mode === "free" && watching.spot !== null) picture?.rig.lookAt(watching.spot.x, watching.spot.y);
  card.showMode(mode);
}

function setWeather(kind: string): void {
  model.weather = kind;
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

exposeToTests({ world: model.world, picture, watching, log, state: () => model.state });
picker.addEventListener("change", () => watching.chooseRegion(picker.value));
window.addEventListener("popstate", () => watching.openAddress());
window.addEventListener("resize", () => picture?.resize());
element("again", HTMLButtonElement).addEventListener("click", () => connection.again());
element("zoom-in", HTMLButtonElement).addEventListener("click", () => picture?.rig.zoom(1.4));
element("zoom-out", HTMLButtonElement).addEventListener("click", () => picture?.rig.zoom(1 / 1.4));
element("help-open", HTMLButtonElement).addEventListener("click", () => help.showModal());
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
showState(model.state, "");
cameras.show("overview");
setInterval(() => summary.refresh(), SUMMARY_EVERY_MS);
connection.open();
upkeep.start();
