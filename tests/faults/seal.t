#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Seals: a row changed, added, removed or moved behind the product's back is named (F182), in the access log too
# (F193); a head or its signature altered is refused by openssl and ssh-keygen alone (F183); a chain made anew and
# days cut off are found by a head that was kept (F184); what comes late is an amendment (F185); proofs of
# single messages are checked by the script of docs/VERIFY.md (F186); keys that are missing, open to others,
# exchanged (F203, F196); retention leaves what is not sealed (F170).
import datetime
import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import rig  # noqa: E402

DAY = 86400


def said(it, *arguments):
    """Exit status, and what it printed."""
    done = subprocess.run(it.direct.command(*arguments), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=False)
    return done.returncode, done.stdout


def ago(days):
    return (datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=days)).strftime("%Y-%m-%dT00:00:00Z")


def a_day_passes(it):
    """What was committed and read today was yesterday."""
    it.server.ask("UPDATE receiptd.batch SET at = least(at, date_trunc('day', now()) - interval '1 minute')")


def fill(it):
    it.generate(600, "--start", ago(3), "--gap-ms", "300000")
    it.direct.call("import", it.log)
    it.server.ask("SET search_path = receiptd; INSERT INTO access_log (id, token, route, filter, bodies)"
                  " SELECT g, 'me', '/v1/messages', 'participant=anna@a.example', false FROM generate_series(-3, 3) AS g;"
                  " INSERT INTO gap (realm, source, generation, from_offset, to_offset, cause, commit)"
                  " SELECT 1, 1, 1, g, g + 1, 'test', 1 FROM generate_series(1, 5) AS g")
    a_day_passes(it)


def sealed(tap, it):
    status, text = said(it, "seal")
    tap.ok(status == 3 and "--new-key" in text, f"without a key nothing is sealed (F203): {status} {text.strip()}")
    status, text = said(it, "seal", "--new-key")
    key = it.direct.path("data/seal.key")
    tap.ok(status == 0 and os.stat(key).st_mode & 0o777 == 0o600, f"a key of mode 0600: {text.strip()}")
    os.chmod(key, 0o640)
    status, text = said(it, "seal")
    tap.ok(status == 2 and "0640" in text, f"a key that others can read is refused (F196): {status}")
    os.chmod(key, 0o600)
    status, text = said(it, "seal")
    tap.ok(status == 0 and text.startswith("1 seals made"), f"sealed: {text.strip()}")
    leaves = it.server.ask("SELECT leaves FROM receiptd.seal")
    rows = it.server.ask("SELECT (SELECT count(*) FROM receiptd.message) + (SELECT count(*) FROM receiptd.ack)"
                         " + (SELECT count(*) FROM receiptd.finding) + (SELECT count(*) FROM receiptd.gap)"
                         " + (SELECT count(*) FROM receiptd.access_log)")
    tap.ok(leaves == rows, f"a leaf for every row: {leaves} of {rows}")
    status, text = said(it, "verify")
    tap.ok(status == 0 and f"{rows} rows compared" in text, f"verify: {status} {text.strip()}")
    status, text = said(it, "seal")
    tap.ok(status == 0 and "nothing to seal" in text, f"nothing new, no seal: {text.strip()}")


# Of each table: a column that is public, one that is personal (both may be the same), a row of the day, its move.
TABLES = {
    "message": ("state = (state + 1) % 7", "id = id || 'x'", "n = n + 100, key = key + 1", "sent_at = sent_at + interval '1 day'"),
    "ack": ("via = via + 1", "own_id = coalesce(own_id, '') || 'x'", "position = position + 1", "seen_at = seen_at - interval '1 day'"),
    "finding": ("n = n + 1", "ref = ref || 'x'", "element = element + 1", "conv = conv + 1"),
    "gap": ("cause = 'other'", "lost = 7", "from_offset = from_offset + 1000", "source = source + 1"),
    "access_log": ("bodies = NOT bodies", "filter = 'participant=ben@a.example'", "id = id + 1000", "at = at - interval '1 day'"),
}


def tampered(tap, it, table, how, *queries):
    """The queries, then verify must name the table; then all is as it was."""
    server = it.server
    for query in queries:
        server.ask(f"SET search_path = receiptd; {query}")
    status, text = said(it, "verify")
    named = [line for line in text.splitlines() if line.startswith("seal 1 of ") and f" {table} " in line]
    tap.ok(status == 3 and named, f"{table} {how}: {named[0] if named else text.strip()} (exit {status})")
    server.ask(f"DELETE FROM receiptd.{table}; INSERT INTO receiptd.{table} SELECT * FROM kept.{table}")


def tampering(tap, it):
    server = it.server
    server.ask("DROP SCHEMA IF EXISTS kept CASCADE; CREATE SCHEMA kept")
    for table in [*TABLES, "jid", "jid_salt", "seal_leaf"]:
        server.ask(f"CREATE TABLE kept.{table} AS SELECT * FROM receiptd.{table}")
    for table, (public, personal, other, move) in TABLES.items():
        one = f"SELECT * FROM {table} WHERE NOT (SELECT false) LIMIT 1"
        where = f"WHERE ctid = (SELECT ctid FROM {table} ORDER BY tableoid, ctid LIMIT 1) AND tableoid = (SELECT tableoid FROM {table} ORDER BY tableoid, ctid LIMIT 1)"
        tampered(tap, it, table, "changed", f"UPDATE {table} SET {public} {where}")
        tampered(tap, it, table, "changed, what is personal", f"UPDATE {table} SET {personal} {where}")
        tampered(tap, it, table, "removed", f"DELETE FROM {table} {where}")
        tampered(tap, it, table, "moved", f"UPDATE {table} SET {move} {where}")
        tampered(tap, it, table, "added", f"CREATE TEMP TABLE made AS {one}; UPDATE made SET {other}; INSERT INTO {table} SELECT * FROM made")
    tampered(tap, it, "message", "with a body changed", "UPDATE message SET body = 'something else' WHERE (conv, sent_at, key, n) = (SELECT conv, sent_at, key, n FROM message WHERE body IS NOT NULL LIMIT 1)")
    server.ask("UPDATE receiptd.jid SET jid = 'x' || jid WHERE id = (SELECT from_jid FROM receiptd.message LIMIT 1)")
    status, text = said(it, "verify")
    tap.ok(status == 3 and " message " in text, f"the name of somebody changed (exit {status})")
    server.ask("DELETE FROM receiptd.jid; INSERT INTO receiptd.jid SELECT * FROM kept.jid")
    server.ask("DELETE FROM receiptd.jid_salt WHERE jid = (SELECT from_jid FROM receiptd.message LIMIT 1)")
    status, text = said(it, "verify")
    tap.ok(status == 3 and "a salt is gone" in text, f"a salt removed without an erasure (exit {status})")
    server.ask("DELETE FROM receiptd.jid_salt; INSERT INTO receiptd.jid_salt SELECT * FROM kept.jid_salt")
    server.ask("UPDATE receiptd.seal_leaf SET data = set_byte(data, 40, get_byte(data, 40) # 1) WHERE kind = 1")
    status, text = said(it, "verify")
    tap.ok(status == 3 and "signed root" in text, f"a stored leaf changed (exit {status})")
    server.ask("DELETE FROM receiptd.seal_leaf; INSERT INTO receiptd.seal_leaf SELECT * FROM kept.seal_leaf")
    status, text = said(it, "verify")
    tap.ok(status == 0, f"all as it was: {status} {text.strip()}")


def main():
    tap = rig.product.Tap()
    server = rig.Server().start()
    try:
        with rig.Rig(server, seed=7) as it:
            fill(it)
            sealed(tap, it)
            tampering(tap, it)
    finally:
        server.close()
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
