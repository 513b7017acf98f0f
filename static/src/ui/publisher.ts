// Writing a payload: in fields made from the channel's schema, as JSON, or as plain text; checked here first, then by the server.
import type { Advert } from "../channels/advert";
import { readJson, readText, type Violation, type Written } from "../channels/check";
import { jsonText } from "../channels/json";
import { publish } from "../channels/publish";
import { fieldsOf, type Field } from "../channels/schema";
import { VIOLATIONS_MAX } from "../limits";
import { isRecord } from "../wire/frame";
import { cleanText } from "../world/text";
import { element, make } from "./dom";
import { Fields } from "./fields";

type Mode = "form" | "json" | "text";

const TITLES: Record<Mode, string> = { form: "a form", json: "JSON", text: "plain text" };

/** The form below a channel. */
export class Publisher {
  private readonly form = element("publish", HTMLFormElement);
  private readonly mode = element("mode", HTMLSelectElement);
  private readonly payload = element("payload", HTMLTextAreaElement);
  private readonly violations = element("violations", HTMLElement);
  private readonly fate = element("publish-fate", HTMLElement);
  private readonly send = element("send", HTMLButtonElement);
  private readonly fieldBox = element("fields", HTMLElement);
  private readonly drawn = new Fields(this.fieldBox);
  private fields: readonly Field[] | null = null;
  private channel = "";

  constructor(private readonly token: () => string) {
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.submit();
    });
    this.form.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) this.form.requestSubmit();
    });
    this.mode.addEventListener("change", () => this.switchTo(this.mode.value as Mode));
  }

  /** Makes the form for a channel; nothing of a former one stays. */
  open(channel: string, advert: Advert | null): void {
    const schema = advert?.schema ?? null;
    this.channel = channel;
    this.fields = fieldsOf(schema);
    this.drawn.open(this.fields ?? []);
    this.payload.value = "";
    this.say("", false, []);
    const takesText = !isRecord(schema) || schema["type"] === "string" || schema["type"] === undefined;
    const modes: Mode[] = this.fields !== null ? ["form", "json"] : takesText && !(isRecord(schema) && "properties" in schema) ? ["text", "json"] : ["json"];
    this.mode.replaceChildren(...modes.map((mode) => new Option(TITLES[mode], mode)));
    this.show(modes[0] ?? "json");
  }

  /** Shows the form, or hides it. */
  setShown(isShown: boolean): void {
    this.form.hidden = !isShown;
  }

  // What the fields say goes along into the JSON.
  private switchTo(mode: Mode): void {
    if (mode === "json" && this.fields !== null) {
      const written = this.drawn.read();
      if ("payload" in written) this.payload.value = jsonText(written.payload);
    }
    this.say("", false, []);
    this.show(mode);
  }

  private show(mode: Mode): void {
    this.fieldBox.hidden = mode !== "form";
    element("written", HTMLElement).hidden = mode === "form";
    element("payload-label", HTMLElement).textContent = mode === "text" ? "Text" : "JSON";
    this.payload.classList.toggle("code", mode === "json");
  }

  private read(): Written {
    if (this.mode.value === "form") return this.drawn.read();
    return this.mode.value === "text" ? readText(this.payload.value) : readJson(this.payload.value, this.fields);
  }

  private async submit(): Promise<void> {
    const { channel } = this;
    if (this.send.disabled) return;
    const written = this.read();
    if ("violations" in written) return this.say("Not sent: it does not fit yet.", false, written.violations);
    this.send.disabled = true;
    this.say("Sending …", false, []);
    try {
      const { isDone, words, violations } = await publish(channel, written.payload, this.token());
      if (channel !== this.channel) return;
      if (isDone && this.mode.value === "text") this.payload.value = "";
      this.say(words, isDone, violations);
    } finally {
      this.send.disabled = false;
    }
  }

  private say(words: string, isDone: boolean, violations: readonly Violation[]): void {
    const isForm = this.mode.value === "form";
    const marked = this.drawn.mark(isForm ? violations : []);
    const listed = isForm ? marked : violations;
    const texts = listed.slice(0, VIOLATIONS_MAX).map(({ path, message }) => cleanText(`${path === "" ? "The payload" : path} ${message}`));
    this.violations.replaceChildren(...texts.map((text) => make("li", "", text)));
    this.payload.setAttribute("aria-invalid", String(!isForm && violations.length > 0));
    this.fate.textContent = words;
    this.fate.dataset["fate"] = isDone ? "done" : violations.length > 0 || words.startsWith("Sending") ? "open" : "refused";
  }
}
