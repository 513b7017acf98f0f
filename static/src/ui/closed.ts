// What stands in place of messages where one may not listen: why, and what can be done.
import { requestAccess } from "../channels/publish";
import { element, setText } from "./dom";

/** Why a channel is closed to the visitor. */
export interface Closed {
  words: string;
  isLocked: boolean;
  /** Whether listening with the token was not tried yet. */
  mayListen: boolean;
  /** Whether trying again makes sense. */
  mayRetry: boolean;
}

/** The notice with its buttons, and the form that asks the owner. */
export class ClosedNotice {
  private readonly box = element("closed", HTMLElement);
  private readonly form = element("request", HTMLFormElement);
  private readonly reason = element("request-reason", HTMLInputElement);
  private readonly fate = element("request-fate", HTMLElement);
  private readonly listen = element("listen", HTMLButtonElement);
  private readonly retry = element("retry", HTMLButtonElement);
  private channel = "";

  constructor(private readonly token: () => string, onListen: () => void, onRetry: () => void) {
    this.listen.addEventListener("click", onListen);
    this.retry.addEventListener("click", onRetry);
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.submit();
    });
  }

  /** Shows why `channel` is closed, or hides the notice. */
  show(channel: string, closed: Closed | null): void {
    if (channel !== this.channel) {
      this.reason.value = "";
      setText(this.fate, "");
    }
    this.channel = channel;
    this.box.hidden = closed === null;
    if (closed === null) return;
    setText(element("closed-words", HTMLElement), closed.words);
    this.listen.hidden = !closed.mayListen;
    element("closed-token", HTMLElement).hidden = !closed.mayListen;
    this.retry.hidden = !closed.mayRetry;
    this.form.hidden = !closed.isLocked;
  }

  private async submit(): Promise<void> {
    const { channel } = this;
    const token = this.token();
    if (token === "") return setText(this.fate, "Requests need a name: paste your token below “Publish” first.");
    setText(this.fate, "Sending …");
    const { words } = await requestAccess(channel, this.reason.value.trim(), token);
    if (channel === this.channel) setText(this.fate, words);
  }
}
