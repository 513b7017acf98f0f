// Names of agents by their ids: of everybody seen or listed, since events name their agents by id only.
import { NAMES_MAX } from "../limits";

/** Remembers names; the oldest go first. */
export class Names {
  private readonly byId = new Map<string, string>();

  /** Notes a name. */
  note(id: string, name: string): void {
    if (this.byId.get(id) === name) return;
    this.byId.delete(id);
    this.byId.set(id, name);
    const oldest = this.byId.keys().next();
    if (this.byId.size > NAMES_MAX && oldest.done !== true) this.byId.delete(oldest.value);
  }

  /** Returns the name of an agent, or its id. */
  of(id: string): string {
    return this.byId.get(id) ?? id;
  }
}
