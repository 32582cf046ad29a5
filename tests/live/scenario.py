# SPDX-License-Identifier: Apache-2.0
"""What the users do, in two acts between which the server may be killed, and what must have come of it. Nothing
here knows which server it is: hosts A and B with users anna, ben, carl, dora, mallory; rooms of a MUC domain."""

import asyncio

from clients import User

A, B, ROOMS = "a.test", "b.test", "rooms.a.test"
USERS = {A: ["anna", "dora", "mallory"], B: ["ben", "carl"]}


class Cast:
    def __init__(self, address):
        def user(jid, **options):
            return User(address, jid, **options)
        self.anna = user(f"anna@{A}/phone")
        self.desk = user(f"anna@{A}/desk", carbons=True)
        self.ben = user(f"ben@{B}/phone", answers=True)
        self.carl = user(f"carl@{B}/phone")
        self.dora = user(f"dora@{A}/phone", answers=True)
        self.mallory = user(f"mallory@{A}/phone")
        self.all = [self.anna, self.desk, self.ben, self.carl, self.dora, self.mallory]
        # Truth: ids of messages by what must have become of them.
        self.delivered, self.displayed, self.failed, self.unconfirmed, self.kept = [], [], [], [], []

    @property
    def sent(self):
        return [message for user in self.all for message in user.sent]


async def meet(cast):
    await asyncio.gather(cast.anna.online(5), cast.desk.online(1), cast.ben.online(), cast.carl.online(),
                         cast.mallory.online())


async def talk(cast):
    """Receipts, markers, an own device with carbons, chat states, odd texts."""
    anna, desk, ben = cast.anna, cast.desk, cast.ben
    anna.state(ben.bare, "composing")
    for text in ("hello", "more &amp; <odd> \"text\" with 'quotes'", "two\nlines\tand a tab", "zażółć 🐟",
                 "2026-11-22T10:00:00+0000 c2s55f2\tdebug\tRECV: <message/>"):
        ident = anna.say(ben.bare, text, markable=True)
        await ben.gets(ident)
        await anna.gets_receipt(ident)
        await desk.until(lambda m, i=ident: m.id == i and m.wrapped == "sent")
        cast.delivered.append(ident)
        cast.displayed.append(ident)  # up to and including the marked one
    ben.displayed(anna.bare, ident)
    await anna.until(lambda m: ident in m.displayed)
    ident = ben.say(anna.bare, "and you?")  # nobody answers
    await anna.gets(ident)
    await desk.until(lambda m, i=ident: m.id == i and m.wrapped == "received")
    cast.unconfirmed.append(ident)
    ident = ben.say(anna.jid, "to the phone alone", receipt=False)
    await anna.gets(ident)
    anna.say(anna.bare, "note to self", receipt=False)
    text = f"without id, after {ident}"  # another one each time: without ids, time alone tells messages apart
    ben.raw(f"<message to='{anna.bare}' type='chat'><body>{text}</body></message>")
    await anna.until(lambda m: m.body == text)


async def forge(cast):
    """A receipt by somebody who never got the message, also under another's name; one for an unknown id."""
    anna, carl, mallory = cast.anna, cast.carl, cast.mallory
    ident = anna.say(carl.bare, "for carl")
    await carl.gets(ident)
    mallory.receipt(anna.bare, ident)
    await anna.gets_receipt(ident)
    mallory.raw(f"<message from='{carl.jid}' to='{anna.bare}' id='forged-from'>"
                f"<received xmlns='urn:xmpp:receipts' id='{ident}'/></message>")
    await anna.until(lambda m: m.id == "forged-from")
    cast.unconfirmed.append(ident)
    carl.receipt(anna.bare, "never-was")
    await anna.gets_receipt("never-was")


async def bounce(cast):
    for to in (f"nobody@{B}", f"nobody@{A}/nowhere", "user@no-such-host.invalid"):
        ident = cast.anna.say(to, "is anybody there?")
        await cast.anna.gets_error(ident)
        cast.failed.append(ident)


async def store(cast):
    """For users who are away: one comes in the second act, one never."""
    dora = cast.dora
    for text in ("you are away", "still away"):
        ident = cast.anna.say(dora.bare, text)
        cast.delivered.append(ident)
        cast.kept.append(ident)
    await cast.carl.offline()
    ident = cast.ben.say(cast.carl.bare, "carl does not come back")
    cast.kept.append(ident)
    cast.unconfirmed.append(ident)
    await asyncio.sleep(0.2)


async def gather(cast, room):
    """Three in a room; one of them shows that it was read."""
    anna, ben, mallory = cast.anna, cast.ben, cast.mallory
    for user in (anna, ben, mallory):
        user.join(room, user.bare.split("@")[0])
        await user.until(lambda m: m.type == "groupchat" and m.sender.split("/")[0] == room)  # the subject
    for user in (anna, ben):
        ident = user.say(room, f"{user.bare} speaks", receipt=False, markable=True, kind="groupchat")
        for other in (anna, ben, mallory):
            await other.gets(ident)
    ben.message(room, f"<displayed xmlns='urn:xmpp:chat-markers:0' id='{ident}'/>", "room-read", kind="groupchat")
    await anna.gets("room-read")
    ident = anna.say(f"{room}/mallory", "in private")
    await mallory.gets(ident)
    mallory.receipt(f"{room}/anna", ident)
    await anna.gets_receipt(ident)


async def first_act(cast):
    await meet(cast)
    await talk(cast)
    await forge(cast)
    await bounce(cast)
    await store(cast)
    await gather(cast, f"lobby@{ROOMS}")


async def second_act(cast):
    """After the server came back."""
    for user in cast.all:
        if user.client:
            user.dropped()
    for user in (cast.anna, cast.ben, cast.mallory):
        await user.online()
    waiting = [ident for ident in cast.kept if ident in cast.delivered]
    await cast.dora.online()
    for ident in waiting:
        await cast.dora.gets(ident)
        await cast.anna.gets_receipt(ident)
    ident = cast.anna.say(cast.ben.bare, "we are back", markable=True)
    await cast.anna.gets_receipt(ident)
    cast.ben.displayed(cast.anna.bare, ident)
    await cast.anna.until(lambda m: ident in m.displayed)
    cast.delivered.append(ident)
    cast.displayed.append(ident)
    await gather(cast, f"second@{ROOMS}")
    await asyncio.gather(*(user.offline() for user in cast.all if user.client))
