#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Each setting keep_*_days takes what is older out of its own table, and nothing else: a dry run says how much, the run does it,
# once, and what was sealed verifies before and after. keep_days, keep_bodies_days and keep_disk: retention.t; reports: report.t.
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "faults"))
import rig  # noqa: E402

AGES = "(VALUES (40, 1), (31, 2), (29, 3), (0, 4)) AS v (age, k)"
AT = "now() - v.age * interval '1 day' - interval '1 hour'"
# setting: statements that put four rows there, 41, 32, 30 and 0 days old; what counts as taken out; what stays of all four.
TABLES = {
    "keep_known_days": (
        (f"INSERT INTO known (realm, element, kind, about, related, device, subject, first_at, last_at, position, source) SELECT 1, -k, 1, k, 0,"
         f" 0, 'keep' || k, {AT} - interval '90 days', {AT}, 0, 1 FROM {AGES}",
         f"INSERT INTO archive_seen (conv, key, device, realm, at) SELECT -7, k, 0, 1, {AT} FROM {AGES}"),
        "SELECT 8 - (SELECT count(*) FROM known WHERE subject LIKE 'keep%') - (SELECT count(*) FROM archive_seen WHERE conv = -7)", 4,
        "SELECT string_agg(subject, ' ' ORDER BY subject) FROM known WHERE subject LIKE 'keep%'", "keep3 keep4"),
    "keep_typing_days": (
        (f"INSERT INTO typing (conv, start_at, device, realm, from_jid, to_jid, end_at, ended, position) SELECT -7, {AT}, k, 1, 0, 0, {AT}, 0, 0"
         f" FROM {AGES}",
         # Only of days whose messages were dropped: of the four days not of the first.
         f"INSERT INTO dropped_day (day, rows, reason) SELECT ({AT})::date, 0, 'test' FROM {AGES} WHERE k IN (2, 3)"),
        "SELECT 4 - count(*) FROM typing WHERE conv = -7", 1,
        "SELECT string_agg(device::text, ' ' ORDER BY device) FROM typing WHERE conv = -7", "1 3 4"),
    "keep_quarantine_days": (
        (f"INSERT INTO quarantine (realm, source, generation, \"offset\", \"index\", length, reason, raw, found_at) SELECT 1, 1, 1, -k, 0, 4, 'keep',"
         f" 'abcd', {AT} FROM {AGES}",),
        "SELECT count(*) FROM quarantine WHERE reason = 'keep' AND raw = ''", 2,
        "SELECT count(*) || ' ' || sum(length) FROM quarantine WHERE reason = 'keep'", "4 16"),
    "keep_access_days": (
        (f"INSERT INTO access_log (id, at, token, route, filter, bodies) SELECT -k, {AT}, 'keep', '/v1/messages', 'participant=a@a.example', true"
         f" FROM {AGES}",),
        "SELECT count(*) FROM access_log WHERE token = 'keep' AND filter = 'erased'", 2,
        "SELECT count(*) || ' ' || count(*) FILTER (WHERE bodies) FROM access_log WHERE token = 'keep'", "4 4"),
}


def said(it, *arguments):
    done = subprocess.run(it.direct.command(*arguments), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    return done.returncode, done.stdout.strip()


def sums(it):
    """Of all tables but the one that is looked at: rows, and bytes of what could be taken out."""
    names = ("known", "archive_seen", "typing", "quarantine", "access_log", "message", "ack", "finding", "gap", "chat_state", "jid", "party")
    text = " UNION ALL ".join(f"SELECT '{name} ' || md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM receiptd.{name} AS t"
                              for name in names)
    return dict(line.split(" ", 1) for line in it.server.ask(text).splitlines())


def kept(tap, it, setting, row):
    puts, gone, wanted, rest, left = row
    own = {"keep_known_days": {"known", "archive_seen"}}.get(setting, {setting.removeprefix("keep_").removesuffix("_days")})
    own = {"access": {"access_log"}}.get(next(iter(own)), own)
    rule, ask = f"{setting}=30", it.server.ask
    before = sums(it)
    status, text = said(it, "--set", rule, "retention", "--dry-run")
    tap.ok(status == 0 and f"would be {wanted} rows gone" in text,
           f"{setting}: a dry run says {wanted}: {status} {text}")
    tap.ok(sums(it) == before, f"{setting}: and changes nothing")
    status, text = said(it, "--set", rule, "retention")
    got = ask(f"SET search_path = receiptd; {gone}"), ask(f"SET search_path = receiptd; {rest}")
    tap.ok(status == 0 and got == (str(wanted), left), f"{setting}: taken out {got[0]} of {wanted}, and what stays is {got[1]}")
    after = sums(it)
    changed = {name for name in after if after[name] != before[name]}
    tap.ok(changed == own, f"{setting}: of no other table {changed}")
    status, text = said(it, "--set", rule, "retention")
    tap.ok(status == 0 and text == "nothing to do", f"{setting}: once: {text}")


def main():
    tap = rig.product.Tap()
    server = rig.Server().start()
    try:
        with rig.Rig(server, seed=5) as it:
            it.generate(100)
            it.direct.call("import", it.log)
            for puts, *_ in TABLES.values():
                for put in puts:
                    server.ask(f"SET search_path = receiptd; {put}")
            server.ask("UPDATE receiptd.batch SET at = least(at, date_trunc('day', now()) - interval '1 minute')")
            it.direct.call("seal", "--new-key")
            it.direct.call("seal")
            for setting, row in TABLES.items():
                kept(tap, it, setting, row)
            status, text = said(it, "verify")
            tap.ok(status == 0, f"what was sealed verifies: {text}")
            # Only what retention noted may be gone.
            server.ask("UPDATE receiptd.access_log SET filter = 'erased' WHERE id = -4")
            status, text = said(it, "verify")
            tap.ok(status == 3 and "access_log id -4" in text, f"a filter taken out of a younger entry is found: {status} (F193)")
            server.ask("DELETE FROM receiptd.seal_lost WHERE what = 3")
            status, text = said(it, "verify")
            tap.ok(status == 3 and "access_log id -1" in text, f"and so is one whose record was removed: {status} (F193)")
    finally:
        server.close()
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
