// What is said of channels, as it arrives: bounded, and harmless to show.
import { ADVERT_CHARS_MAX, CHANNELS_SHOWN_MAX } from "../limits";
import { isRecord, listOf, numberOr } from "../wire/frame";
import { getJson } from "../wire/http";
import { cleanText } from "../world/text";
import { isOdd, readName } from "./address";

/** What somebody says of a channel. */
export interface Advert {
  channel: string;
  owner: string;
  description: string;
  /** Any JSON; null when there is none. */
  schema: unknown;
}

/** Some of the channels that are advertised. */
export interface Found {
  adverts: Advert[];
  /** How many there are in all. */
  total: number;
}

/** Returns the advert in `value`; null when it is none. */
export function readAdvert(value: unknown, owner = ""): Advert | null {
  if (!isRecord(value) || typeof value["channel"] !== "string" || readName(value["channel"]) === null) return null;
  return {
    channel: value["channel"],
    owner: typeof value["agent"] === "string" ? value["agent"] : owner,
    description: cleanText(value["description"], ADVERT_CHARS_MAX),
    schema: value["schema"] ?? null,
  };
}

/** Returns the channels whose name, description or owner has `text`, all when it is empty. */
export async function findAdverts(text: string): Promise<Found | null> {
  const path = text === "" ? "/api/advertise/list" : `/api/advertise/search?limit=100&q=${encodeURIComponent(text)}`;
  const answer = await getJson(path);
  if (!isRecord(answer)) return null;
  const listed = listOf(answer[text === "" ? "channels" : "results"]);
  const adverts = listed.slice(0, CHANNELS_SHOWN_MAX).flatMap((one) => readAdvert(one) ?? []);
  return { adverts, total: numberOr(answer["total"], listed.length) };
}

/** Returns what is said of one channel. */
export async function fetchAdvert(channel: string): Promise<Advert | null> {
  const owner = readName(channel)?.owner ?? null;
  if (owner === null) return null;
  if (isOdd(channel)) return (await findAdverts(channel))?.adverts.find((one) => one.channel === channel) ?? null;
  const topic = channel.split(".").slice(2).join(".");
  return readAdvert(await getJson(`/api/advertise/${encodeURIComponent(owner)}/${encodeURIComponent(topic)}`), owner);
}

/** Returns which channels of somebody are locked; null when nobody answered. */
export async function fetchLocks(owner: string): Promise<Set<string> | null> {
  const answer = await getJson(`/api/locks/${encodeURIComponent(owner)}`);
  if (!isRecord(answer)) return null;
  return new Set(listOf(answer["lockedChannels"]).filter((name): name is string => typeof name === "string"));
}
