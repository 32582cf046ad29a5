#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
# Two Prosodys that federate (their domains are addresses of loopback), a room with an occupant on the other
# server, a stream that is resumed, an external component, messages of several hundred KB, a full queue.
# Takes a while, so only with RECEIPTD_LONG.
import asyncio
import os
import shutil
import sys
import tempfile
import traceback

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
if not os.environ.get("RECEIPTD_LONG"):
    print("1..0 # SKIP only with RECEIPTD_LONG")
    sys.exit(0)
import prosody  # noqa: E402
import receiver  # noqa: E402
import rows  # noqa: E402
from clients import User  # noqa: E402
from scenario import gather  # noqa: E402
from tap import Tap  # noqa: E402

NEAR, FAR, ROOMS, GATE = "127.0.0.2", "127.0.0.3", "127.0.0.4", "gate.test"
COMPONENT = f'Component "{GATE}"\n\tcomponent_secret = "gate"\n\tmodules_enabled = {{ "receiptd" }}\n'
S2S = 5269  # a domain that is an address has no SRV record that could say another


class Cast:
    def __init__(self, near, far):
        self.anna = User(near.address, f"anna@{NEAR}/phone")
        self.mallory = User(near.address, f"mallory@{NEAR}/phone", resumes=True)
        self.ben = User(far.address, f"ben@{FAR}/phone", answers=True)
        self.delivered, self.displayed, self.failed, self.unconfirmed = [], [], [], []
        self.all = [self.anna, self.mallory, self.ben]

    @property
    def sent(self):
        return [message for user in self.all for message in user.sent]


async def federate(cast):
    for text in ("first of its connection", "second", "x" * 200000):
        ident = cast.anna.say(cast.ben.bare, text, markable=True)
        await cast.ben.gets(ident)
        await cast.anna.gets_receipt(ident)
        cast.delivered.append(ident)
    for to in (f"nobody@{FAR}", "user@127.0.0.9"):
        ident = cast.anna.say(to, "is anybody there?")
        await cast.anna.gets_error(ident, seconds=20)
        cast.failed.append(ident)


async def resume(cast):
    ident = cast.anna.say(cast.mallory.bare, "before the tunnel")
    await cast.mallory.gets(ident)
    await cast.mallory.lose_connection()
    await asyncio.sleep(0.5)  # until the server has noticed
    ident = cast.anna.say(cast.mallory.bare, "in the tunnel")
    await asyncio.sleep(0.5)
    await cast.mallory.connect()
    await cast.mallory.gets(ident)
    cast.mallory.receipt(cast.anna.bare, ident)
    await cast.anna.gets_receipt(ident)
    cast.delivered.append(ident)


async def use_gate(cast, port):
    """A component that answers."""
    import slixmpp  # pylint: disable=import-outside-toplevel
    gate = slixmpp.ComponentXMPP(GATE, "gate", NEAR, port)
    ready = asyncio.Event()
    gate.add_event_handler("session_start", lambda _: ready.set())

    def answer(message):
        if message["body"]:
            gate.send_raw(f"<message from='{message['to']}' to='{message['from']}' id='from-gate' type='chat'>"
                          f"<received xmlns='urn:xmpp:receipts' id='{message['id']}'/></message>")

    gate.add_event_handler("message", answer)
    gate.connect()
    await asyncio.wait_for(ready.wait(), 10)
    ident = cast.anna.say(f"icq17@{GATE}", "through the gate")
    await cast.anna.gets_receipt(ident)
    cast.delivered.append(ident)
    gate.abort()


async def play(near, far, port):
    cast = Cast(near, far)
    await asyncio.gather(*(user.online() for user in cast.all))
    await federate(cast)
    await resume(cast)
    await use_gate(cast, port)
    await gather(cast, f"lobby@{ROOMS}")
    await asyncio.gather(*(user.offline() for user in cast.all))
    return cast


def only_the_feed_knows(row, other):
    """mod_stanza_debug shows nothing of components, and not what opened a connection to a server."""
    return GATE in row["to"]


def compare(tap, database, near, far, post, cast):
    observations = os.path.join(near.folder, "feed.ndjson")
    post.write_observations(observations, lambda stream: "far" if stream == FAR else "near")
    for server in (near, far):
        database.load("log", server.log)
    database.load("feed", observations)
    log, feed = database.rows("log"), database.rows("feed")
    tap.check("the rows of the feed are those of the logs", rows.differences(
        log, feed, {"response_ms", "precision_us"}, lambda field, row, other: only_the_feed_knows(row, other)))
    tap.check("what clients sent and saw, and the feed", rows.against_clients(cast, feed))
    dirs = {item.get("dir") for item in post.items}
    tap.check("every direction was seen", [d for d in (
        "in", "out", "s2s-in", "s2s-out", "comp-in", "comp-out", "route") if d not in dirs])
    print(f"# {len(log)} rows of the logs, {len(feed)} of the feed, {len(post.items)} observations")


async def flood(server, post):
    """More than the queue holds while nobody takes it: what is lost is said, what is kept is in order."""
    anna, mallory = User(server.address, f"anna@{NEAR}/phone"), User(server.address, f"mallory@{NEAR}/phone")
    await asyncio.gather(anna.online(), mallory.online())
    start = len(post.items)
    post.moods += ["503"] * 1000
    for _ in range(10):
        for _ in range(100):
            ident = anna.say(mallory.bare, "x" * 300)
        await mallory.gets(ident)
    post.moods.clear()
    post.wait_quiet(start + 10, seconds=30, still=2)
    last = anna.say(mallory.bare, "the last one")
    await mallory.gets(last)
    post.wait_quiet(still=1)
    items = post.items[start:]
    kept = sum(1 for item in items if "stanza" in item)
    lost = sum(item.get("lost", 0) for item in items)
    await asyncio.gather(anna.offline(), mallory.offline())
    return kept, lost


def main():
    tap = Tap(7)
    post = receiver.Receiver()
    port = prosody.free_port(NEAR)
    near = prosody.Prosody({NEAR: ["anna", "mallory"]}, [ROOMS], post.url, receiver.TOKEN, NEAR, S2S, end=COMPONENT,
                           more=f"component_ports = {{ {port} }}\nreceiptd_queue_limit = 500000")
    far = prosody.Prosody({FAR: ["ben"]}, [], post.url, receiver.TOKEN, FAR, S2S)
    folder = tempfile.mkdtemp(prefix="receiptd-live-")
    os.chmod(folder, 0o755)
    database = rows.Database(os.path.join(folder, "data"))
    try:
        near.start()
        far.start()
        cast = asyncio.run(play(near, far, port))
        post.wait_quiet(still=1)
        tap.check("no gap", [str(item) for item in post.items if "gap" in item])
        compare(tap, database, near, far, post, cast)
        kept, lost = asyncio.run(flood(near, post))
        tap.check("a full queue: all is kept or counted as lost", [
            f"{kept} kept, {lost} lost"] if kept + lost != 2002 or not lost else [])
        tap.check("order, numbers, deliveries, one request at a time", post.problems)
        tap.check("no fault in the logs", [line for server in (near, far) for line in server.log_text().splitlines()
                                           if "Traceback" in line or "was not noticed" in line])
    except Exception:  # pylint: disable=broad-except
        tap.check("it went through", traceback.format_exc().splitlines() + near.log_text().splitlines()[-30:])
    finally:
        if not os.environ.get("KEEP"):
            near.remove()
            far.remove()
            shutil.rmtree(folder, ignore_errors=True)
        near.end()
        far.end()
        post.stop()
    sys.exit(1 if tap.bad else 0)


main()
