#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What mod_receiptd costs Prosody: instructions (callgrind) for a message from one client to another without it,
with it (posting to a stand-in), and with the debug log of mod_stanza_debug instead. Usage: cost.py [messages]"""

import asyncio
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import prosody  # noqa: E402
import receiver  # noqa: E402
from clients import User  # noqa: E402

MORE = ("<active xmlns='http://jabber.org/protocol/chatstates'/>"
        "<origin-id xmlns='urn:xmpp:sid:0' id='5f3c1d6e-77aa-4d1b-9a0f-000000000001'/>")
TEXT = "words of a message, neither short nor long. " * 3
COUNT = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", "lua5.4"]
OFF = 'modules_disabled = { "tls", "s2s_auth_certs", "receiptd" }'
WAYS = {"neither": {"level": "info", "more": OFF}, "mod_receiptd": {"level": "info"},
        "mod_stanza_debug": {"level": "debug", "more": OFF}}


async def chat(server, messages):
    anna, ben = User(server.address, "anna@a.test/phone"), User(server.address, "ben@a.test/phone")
    await anna.online()
    await ben.online()
    for _ in range(messages // 50):
        for _ in range(50):
            ident = anna.say(ben.bare, TEXT, markable=True, more=MORE)
        await ben.gets(ident, seconds=60)
        ben.seen.clear()
    await asyncio.sleep(3)
    await anna.offline()
    await ben.offline()


def instructions(messages, **options):
    post = receiver.Receiver()
    server = prosody.Prosody({"a.test": ["anna", "ben"]}, [], post.url, receiver.TOKEN, **options)
    try:
        server.start(COUNT)
        asyncio.run(chat(server, messages))
        server.end()
        return int(re.search(r"Collected : (\d+)", server.output()).group(1))
    finally:
        server.remove()
        post.stop()


def main():
    messages = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    first = None
    for way, options in WAYS.items():
        each = (instructions(messages, **options) - instructions(0, **options)) / messages
        first = first or each
        print(f"{way}: {each / 1000:.0f} thousand instructions a message ({each / first:.2f} times)", flush=True)


main()
