// The fields of a form that was made from a schema, with what is wrong below each.
import { pointerTo, readFields, type Violation, type Written } from "../channels/check";
import { jsonLine, jsonText } from "../channels/json";
import type { Field } from "../channels/schema";
import { cleanText } from "../world/text";
import { make } from "./dom";

type Control = HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement;

const CHOICE_CHARS_MAX = 80;
// Longer texts get more than a line.
const LINE_CHARS_MAX = 120;

/** Draws fields and reads them. */
export class Fields {
  private fields: readonly Field[] = [];
  private controls: Control[] = [];
  private complaints: HTMLElement[] = [];

  constructor(private readonly box: HTMLElement) {}

  /** Shows these fields in place of the former ones. */
  open(fields: readonly Field[]): void {
    this.fields = fields;
    this.controls = fields.map(controlOf);
    this.complaints = fields.map((_, index) => {
      const complaint = make("p", "complaint");
      complaint.id = `field-${index}-wrong`;
      return complaint;
    });
    this.box.replaceChildren(...fields.map((field, index) => this.row(field, index)));
  }

  /** Returns the payload, or what is wrong with it. */
  read(): Written {
    return readFields(this.fields, this.controls.map(({ value }) => value));
  }

  /** Shows each complaint at its field, and returns those that belong to none. */
  mark(violations: readonly Violation[]): Violation[] {
    const rest = new Set(violations);
    let first: Control | null = null;
    this.fields.forEach((field, index) => {
      const pointer = pointerTo(field);
      const own = violations.filter(({ path }) => path === pointer || path.startsWith(`${pointer}/`));
      for (const one of own) rest.delete(one);
      const control = this.controls[index];
      const complaint = this.complaints[index];
      if (control === undefined || complaint === undefined) return;
      complaint.textContent = cleanText(own.map(({ path, message }) => `${path.slice(pointer.length)} ${message}`.trim()).join("; "));
      control.setAttribute("aria-invalid", String(own.length > 0));
      if (own.length > 0) first ??= control;
    });
    (first as Control | null)?.focus();
    return [...rest];
  }

  private row(field: Field, index: number): HTMLElement {
    const row = make("div", "field");
    const label = make("label");
    const control = this.controls[index];
    const complaint = this.complaints[index];
    if (control === undefined || complaint === undefined) return row;
    control.id = `field-${index}`;
    label.htmlFor = control.id;
    label.append(make("bdi", "", field.title), field.isRequired ? make("span", "needed", " required") : "");
    const help = make("p", "quiet", [field.help, boundsOf(field)].filter((text) => text !== "").join(" "));
    help.id = `field-${index}-help`;
    help.hidden = help.textContent === "";
    control.setAttribute("aria-describedby", `${help.id} ${complaint.id}`);
    if (field.isRequired) control.setAttribute("aria-required", "true");
    row.append(label, control, help, complaint);
    return row;
  }
}

function controlOf(field: Field): Control {
  if (field.kind === "choice") return choiceOf(field);
  const isLong = field.kind === "json" || (field.kind === "text" && (field.maxChars ?? 0) > LINE_CHARS_MAX);
  const control = make(isLong ? "textarea" : "input");
  if (control instanceof HTMLTextAreaElement) control.rows = 3;
  control.autocomplete = "off";
  if (field.kind === "number" || field.kind === "integer") control.inputMode = field.min !== null && field.min >= 0 ? "decimal" : "text";
  if (field.initial !== undefined) control.value = field.kind === "text" && typeof field.initial === "string" ? field.initial : jsonText(field.initial);
  return control;
}

function choiceOf(field: Field): HTMLSelectElement {
  const select = make("select");
  select.append(new Option(field.isRequired ? "Choose …" : "(leave out)", ""));
  field.choices.forEach((choice, index) => {
    const text = cleanText(typeof choice === "string" ? choice : jsonText(choice), CHOICE_CHARS_MAX) || "(empty)";
    select.append(new Option(text, String(index)));
  });
  const proposed = field.initial === undefined ? -1 : field.choices.findIndex((choice) => jsonLine(choice) === jsonLine(field.initial));
  if (proposed >= 0) select.value = String(proposed);
  return select;
}

function boundsOf({ kind, min, max, above, below, minChars, maxChars }: Field): string {
  const bounds = [
    kind === "json" ? "As JSON." : kind === "integer" ? "A whole number." : kind === "number" ? "A number." : "",
    min !== null ? `At least ${min}.` : "",
    max !== null ? `At most ${max}.` : "",
    above !== null ? `More than ${above}.` : "",
    below !== null ? `Less than ${below}.` : "",
    kind === "text" && minChars !== null ? `At least ${minChars} characters.` : "",
    kind === "text" && maxChars !== null ? `At most ${maxChars} characters.` : "",
  ];
  return bounds.filter((text) => text !== "").join(" ");
}
