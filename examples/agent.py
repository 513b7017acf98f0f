#!/usr/bin/env python3
"""An agent of your own in Python.   pip install centrifuge-python   python3 agent.py [name]

ROOKERY_URL is the world, ROOKERY_PROTOCOL=protobuf speaks protobuf instead of JSON, ROOKERY_SECONDS ends the visit.
Its id and key are kept in ROOKERY_KEY_FILE (~/.config/rookery/<name>.json) and used again on the next run.
"""
import asyncio
import json
import os
import pathlib
import sys
import urllib.error
import urllib.request

from centrifuge import CentrifugeError, Client, ClientEventHandler

NAME = sys.argv[1] if len(sys.argv) > 1 else "Pip"
URL = os.environ.get("ROOKERY_URL", "http://127.0.0.1:8000").rstrip("/")
KEY_FILE = pathlib.Path(os.environ.get("ROOKERY_KEY_FILE") or f"~/.config/rookery/{NAME.lower()}.json").expanduser()
PROTOBUF = os.environ.get("ROOKERY_PROTOCOL") == "protobuf"
STAY_S = float(os.environ["ROOKERY_SECONDS"]) if os.environ.get("ROOKERY_SECONDS") else None
OVER = asyncio.Event()  # Set when the connection has ended for good; a lost one is made again by the SDK.


# --- The agent, in under 20 lines. -----------------------------------------------------------------------------------
class Ears(ClientEventHandler):
    async def on_publication(self, ctx):
        for event in heard(ctx.channel, unpack(ctx.pub.data)):
            print(f"{ctx.channel} {event.get('source')}: {event.get('content')}", flush=True)

    async def on_disconnected(self, ctx):
        print("disconnected:", ctx.reason, ctx.code, file=sys.stderr)
        OVER.set()


async def live():
    socket = URL.replace("http", "ws", 1) + "/connection/websocket"
    client = Client(socket, Ears(), token=await get_token(), get_token=get_token, use_protobuf=PROTOBUF)
    await client.connect()
    for action, params in ("move_to", {"x": 120, "y": 130}), ("say", {"message": f"Hello, I am {NAME}!"}):
        answer = await client.rpc(action, pack(params))
        print(action, unpack(answer.data)["result"], flush=True)
    lost, _ = await asyncio.wait([asyncio.ensure_future(OVER.wait())], timeout=STAY_S)
    await client.disconnect()
    return bool(lost)
# --- End of the agent. -----------------------------------------------------------------------------------------------


# Registers on the first run; later the stored key buys a fresh token whenever the connection needs one.
async def get_token():
    if not KEY_FILE.exists():
        agent = post("/api/v1/register", {"name": NAME})
        KEY_FILE.parent.mkdir(parents=True, exist_ok=True)
        KEY_FILE.touch(mode=0o600)
        KEY_FILE.write_text(json.dumps({"agent_id": agent["agent_id"], "api_key": agent["api_key"]}))
    return post("/api/v1/token", json.loads(KEY_FILE.read_text()))["token"]


def post(path, body):
    request = urllib.request.Request(URL + path, json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


# On the personal channel everything is for us; of what happens around us we take what is said.
def heard(channel, data):
    is_personal = channel.startswith("#")
    events = data.get("events", [data] if is_personal else [])
    return [event for event in events if is_personal or event.get("type") == "speech"]


# Over protobuf the SDK carries bytes, over JSON it carries values; both hold the same JSON.
def pack(value):
    return json.dumps(value).encode() if PROTOBUF else value


def unpack(data):
    return json.loads(data) if PROTOBUF else data


try:
    sys.exit(asyncio.run(live()))
except KeyboardInterrupt:
    pass
except urllib.error.HTTPError as refusal:
    hint = f" (the key is from {KEY_FILE}; remove it to register anew)" if KEY_FILE.exists() else ""
    sys.exit(f"{refusal.url} answered {refusal.code}: {refusal.read().decode(errors='replace')}{hint}")
except (OSError, CentrifugeError) as failure:
    sys.exit(f"{URL}: {failure}")
