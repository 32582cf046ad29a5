#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
# A real ejabberd with real clients: what its debug log shows, what mod_service_log gave to the component, and
# what the clients saw are the same messages.
import asyncio
import json
import os
import signal
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
sys.path.insert(0, os.path.join(HERE, "..", "oracle"))
import clients  # noqa: E402
import ejabberd  # noqa: E402
import product  # noqa: E402

ROOM = "hall@" + ejabberd.ROOMS
SETTINGS = f"""
muc_domains = {{"{ejabberd.ROOMS}"}}
wrapper_feed component {{ domains = {{"{ejabberd.HOST}"}} }}
"""


def jid(name):
    return f"{name}@{ejabberd.HOST}"


# --- the day at the harbour ---

async def two_devices(ada, laptop, ben):
    """Receipts, markers, carbons: what one device sends the other one gets, too."""
    first = ada.say(ben.bare, "the ferry is late", markable=True)
    await ben.gets(first)
    await ada.gets_receipt(first)
    ben.displayed(ada.jid, first)
    await ada.until(lambda m: first in m.displayed)
    await laptop.until(lambda m: m.id == first and m.wrapped == "sent")
    ben.state(ada.jid, "composing")
    second = ben.say(ada.bare, "how late? żółć <b>&amp;</b>\nline two", markable=True)
    await ada.gets(second)
    await laptop.gets(second)
    await ben.until(lambda m: second in m.received)
    laptop.displayed(ben.jid, second)
    await ben.until(lambda m: second in m.displayed)
    third = laptop.say(ben.jid, "no receipt wanted", receipt=False)
    await ben.gets(third)


async def offline(ada, cleo):
    """Stored, and given out when the user comes."""
    late = ada.say(cleo.bare, "you are not here", markable=True)
    await asyncio.sleep(0.2)
    await cleo.online()
    message = await cleo.gets(late)
    await ada.gets_receipt(late)
    cleo.displayed(ada.jid, late)
    await ada.until(lambda m: late in m.displayed)
    await cleo.offline()
    await cleo.online()
    again = ada.say(cleo.bare, "you are back")
    await ada.gets_receipt(again)
    return message.delayed


async def nobody(ada):
    lost = ada.say(jid("nobody"), "is anybody there?")
    return (await ada.gets_error(lost)).error


async def enter(user, nick):
    """Who has entered is told the subject."""
    user.join(ROOM, nick)
    await user.until(lambda m: m.type == "groupchat" and m.sender.startswith(ROOM) and not m.body)


async def in_a_room(ada, ben, cleo):
    for user, nick in ((ada, "Ada"), (ben, "Ben"), (cleo, "Cleo")):
        await enter(user, nick)
    said = ada.say(ROOM, "ahoy", receipt=False, markable=True, kind="groupchat")
    for user in (ada, ben, cleo):
        await user.gets(said)
    ben.message(ROOM, f"<displayed xmlns='{clients.MARKERS}' id='{said}'/>", ben.fresh_id("d"), "groupchat")
    await ada.until(lambda m: said in m.displayed)
    answer = cleo.say(ROOM, "ahoy yourself", receipt=False, kind="groupchat")
    await ada.gets(answer)


async def the_day(server):
    address = ("127.0.0.1", server.port)
    ada = clients.User(address, jid("ada") + "/phone", carbons=True, answers=True)
    laptop = clients.User(address, jid("ada") + "/laptop", carbons=True)
    ben = clients.User(address, jid("ben") + "/phone", answers=True)
    cleo = clients.User(address, jid("cleo") + "/web", answers=True)
    for user in (ada, laptop, ben):
        await user.online()
    await two_devices(ada, laptop, ben)
    delayed = await offline(ada, cleo)
    error = await nobody(ada)
    await in_a_room(ada, ben, cleo)
    everybody = (ada, laptop, ben, cleo)
    for user in everybody:
        await user.offline()
    return everybody, delayed, error


async def nobody_listens(server):
    """The component is away, and there is something to copy."""
    dora = clients.User(("127.0.0.1", server.port), jid("dora") + "/phone")
    await dora.online()
    await asyncio.sleep(0.3)
    await dora.offline()


# --- three accounts of it ---

class Component:
    """The component feed, with what it would spool in a file."""

    def __init__(self, server, out):
        self.out, self.states = out, out + ".states"
        with open(self.states, "w", encoding="utf-8") as states, open(out + ".log", "w", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                [os.path.join(product.BUILD, "tests/faults/component"), "host=127.0.0.1", f"port={server.component_port}",
                 f"domain={ejabberd.COMPONENT}", f"server={ejabberd.HOST}", f"secret={ejabberd.SECRET}", f"out={out}",
                 "silence=500", "patience=10000", "least=100"], stdout=states, stderr=log)

    def said(self):
        with open(self.states, encoding="utf-8") as file:
            return file.read()

    def items(self):
        with open(self.out, encoding="utf-8") as file:
            return [json.loads(line) for line in file]

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(10)


def imported(program, realm, path, dialect):
    program.call("import", "--realm", realm, "--dialect", dialect, path)
    with open(program.export("messages", realm + ".ndjson", "--realm", realm), encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def who(row, name):
    return sorted((row.get(name) or {}).keys())


SAME = ("from", "to", "id", "from_resource", "type", "class", "n", "verdict", "error", "delivered_via", "displayed_via")


def told(row):
    """A row as far as log and feed must agree: all but times, and but `routed`, which no `route` line shows."""
    state = "accepted" if row["state"] == "routed" else row["state"]
    devices = {device: sorted(k for k, v in seen.items() if v) for device, seen in (row.get("devices") or {}).items()}
    return str((*(row.get(name) for name in SAME), state, bool(row.get("stored_at")), sorted(devices.items()),
                who(row, "readers"), who(row, "receivers")))


def seen_by_clients(everybody):
    """(from, to, id) -> (devices that confirmed it, devices that displayed it, error), as its sender saw it."""
    result = {}
    for user in everybody:
        account = [m for other in everybody if other.bare == user.bare for m in other.seen]
        for sent in user.sent:
            result[user.bare, sent.to.split("/")[0], sent.id] = (
                sorted({m.sender for m in account if sent.id in m.received}),
                sorted({m.sender for m in account if sent.id in m.displayed and m.sender.split("/")[0] != user.bare}),
                next((m.error for m in account if m.error and m.id == sent.id), None))
    return result


def shown(rows):
    result = {}
    for row in rows:
        devices = row.get("devices") or {}
        if row["class"] == "group":
            displayed = who(row, "readers")
        else:
            displayed = sorted(d for d, seen in devices.items() if seen.get("displayed"))
        result[row["from"], row["to"], row["id"]] = (
            sorted(d for d, seen in devices.items() if seen.get("delivered")), displayed, row.get("error"))
    return result


def room_names(seen):
    """We name a reader of a room by nick, the others saw the occupant."""
    return {key: (value[0], [f"{ROOM}/{who}" if "@" not in who else who for who in value[1]], value[2])
            for key, value in seen.items()}


def compare(tap, what, mine, other):
    mine, other = set(mine), set(other)
    for key in sorted(set(mine) ^ set(other)):
        tap.note(f"{what}: only in {'the first' if key in mine else 'the second'}: {key}")
    return mine == other


def accounts(tap, program, server, component, everybody):
    keeper = program.start("serve")
    try:
        log = imported(program, "log", server.log, "ejabberd-debug")
        feed = imported(program, "feed", component.out + ".observations", "observations")
        tap.ok(len(log) > 7 and compare(tap, "log and feed", map(told, log), map(told, feed)),
               f"the log and the component feed give the same {len(log)} rows")
        seen = {str(item) for item in seen_by_clients(everybody).items()}
        for name, rows in (("log", log), ("feed", feed)):
            tap.ok(compare(tap, f"{name} and clients", {str(item) for item in room_names(shown(rows)).items()}, seen),
                   f"what the {name} gives is what the clients saw")
    finally:
        product.stop(keeper)


def write_observations(component):
    """The file as receiptd import takes it: gaps are no lines of observations."""
    with open(component.out + ".observations", "w", encoding="utf-8") as out:
        for item in component.items():
            if item["kind"] == "stanza":
                out.write(json.dumps({k: item[k] for k in ("ts", "feed", "dir", "stanza")}) + "\n")


def main():
    tap = product.Tap()
    if not ejabberd.is_there():
        tap.ok(True, "ejabberd", skip="not installed")
        tap.done()
    server = ejabberd.Ejabberd(("ada", "ben", "cleo", "dora"))
    program, component = product.Product(settings=SETTINGS), None
    making = program.start("migrate")  # takes seconds: meanwhile the users can talk
    try:
        server.start()
        component = Component(server, os.path.join(server.folder, "feed"))
        tap.ok(product.wait_until(lambda: "online" in component.said(), 10), "ejabberd accepts the component")
        everybody, delayed, error = asyncio.run(the_day(server))
        tap.ok(delayed and error == "service-unavailable", "the day went as it should: stored, bounced")
        answered = server.pongs()  # the next one comes when all else has come
        tap.ok(product.wait_until(lambda: server.pongs() > answered, 20) and "waiting" not in component.said(), "ejabberd answers pings")
        component.stop()
        asyncio.run(nobody_listens(server))
        log = server.text("ejabberd.log")
        tap.ok("dora@" in log and "Outbound s2s connection" not in log,
               "what nobody is there for is not sent to other servers (s2s_access)")
        items = component.items()
        tap.ok(all(item["kind"] == "stanza" and f"from='{ejabberd.HOST}'" in item["stanza"] for item in items),
               f"{len(items)} copies, each from the server itself, no gap, nothing unreadable")
        server.stop()
        write_observations(component)
        tap.ok(making.wait(60) == 0, "the database is there")
        accounts(tap, program, server, component, everybody)
    finally:
        if component:
            component.stop()
        server.close()
        making.wait(60)
        program.close()
    tap.done()


main()
