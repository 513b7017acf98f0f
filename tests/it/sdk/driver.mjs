// Does with the SDK of npm what it is told on the standard input, a JSON object a line: `driver.py` says how.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const require = createRequire(new URL("../../../examples/agent.mjs", import.meta.url));
const websocket = require("ws");
const TIMEOUT_MS = 20_000;
const people = new Map();

function tell(fields) {
  process.stdout.write(`${JSON.stringify(fields)}\n`);
}

// What comes of an attempt: waits for the next event that ends it.
class Settled {
  constructor() {
    this.outcome = new Promise((done, refuse) => Object.assign(this, { done, refuse }));
    this.outcome.catch(() => {}); // An event that nobody waits for is told anyway.
  }
}

function refusal({ code, reason }) {
  return { code, message: reason, temporary: false };
}

class Person {
  constructor({ who, url, token, protobuf = false }) {
    const { Centrifuge } = require(protobuf ? "centrifuge/build/protobuf" : "centrifuge");
    this.isBinary = protobuf;
    this.who = who;
    this.subs = new Map();
    this.client = new Centrifuge(url, { websocket, token: token ?? "", timeout: TIMEOUT_MS, maxReconnectDelay: 1_000 });
    this.client.on("connecting", ({ code }) => tell({ who, heard: "connecting", code }));
    this.client.on("connected", ({ client }) => {
      tell({ who, heard: "connected" });
      this.attempt.done({ client });
    });
    this.client.on("disconnected", (context) => {
      tell({ who, heard: "disconnected", code: context.code });
      this.attempt.refuse(refusal(context));
    });
  }

  // Over protobuf the SDK carries bytes, over JSON it carries values; both hold the same JSON.
  pack(value) {
    return this.isBinary ? new TextEncoder().encode(JSON.stringify(value)) : value;
  }

  unpack(data) {
    return this.isBinary ? JSON.parse(new TextDecoder().decode(data)) : data;
  }

  listen(channel) {
    const sub = this.client.newSubscription(channel, { maxResubscribeDelay: 1_000 });
    const say = (heard, fields) => tell({ who: this.who, heard, channel, ...fields });
    const ears = { sub, attempt: null };
    sub.on("subscribing", ({ code }) => say("subscribing", { code }));
    sub.on("subscribed", ({ recoverable, recovered }) => {
      say("subscribed", { recoverable, recovered });
      ears.attempt.done({ recoverable, recovered });
    });
    sub.on("unsubscribed", (context) => {
      say("unsubscribed", { code: context.code });
      ears.attempt.refuse(refusal(context));
    });
    sub.on("publication", ({ data, info }) => say("publication", { data: this.unpack(data), user: info?.user ?? null }));
    this.subs.set(channel, ears);
    return ears;
  }
}

const ORDERS = {
  connect(order) {
    const person = people.get(order.who) ?? new Person(order);
    people.set(order.who, person);
    person.attempt = new Settled();
    person.client.connect();
    return person.attempt.outcome;
  },
  disconnect: ({ who }) => people.get(who).client.disconnect(),
  subscribe({ who, channel }) {
    const ears = people.get(who).subs.get(channel) ?? people.get(who).listen(channel);
    ears.attempt = new Settled();
    ears.sub.subscribe();
    return ears.attempt.outcome;
  },
  unsubscribe: ({ who, channel }) => people.get(who).subs.get(channel).sub.unsubscribe(),
  state: ({ who, channel }) => people.get(who).subs.get(channel).sub.state,
  async publish({ who, channel, data }) {
    await people.get(who).client.publish(channel, people.get(who).pack(data));
  },
  async presence({ who, channel }) {
    const { clients } = await people.get(who).client.presence(channel);
    // Where nobody is the SDK gives nothing, and in JSON who has no name has none.
    return Object.values(clients ?? {}).map(({ user }) => user ?? "").sort();
  },
  async history({ who, channel, limit }) {
    const { publications } = await people.get(who).client.history(channel, { limit });
    return publications.map(({ data }) => people.get(who).unpack(data));
  },
  async http({ method, url, token, body }) {
    const headers = { "Content-Type": "application/json", ...(token && { Authorization: `Bearer ${token}` }) };
    const answer = await fetch(url, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
    return { status: answer.status, body: await answer.json() };
  },
};

async function follow(order) {
  try {
    tell({ id: order.id, ok: (await ORDERS[order.do](order)) ?? null });
  } catch (error) {
    // A fault of its own ends it, and is seen on the error output.
    if (typeof error.code !== "number") throw error;
    const { code, message, temporary = false } = error;
    tell({ id: order.id, error: { code, message, temporary } });
  }
}

const lines = createInterface({ input: process.stdin });
lines.on("line", (line) => follow(JSON.parse(line)));
lines.on("close", () => process.exit(0));
