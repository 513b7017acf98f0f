// One line of the event log for each happening worth telling, in plain words.
import { isRecord, numberOr, type WorldEvent } from "../wire/frame";
import { cleanName, cleanText } from "./text";
import { weatherOf } from "./weather";

/** What a line is about; each can be hidden. */
export type Kind = "speech" | "emote" | "payment" | "arrival" | "departure" | "other";

/** A line: who, what they did, and for speech the words. */
export interface Line {
  kind: Kind;
  /** The agent's id; empty when it was nobody. */
  source: string;
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
  const line = (kind: Kind, text: string, isQuoted = false): Line => ({ kind, source, who, text, isQuoted });
  const named = (...fields: string[]): string => {
    const id = fields.map((field) => cleanText(content[field], 64)).find((text) => text !== "") ?? cleanText(event.target, 64);
    return id === "" ? "someone" : cleanName(nameOf(id), id);
  };

  switch (event.type) {
    case "speech": {
      const message = cleanText(content["message"]);
      return message === "" ? null : line("speech", message, true);
    }
    case "conversation_line": {
      const message = cleanText(content["message"] ?? content["line"]);
      return message === "" ? null : line("speech", message, true);
    }
    case "emote": {
      const action = thing(content["action"] ?? content["emote"], 80);
      return action === "" ? null : line("emote", gesture(action));
    }
    case "payment": {
      const note = cleanText(content["note"], 80);
      return line("payment", `paid ${named("to", "target_id")} ${money(content["amount"])}${note === "" ? "" : ` for ${note}`}`);
    }
    case "item_give": {
      const item = thing(content["item_name"] ?? content["item"] ?? content["item_id"]) || "something";
      return line("payment", `gave ${named("target_id", "to")} ${item}`);
    }
    case "object_use":
      return line("other", used(content));
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
      const kind = cleanText(isRecord(content["weather"]) ? content["weather"]["type"] : content["weather"], 40);
      const title = kind === "" ? "something new" : weatherOf(kind).title.toLowerCase();
      return { kind: "other", source: "", who: "The weather", text: `turns to ${title}`, isQuoted: false };
    }
    case "system_message": {
      const message = cleanText(content["message"]);
      return message === "" ? null : { kind: "other", source: "", who: "The world", text: message, isQuoted: true };
    }
    default:
      return null;
  }
}

const DEEDS: Readonly<Record<string, string>> = {
  sit: "sat down",
  stand: "got up",
  drink: "drank from",
  make_wish: "made a wish at",
  read: "read",
  post: "left a note on",
  browse: "looked over the goods of",
  buy: "bought something at",
};

function used(content: Record<string, unknown>): string {
  const action = cleanText(content["action"], 40);
  const object = thing(content["object_name"] ?? content["object_type"] ?? content["object_id"]);
  const deed = DEEDS[action];
  if (action === "sit" || action === "stand") return deed ?? action;
  if (deed === undefined) return `used ${object === "" ? "something" : `the ${object}`}`;
  const bought = isRecord(content["result"]) ? thing(content["result"]["item"]) : "";
  const verb = action === "buy" && bought !== "" ? `bought ${bought} at` : deed;
  return `${verb} ${object === "" ? "something" : `the ${object}`}`;
}

// One word is an order, as `wave`: the log tells that it was followed.
function gesture(action: string): string {
  if (!/^[a-z]+$/.test(action) || /(ing|s)$/.test(action)) return action;
  if (/[^aeiou]y$/.test(action)) return `${action.slice(0, -1)}ies`;
  return /(sh|ch|x|z|o)$/.test(action) ? `${action}es` : `${action}s`;
}

function thing(value: unknown, max = 40): string {
  return cleanText(value, max).replaceAll("_", " ");
}

/** Returns integer minor units as a decimal amount. */
export function money(amount: unknown): string {
  const minor = numberOr(amount, null);
  return minor === null ? "some money" : (minor / 100).toFixed(2);
}
