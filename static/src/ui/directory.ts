// The list of channels that somebody advertises, with a field that finds them or opens any by its name.
import { fetchLocks, findAdverts, type Advert, type Found } from "../channels/advert";
import { readName, writeChannel } from "../channels/address";
import { OWNERS_ASKED_MAX } from "../limits";
import { cleanText } from "../world/text";
import { element, make, setText } from "./dom";

const TYPING_MS = 250;
const ABOUT_CHARS = 140;

/** Fills the list. */
export class Directory {
  private readonly find = element("find", HTMLInputElement);
  private readonly words = element("directory-words", HTMLElement);
  private readonly direct = element("direct", HTMLAnchorElement);
  private readonly list = element("adverts", HTMLElement);
  private timer: ReturnType<typeof setTimeout> | undefined;
  private asked = 0;
  private chosen: string | null = null;

  constructor(onOpen: (channel: string) => void) {
    this.find.addEventListener("input", () => {
      this.offer();
      clearTimeout(this.timer);
      this.timer = setTimeout(() => void this.refresh(), TYPING_MS);
    });
    this.find.addEventListener("keydown", (event) => {
      const name = this.find.value.trim();
      if (event.key === "Enter" && readName(name) !== null) onOpen(name);
    });
  }

  /** Asks for the channels anew. */
  async refresh(): Promise<void> {
    const text = this.find.value.trim();
    this.asked += 1;
    const asked = this.asked;
    const found = await findAdverts(text);
    // Answers may overtake each other.
    if (asked !== this.asked) return;
    setText(this.words, wordsFor(found, text));
    if (found === null) return;
    this.list.replaceChildren(...found.adverts.map(itemOf));
    this.choose(this.chosen);
    void this.markLocked(found.adverts, asked);
  }

  /** Marks the channel that is shown. */
  choose(channel: string | null): void {
    this.chosen = channel;
    for (const link of this.list.querySelectorAll("a")) {
      if (link.dataset["channel"] === channel) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
  }

  private offer(): void {
    const name = this.find.value.trim();
    const isName = readName(name) !== null;
    this.direct.hidden = !isName;
    if (!isName) return;
    this.direct.href = writeChannel(name);
    this.direct.replaceChildren("Open ", make("bdi", "", cleanText(name, 255)));
  }

  private async markLocked(adverts: readonly Advert[], asked: number): Promise<void> {
    const owners = [...new Set(adverts.map(({ owner }) => owner))].slice(0, OWNERS_ASKED_MAX);
    for (const owner of owners) {
      const locked = await fetchLocks(owner);
      if (asked !== this.asked || locked === null) return;
      for (const link of this.list.querySelectorAll("a")) {
        const badge = link.querySelector<HTMLElement>(".badge");
        if (badge !== null && locked.has(link.dataset["channel"] ?? "")) badge.hidden = false;
      }
    }
  }
}

function itemOf({ channel, owner, description, schema }: Advert): HTMLElement {
  const link = make("a", "advert");
  link.href = writeChannel(channel);
  link.dataset["channel"] = channel;
  const locked = make("span", "badge", "Locked");
  locked.hidden = true;
  const head = make("span", "advert-head");
  head.append(make("bdi", "advert-name", cleanText(channel, 255)), locked);
  link.append(head, make("bdi", "advert-about", cleanText(description, ABOUT_CHARS)));
  link.append(make("span", "advert-marks", `${cleanText(owner, 64)}${schema === null ? "" : " · with a schema"}`));
  const item = make("li");
  item.append(link);
  return item;
}

function wordsFor(found: Found | null, text: string): string {
  if (found === null) return "The channels cannot be listed now.";
  const { adverts, total } = found;
  if (total === 0) return text === "" ? "Nobody advertises a channel yet." : "No advertised channel has these words.";
  if (adverts.length < total) return `${adverts.length} of ${total} channels; a search finds the others.`;
  return total === 1 ? "1 channel" : `${total} channels`;
}
