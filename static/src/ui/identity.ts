// Who the visitor is: a token that is pasted, and shown by the name in it only.
import { keepToken, keptToken, nameIn, readToken } from "../channels/token";
import { element, setText } from "./dom";

/** The field for the token. */
export class Identity {
  private readonly form = element("identity", HTMLFormElement);
  private readonly input = element("token", HTMLInputElement);
  private readonly help = element("token-help", HTMLElement);
  private readonly usual = this.help.textContent ?? "";
  private kept = keptToken();

  constructor(private readonly onChange: () => void) {
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      const token = readToken(this.input.value);
      this.input.setAttribute("aria-invalid", String(token === null));
      if (token === null) setText(this.help, "That is not a token: paste all of it, without spaces.");
      else this.take(token);
    });
    element("forget", HTMLButtonElement).addEventListener("click", () => {
      this.take("");
      this.input.focus();
    });
    this.show();
  }

  /** Empty while there is none. */
  get token(): string {
    return this.kept;
  }

  /** The name in the token; null when there is none. */
  get name(): string | null {
    return nameIn(this.kept);
  }

  private take(token: string): void {
    this.kept = token;
    keepToken(token);
    this.input.value = "";
    this.show();
    this.onChange();
  }

  private show(): void {
    const hasToken = this.kept !== "";
    this.form.hidden = hasToken;
    element("identified", HTMLElement).hidden = !hasToken;
    setText(this.help, this.usual);
    setText(element("identified-words", HTMLElement), this.name === null ? "With your token." : `As ${this.name}.`);
  }
}
