// What the page shows right now, for tests and the curious: `window.rookery`.
import type { EventLog } from "../ui/log";
import type { WorldState } from "../world/world";
import type { Picture } from "./picture";
import type { Watching } from "./watching";

/** One agent as drawn. Units: metres, CSS pixels, radians. */
export interface Drawn {
  id: string;
  name: string;
  status: string;
  x: number;
  y: number;
  heading: number;
  speed: number;
  sit: number;
  isTalking: boolean;
  isOnScreen: boolean;
  screenX: number;
  screenY: number;
}

/** What the page tells about itself. */
export interface Looking {
  agents(): Drawn[];
  log(): string[];
  state(): string;
  view(): { mode: string; agent: string | null; region: string | null; camera: number[]; focus: number[] };
  stats(): { calls: number; triangles: number; people: number; frameMs: number; quality: string; scale: number; isSoftware: boolean };
  /** Looks at another hour and weather than the real ones; null for the real one. */
  photo(hour: number | null, weather: string | null): void;
}

declare global {
  interface Window {
    rookery: Looking;
  }
}

/** Fills `window.rookery`. */
export function exposeToTests(page: { world: WorldState; picture: Picture | null; watching: Watching; log: EventLog; state: () => string }): void {
  const { picture, watching } = page;
  window.rookery = {
    agents: () =>
      (picture?.people.list ?? [])
        .filter((person) => !person.isLeaving)
        .map((person) => ({
          id: person.agent.id,
          name: person.agent.name,
          status: person.agent.status,
          x: person.x,
          y: person.y,
          heading: person.heading,
          speed: person.speed,
          sit: person.sit,
          isTalking: performance.now() < person.talksUntilMs,
          isOnScreen: person.isOnScreen,
          screenX: person.screenX,
          screenY: person.screenY,
        })),
    log: () => page.log.lines(),
    state: page.state,
    view: () => ({
      mode: watching.mode,
      agent: watching.agent,
      region: watching.region?.name ?? null,
      camera: picture?.stage.camera.position.toArray() ?? [],
      focus: picture?.rig.focus.toArray() ?? [],
    }),
    stats: () => ({
      calls: picture?.stage.renderer.info.render.calls ?? 0,
      triangles: picture?.stage.renderer.info.render.triangles ?? 0,
      people: picture?.people.crowd.count ?? 0,
      frameMs: picture?.stage.quality.frameMs ?? 0,
      quality: picture?.stage.quality.level.name ?? "flat",
      scale: picture?.stage.quality.scale ?? 0,
      isSoftware: picture?.stage.isSoftware ?? true,
    }),
    photo: (hour, weather) => {
      if (picture === null) return;
      picture.photo.hour = hour;
      picture.photo.weather = weather;
      picture.stage.atmosphere.cut();
    },
  };
}
