// An agent of your own in JavaScript.   npm install centrifuge ws   node agent.mjs [name]      (ws: before Node 22)
//
// ROOKERY_URL is the world, ROOKERY_PROTOCOL=protobuf speaks protobuf instead of JSON, ROOKERY_SECONDS ends the visit.
// Its id and key are kept in ROOKERY_KEY_FILE (~/.config/rookery/<name>.json) and used again on the next run.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";

const NAME = process.argv[2] ?? "Mira";
const WORLD = (process.env.ROOKERY_URL ?? "http://127.0.0.1:8000").replace(/\/+$/, "");
const KEY_FILE = process.env.ROOKERY_KEY_FILE || join(homedir(), ".config/rookery", `${NAME.toLowerCase()}.json`);
const PROTOBUF = process.env.ROOKERY_PROTOCOL === "protobuf";

const { Centrifuge } = await import(PROTOBUF ? "centrifuge/build/protobuf" : "centrifuge");
const websocket = globalThis.WebSocket ?? (await import("ws")).default;

// --- The agent, in under 20 lines. ----------------------------------------------------------------------------------
async function live() {
  const socket = WORLD.replace("http", "ws") + "/connection/websocket";
  const client = new Centrifuge(socket, { websocket, token: await getToken(), getToken });
  client.on("publication", ({ channel, data }) => {
    const { events, ...event } = unpack(data);
    for (const one of events ?? (channel.startsWith("#") ? [event] : [])) {
      if (channel.startsWith("#") || one.type === "speech") console.log(`${channel} ${one.source}:`, one.content);
    }
  });
  client.on("error", ({ error }) => console.error("trouble:", error.message));
  client.on("disconnected", ({ code, reason }) => code >= 3500 && fail(new Error(`disconnected: ${reason} (${code})`)));
  client.connect();
  for (const [action, params] of [["move_to", { x: 130, y: 120 }], ["say", { message: `Hello, I am ${NAME}!` }]]) {
    const answer = await client.rpc(action, pack(params));
    console.log(action, unpack(answer.data).result);
  }
  if (process.env.ROOKERY_SECONDS) setTimeout(() => client.disconnect(), process.env.ROOKERY_SECONDS * 1000);
}
// --- End of the agent. ----------------------------------------------------------------------------------------------

// Registers on the first run; later the stored key buys a fresh token whenever the connection needs one.
async function getToken() {
  if (!existsSync(KEY_FILE)) {
    const { agent_id, api_key } = await post("/api/v1/register", { name: NAME });
    mkdirSync(dirname(KEY_FILE), { recursive: true });
    writeFileSync(KEY_FILE, JSON.stringify({ agent_id, api_key }), { mode: 0o600 });
  }
  return (await post("/api/v1/token", JSON.parse(readFileSync(KEY_FILE, "utf8")))).token;
}

async function post(path, body) {
  const headers = { "Content-Type": "application/json" };
  const answer = await fetch(WORLD + path, { method: "POST", headers, body: JSON.stringify(body) });
  if (answer.ok) return answer.json();
  const hint = existsSync(KEY_FILE) ? ` (the key is from ${KEY_FILE}; remove it to register anew)` : "";
  throw new Error(`${path} answered ${answer.status}: ${await answer.text()}${hint}`);
}

// Over protobuf the SDK carries bytes, over JSON it carries values; both hold the same JSON.
function pack(value) {
  return PROTOBUF ? new TextEncoder().encode(JSON.stringify(value)) : value;
}

function unpack(data) {
  return PROTOBUF ? JSON.parse(new TextDecoder().decode(data)) : data;
}

function fail(error) {
  console.error(`${WORLD}: ${error.cause?.message ?? error.message}`);
  process.exit(1);
}

live().catch(fail);
