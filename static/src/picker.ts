// The region picker: which regions there are, how many live there, and which one the address names.
import { isRecord } from "./wire/frame";
import { readRegions, type Region } from "./world/region";

const ANSWER_TIMEOUT_MS = 8_000;

/** Returns the answer of a GET, or null when it cannot be had. */
export async function getJson(path: string): Promise<unknown> {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), ANSWER_TIMEOUT_MS);
  try {
    const answer = await fetch(path, { headers: { Accept: "application/json" }, signal: stop.signal });
    return answer.ok ? ((await answer.json()) as unknown) : null;
  } catch {
    return null;
  } finally {
    clearTimeout(timer);
  }
}

/** Returns the regions of the world, or null when the server does not tell. */
export async function fetchRegions(): Promise<Region[] | null> {
  const answer = await getJson("/api/v1/world/regions");
  return answer === null ? null : readRegions(answer);
}

/** Returns the hour of the world's day, 0-24, or null when the server does not tell it in a form we know. */
export async function fetchHour(): Promise<number | null> {
  const answer = await getJson("/api/v1/time");
  if (!isRecord(answer)) return null;
  const time = isRecord(answer["time"]) ? answer["time"] : answer;
  const hour = time["hour"];
  if (typeof hour !== "number" || hour < 0 || hour > 24) return null;
  return hour + (typeof time["minute"] === "number" ? time["minute"] / 60 : 0);
}

/** Returns the region that the path `/watch/<region>` names, or null. */
export function regionOfPath(path: string): string | null {
  const found = /^\/watch\/([^/]{1,200})\/?$/.exec(path);
  if (found?.[1] === undefined) return null;
  try {
    return decodeURIComponent(found[1]);
  } catch {
    return null;
  }
}

/** Fills the select element; it is left alone while it shows the right thing, so that an open list stays open. */
export function fillPicker(select: HTMLSelectElement, regions: Region[], chosen: string): void {
  const labels = regions.map((region) =>
    region.agentCount === null ? region.title : `${region.title} · ${region.agentCount}`,
  );
  const isSame =
    select.options.length === regions.length &&
    regions.every((region, index) => select.options[index]?.value === region.name);
  if (!isSame) {
    select.replaceChildren(
      ...regions.map((region) => {
        const option = document.createElement("option");
        option.value = region.name;
        return option;
      }),
    );
  }
  labels.forEach((label, index) => {
    const option = select.options[index];
    if (option !== undefined && option.textContent !== label) option.textContent = label;
  });
  if (select.value !== chosen) select.value = chosen;
  select.disabled = regions.length === 0;
}
