// What the page asks for over HTTP. No answer is null: the page lives without it.
import { readRegions, type Region } from "../world/region";
import { cleanName, cleanText } from "../world/text";
import { isRecord, listOf, numberOr, type WorldEvent } from "./frame";
import { getJson } from "./http";

const RECENT_MAX = 100;

/** What is public of an agent. */
export interface Profile {
  id: string;
  name: string;
  description: string;
  region: string | null;
  isOnline: boolean;
  isPublic: boolean;
  acceptsPrompts: boolean;
  messages: number | null;
  actions: number | null;
  /** Units: seconds. */
  onlineS: number | null;
}

/** Returns the regions of the world. */
export async function fetchRegions(): Promise<Region[] | null> {
  const answer = await getJson("/api/v1/world/regions");
  return answer === null ? null : readRegions(answer);
}

/** Returns the hour of the world's day, 0-24. */
export async function fetchHour(): Promise<number | null> {
  const answer = await getJson("/api/v1/time");
  const hour = isRecord(answer) ? numberOr(answer["hour"], null) : null;
  if (!isRecord(answer) || hour === null || hour < 0 || hour > 24) return null;
  return hour + numberOr(answer["minute"], 0) / 60;
}

/** Returns the name of a region's weather. */
export async function fetchWeather(region: string): Promise<string | null> {
  const answer = await getJson(`/api/v1/weather/${encodeURIComponent(region)}`);
  return isRecord(answer) && typeof answer["type"] === "string" ? answer["type"] : null;
}

/** Returns what is public of an agent, with what it did so far. */
export async function fetchProfile(id: string): Promise<Profile | null> {
  const path = `/api/v1/agents/${encodeURIComponent(id)}`;
  const [answer, stats] = await Promise.all([getJson(path), getJson(`${path}/stats`)]);
  if (!isRecord(answer)) return null;
  const counted = isRecord(stats) ? stats : {};
  return {
    id,
    name: cleanName(answer["name"], id),
    description: cleanText(answer["description"], 280),
    region: typeof answer["region"] === "string" ? answer["region"] : null,
    isOnline: answer["online"] === true,
    isPublic: answer["public"] === true,
    acceptsPrompts: answer["accepts_prompts"] === true,
    messages: numberOr(counted["messages"], null),
    actions: numberOr(counted["actions"], null),
    onlineS: numberOr(counted["online_seconds"], null),
  };
}

/** Returns the ids and names of those who are in the world. */
export async function fetchNames(): Promise<[string, string][]> {
  const answer = await getJson("/api/v1/world");
  const online = isRecord(answer) ? listOf(answer["agents_online"]) : [];
  return online.flatMap((one) => {
    if (!isRecord(one) || typeof one["agent_id"] !== "string") return [];
    return [[one["agent_id"], cleanName(one["name"], one["agent_id"])]];
  });
}

/** Returns the latest public events of a region, oldest first. */
export async function fetchEvents(region: string): Promise<(WorldEvent & { tick: number | null })[]> {
  const answer = await getJson(`/api/v1/world/events?limit=${RECENT_MAX}`);
  const events = isRecord(answer) ? listOf(answer["events"]) : [];
  return events.flatMap((event) => {
    if (!isRecord(event) || typeof event["type"] !== "string" || event["region"] !== region) return [];
    return [{ ...(event as unknown as WorldEvent), tick: numberOr(event["tick"], null) }];
  });
}
