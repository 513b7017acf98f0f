// One line of the event log for each happening worth telling, in plain words.
import { cleanName, cleanText } from "./text";
import { isRecord, numberOr, type WorldEvent } from "../wire/frame";

/** A line: who, what they did, and for speech the words. */
export interface Line {
  kind: "speech" | "emote" | "payment" | "arrival" | "departure" | "other";
  who: string;
  text: string;
  isQuoted: boolean;
}

/** Finds the name of an agent by its id. */
export type NameOf = (id: string) => string;

/** Returns the line of an event, or null when it is not worth one. */
export function describe(event: WorldEvent, nameOf: NameOf): Line | null {
  const content = isRecord(event.content) ? event.content : {};
  const source = typeof event.source === "string" ? event.source : "";
  const who = cleanName(event.source_name ?? content["name"] ?? nameOf(source), source || "someone");
  const line = (kind: Line["kind"], text: string, isQuoted = false): Line => ({ kind, who, text, isQuoted });
  const named = (field: string): string => {
    const id = cleanText(content[field], 64);
    return id === "" ? "" : cleanName(nameOf(id), id);
  };

  switch (event.type) {
    case "speech": {
      const message = cleanText(content["message"]);
      return message === "" ? null : line("speech", message, true);
    }
    case "emote": {
      const action = cleanText(content["action"] ?? content["emote"], 80);
      return action === "" ? null : line("emote", action);
    }
    case "payment": {
      const to = named("to") || named("target_id") || "someone";
      const note = cleanText(content["note"], 80);
      return line("payment", `paid ${to} ${money(content["amount"])}${note === "" ? "" : ` for ${note}`}`);
    }
    case "item_give": {
      const item = cleanText(content["item_name"] ?? content["item_id"], 40) || "something";
      return line("payment", `gave ${named("target_id") || named("to") || "someone"} ${item}`);
    }
    case "object_use": {
      const object = cleanText(content["object_name"] ?? content["object_id"], 40) || "something";
      return line("other", `used ${object}`);
    }
    case "agent_spawn":
      return line("arrival", "arrived");
    case "agent_despawn":
      return line("departure", "left");
    case "agent_teleport":
      return line("arrival", "appeared elsewhere");
    case "region_change": {
      const to = cleanText(content["to"] ?? content["region"], 40);
      return line("departure", to === "" ? "went to another region" : `went to ${to}`);
    }
    case "weather_change": {
      const weather = cleanText(content["weather"], 40) || "new weather";
      return { kind: "other", who: "The weather", text: `turns to ${weather}`, isQuoted: false };
    }
    case "system_message": {
      const message = cleanText(content["message"]);
      return message === "" ? null : { kind: "other", who: "The world", text: message, isQuoted: true };
    }
    default:
      return null;
  }
}

/** Returns integer minor units as a decimal amount. */
export function money(amount: unknown): string {
  const minor = numberOr(amount, null);
  return minor === null ? "some money" : (minor / 100).toFixed(2);
}
