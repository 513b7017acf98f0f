// Every bound of the page in one place: a page that is open for a week must not grow.

/** Agents kept at most; entries beyond are ignored. */
export const AGENTS_MAX = 2_000;
/** Agents that have just left all our cells, kept so that a partial entry in the next cell finds its name. */
export const DEPARTED_MAX = 256;
/** How long a departed agent is remembered. Units: milliseconds of world time. */
export const DEPARTED_MS = 5_000;
/** Names of agents that were seen or listed, kept for the event log. */
export const NAMES_MAX = 3_000;
/** Places, objects and paths drawn at most for a region. */
export const FEATURES_MAX = 500;
/** Blocks of an overview kept at most; the server sends no more for a region. */
export const BLOCKS_MAX = 1_100;
/** Regions offered in the picker at most. */
export const REGIONS_MAX = 200;
/** Lines in the event log. */
export const LOG_LINES_MAX = 200;
/** Events of one frame that are told. */
export const EVENTS_A_FRAME_MAX = 200;
/** Lines of what the watched agent did lately. */
export const LATELY_MAX = 8;
/** Suggestions whose fate is shown. */
export const PROMPTS_SHOWN_MAX = 12;
/** Speech bubbles kept at once. */
export const BUBBLES_MAX = 40;
/** Names over heads at once. */
export const LABELS_MAX = 40;
/** Counts of blocks written at once. */
export const COUNTS_MAX = 80;
/** Inhabitants listed as buttons. */
export const ROSTER_MAX = 200;
/** Longest agent name drawn, in characters. */
export const NAME_CHARS_MAX = 40;
/** Longest message shown, in characters. */
export const MESSAGE_CHARS_MAX = 280;
/** Combining marks kept on one base character; more of them climb over the neighbouring lines. */
export const MARKS_MAX = 2;
/** Channels listed at most; a search finds the others. */
export const CHANNELS_SHOWN_MAX = 200;
/** Owners whose locks are asked for at most, for the list. */
export const OWNERS_ASKED_MAX = 20;
/** Messages of a channel shown at once. */
export const MESSAGES_MAX = 200;
/** Messages that were published before, asked for when a channel is opened. */
export const HISTORY_ASKED_MAX = 50;
/** Longest text of a channel's message shown, in characters. */
export const PAYLOAD_CHARS_MAX = 2_000;
/** Longest description of a channel shown, in characters. */
export const ADVERT_CHARS_MAX = 5_000;
/** Longest schema shown, in characters. */
export const SCHEMA_CHARS_MAX = 20_000;
/** Fields of a form made from a schema; a larger schema gets a text area. */
export const FIELDS_MAX = 40;
/** Choices of one field; more of them are written as text. */
export const CHOICES_MAX = 100;
/** Names of who is on a channel. */
export const PRESENT_MAX = 60;
/** Complaints about a payload shown at once. */
export const VIOLATIONS_MAX = 20;
/** Longest payload, as the server takes it. Units: bytes of JSON. */
export const PAYLOAD_MAX_BYTES = 16_384;
