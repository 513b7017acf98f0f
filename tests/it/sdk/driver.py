"""Does with the SDK of PyPI what it is told on the standard input, a JSON object a line, and prints answers and what is heard.

An order is {"id", "do", "who", ...}, its answer {"id", "ok"} or {"id", "error": {"code", "message", "temporary"}}, what is heard
{"who", "heard", "channel", ...}. It ends with its input. `driver.mjs` is the same with the SDK of npm.
"""
import asyncio
import json
import os
import sys
import traceback
import urllib.error
import urllib.request

from centrifuge import Client, ClientEventHandler, ReplyError, SubscriptionEventHandler

LINE_MAX_BYTES = 1 << 20
TIMEOUT_S = 20
people = {}


def tell(**fields):
    print(json.dumps(fields), flush=True)


class Refused(Exception):
    """A refusal that the SDK reports as an event."""

    def __init__(self, ctx):
        self.code, self.message, self.temporary = ctx.code, ctx.reason, False


class Settled:
    """What comes of an attempt: waits for the next event that ends it."""

    def __init__(self):
        self.future = asyncio.get_running_loop().create_future()

    def end(self, outcome):
        if not self.future.done():
            self.future.set_result(outcome)

    async def wait(self):
        outcome = await self.future
        if isinstance(outcome, Refused):
            raise outcome
        return outcome


class Person(ClientEventHandler):
    def __init__(self, order):
        self.who, self.is_binary, self.attempt = order["who"], order.get("protobuf", False), Settled()
        self.client = Client(
            order["url"], self, token=order.get("token", ""), use_protobuf=self.is_binary, timeout=TIMEOUT_S,
            max_reconnect_delay=1,
        )

    async def on_connecting(self, ctx):
        tell(who=self.who, heard="connecting", code=ctx.code)

    async def on_connected(self, ctx):
        tell(who=self.who, heard="connected")
        self.attempt.end({"client": ctx.client})

    async def on_disconnected(self, ctx):
        tell(who=self.who, heard="disconnected", code=ctx.code)
        self.attempt.end(Refused(ctx))

    # Over protobuf the SDK carries bytes, over JSON it carries values; both hold the same JSON.
    def pack(self, value):
        return json.dumps(value).encode() if self.is_binary else value

    def unpack(self, data):
        return json.loads(data) if self.is_binary else data


class Ears(SubscriptionEventHandler):
    def __init__(self, person, channel):
        self.person, self.channel, self.attempt = person, channel, Settled()

    def tell(self, heard, **fields):
        tell(who=self.person.who, heard=heard, channel=self.channel, **fields)

    async def on_subscribing(self, ctx):
        self.tell("subscribing", code=ctx.code)

    async def on_subscribed(self, ctx):
        told = {"recoverable": ctx.recoverable, "recovered": ctx.recovered}
        self.tell("subscribed", **told)
        self.attempt.end(told)

    async def on_unsubscribed(self, ctx):
        self.tell("unsubscribed", code=ctx.code)
        self.attempt.end(Refused(ctx))

    async def on_publication(self, ctx):
        user = ctx.pub.info.user if ctx.pub.info else None
        self.tell("publication", data=self.person.unpack(ctx.pub.data), user=user)


async def connect(order):
    person = people.get(order["who"]) or people.setdefault(order["who"], Person(order))
    person.attempt = Settled()
    await person.client.connect()
    return await person.attempt.wait()


async def disconnect(order):
    await people[order["who"]].client.disconnect()


async def subscribe(order):
    person, channel = people[order["who"]], order["channel"]
    sub = person.client.get_subscription(channel)
    if sub is None:
        sub = person.client.new_subscription(channel, Ears(person, channel), max_resubscribe_delay=1)
    sub.events.attempt = Settled()
    await sub.subscribe()
    return await sub.events.attempt.wait()


async def unsubscribe(order):
    await people[order["who"]].client.get_subscription(order["channel"]).unsubscribe()


async def state(order):
    return people[order["who"]].client.get_subscription(order["channel"]).state.value


async def publish(order):
    person = people[order["who"]]
    await person.client.publish(order["channel"], person.pack(order["data"]))


async def presence(order):
    result = await people[order["who"]].client.presence(order["channel"])
    return sorted(info.user for info in result.clients.values())


async def history(order):
    person = people[order["who"]]
    result = await person.client.history(order["channel"], limit=order["limit"])
    return [person.unpack(publication.data) for publication in result.publications]


async def http(order):
    return await asyncio.to_thread(ask, order)


def ask(order):
    headers = {"Content-Type": "application/json"}
    if order.get("token"):
        headers["Authorization"] = f"Bearer {order['token']}"
    body = json.dumps(order["body"]).encode() if "body" in order else None
    request = urllib.request.Request(order["url"], body, headers, method=order["method"])
    try:
        answer = urllib.request.urlopen(request, timeout=TIMEOUT_S)
    except urllib.error.HTTPError as refusal:
        answer = refusal
    with answer:
        return {"status": answer.status, "body": json.load(answer)}


ORDERS = {
    do.__name__: do
    for do in (connect, disconnect, subscribe, unsubscribe, state, publish, presence, history, http)
}


async def follow(order):
    try:
        tell(id=order["id"], ok=await ORDERS[order["do"]](order))
    except (ReplyError, Refused) as refusal:
        error = {"code": refusal.code, "message": refusal.message, "temporary": refusal.temporary}
        tell(id=order["id"], error=error)
    except Exception:
        # A fault of its own ends it, and is seen on the error output.
        traceback.print_exc()
        os._exit(1)


async def main():
    loop, lines = asyncio.get_running_loop(), asyncio.StreamReader(limit=LINE_MAX_BYTES)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    running = set()
    while line := await lines.readline():
        # Orders do not wait for one another.
        running.add(task := asyncio.create_task(follow(json.loads(line))))
        task.add_done_callback(running.discard)


asyncio.run(main())
