#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
# Debian's Prosody with real clients, seen three ways: by the clients, by its log (mod_stanza_debug) and by
# mod_receiptd, which feeds a receiptd by way of a receiver that looks closely, is away, cuts and loses answers. The
# rows must be the same. Prosody, receiptd and its PostgreSQL are killed in the middle and started again.
import asyncio
import os
import shutil
import signal
import sys
import tempfile
import time
import traceback

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import prosody  # noqa: E402
import receiver  # noqa: E402
import rows  # noqa: E402
import scenario  # noqa: E402
from tap import Tap  # noqa: E402

# To the microsecond in the feed, whole seconds in the log.
NO_MATTER = {"response_ms", "precision_us"}


async def play(server, post, database):
    cast = scenario.Cast(server.address)
    post.moods += [None, None, "503", "cut", "lost"]
    await scenario.first_act(cast)
    for i in range(300):  # receiptd may have needed its time
        if not post.moods and post.items:
            break
        cast.anna.state(cast.ben.bare, ("composing", "paused")[i % 2])
        await asyncio.sleep(0.2)
    post.moods += ["503"] * 20  # what is seen from now on stays in the queue until after the kill
    await scenario.talk(cast)
    await asyncio.sleep(0.5)
    server.end(signal.SIGKILL)
    database.kill()
    post.moods.clear()
    before = len(post.items)
    server.start()
    await scenario.second_act(cast)
    post.wait_empty()
    return cast, before


def only_the_feed_knows(cast):
    """What is kept for a user who does not come back is taken by the server: its log does not show that."""
    def may_differ(field, row, other):
        return row.get("id") in cast.kept and field in ("state", "accepted_at") and \
            row["state"] == "sent" and other["state"] == "accepted"
    return may_differ


def compare(tap, database, server, post, cast):
    database.load("log", server.log)
    log = database.rows("log")
    end, wrong = time.monotonic() + 60, ["not looked at"]
    while wrong and time.monotonic() < end:  # the last acknowledgements may be of the next batch
        feed = database.rows("feed")
        wrong = rows.differences(log, feed, NO_MATTER, only_the_feed_knows(cast))
        time.sleep(0.3 if wrong else 0)
    tap.check("the rows of the feed are those of the log", wrong)
    tap.check("what clients sent and saw, and the log", rows.against_clients(cast, log))
    tap.check("what clients sent and saw, and the feed", rows.against_clients(cast, feed))
    print(f"# {len(log)} rows of the log, {len(feed)} of the feed, {len(post.items)} observations")


def main():
    tap = Tap(9)
    folder = tempfile.mkdtemp(prefix="receiptd-live-")
    os.chmod(folder, 0o755)  # else, as root, the cluster would be the shared one under /var/lib
    database = rows.Database(os.path.join(folder, "data"))
    post = receiver.Receiver(database.serve(folder, receiver.TOKEN, scenario.ROOMS))
    server = prosody.Prosody(scenario.USERS, [scenario.ROOMS], post.url, receiver.TOKEN)
    try:
        server.start()
        cast, before = asyncio.run(play(server, post, database))
        server.end()
        text = server.log_text()
        tap.check("the receiver was away, cut and lost answers", not {"503", "cut", "lost"} <= set(post.met))
        tap.check("order, numbers, deliveries, one request at a time", post.problems)
        tap.check("what was not sent when Prosody was killed was sent afterwards", before >= len(post.items))
        tap.check("a host on which nothing happens says so", post.empty < 1)
        tap.check("no gap", [str(item) for item in post.items if "gap" in item])
        tap.check("no fault in Prosody's log", [line for line in text.splitlines() if "Traceback" in line
                                                or "was not noticed" in line])
        compare(tap, database, server, post, cast)
    except Exception:  # pylint: disable=broad-except
        tap.check("it went through", traceback.format_exc().splitlines() + server.output().splitlines()[-5:]
                  + server.log_text().splitlines()[-20:])
    finally:
        database.end()
        if not os.environ.get("KEEP"):
            server.remove()
            shutil.rmtree(folder, ignore_errors=True)
        post.stop()
    sys.exit(1 if tap.bad else 0)


main()
