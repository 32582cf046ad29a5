#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# F191: no way to a row of another domain: as a member of receiptd_read by tables, partitions, views and functions;
# without the setting; as the owner; by a connection that another one used before. tests/db/test_rows.c asks the same of the
# statements of the program.
import concurrent.futures
import json
import os
import subprocess
import sys
import threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import rig  # noqa: E402

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
try:
    import contract
except ImportError as missing:
    print(f"1..0 # SKIP {missing}")
    sys.exit(0)

# What receiptd_read may see whole: nothing of an account or a domain is in it. Whoever adds a table says which it is.
OPEN = {"receiptd_migration", "instance", "realm", "realm_rules", "source", "generation", "lane", "lane_mark", "batch", "line_counter",
        "gap", "quarantine", "quarantine_range", "settle_unit", "private_ack", "dropped_day", "reprocess", "reprocess_file",
        "role_grant", "token"}
VIEWS = {"day_table", "stored_day"}  # names and days, read as the owner
DEFINERS = {"sees_jid", "sees_conv", "sees_partner"}  # whether, nothing else
PAIRS = (("ada@harbor.example", "ben@quay.example"), ("cleo@bay.example", "dan@cove.example"), ("ada@harbor.example", "cleo@bay.example"),
         ("eve@cove.example", "dan@cove.example"))
RESTRICTED = "SET ROLE receiptd_read; SET search_path = pg_catalog, receiptd; SET receiptd.domains = '{}'; "


def domain(jid):
    return jid.split("@")[1]


def observations(path):
    """Each pair has a message, its receipt, a marker and chat states."""
    with open(path, "w", encoding="utf-8") as out:
        for i, (one, other) in enumerate(PAIRS):
            lines = ((one, other, f"<body>text {i}</body><request xmlns='urn:xmpp:receipts'/><markable xmlns='urn:xmpp:chat-markers:0'/>", "m"),
                     (other, one, f"<received xmlns='urn:xmpp:receipts' id='m{i}'/>", "r"), (other, one, f"<received xmlns='urn:xmpp:receipts' id='m{i}'/>", "s"),
                     (other, one, f"<displayed xmlns='urn:xmpp:chat-markers:0' id='m{i}'/>", "d"),
                     (other, one, "<composing xmlns='http://jabber.org/protocol/chatstates'/>", "c"),
                     (other, one, "<received xmlns='urn:xmpp:receipts' id='unknown'/>", "u"))
            for k, (by, to, what, own) in enumerate(lines):
                json.dump({"ts": f"2026-03-02T10:{i:02d}:{k:02d}.000000Z", "feed": "c2s", "dir": "in", "session": f"{by}/d{k % 2}",
                           "stanza": f"<message to='{to}' type='chat' id='{own}{i}'>{what}</message>"}, out)
                out.write("\n")


class Sql:
    def __init__(self, server):
        self.server = server

    def owner(self, query):
        return self.server.ask(query)

    def sees(self, domains, query):
        """As somebody who may only read. None: he said nothing about domains."""
        said = RESTRICTED.format(domains) if domains is not None else RESTRICTED.replace("SET receiptd.domains = '{}'; ", "")
        return self.server.ask(said + query)


def closed_lists(tap, sql):
    """What the role can reach at all is known, by name."""
    tables = sql.owner("SELECT c.relname FROM pg_class AS c WHERE c.relnamespace = 'receiptd'::regnamespace AND c.relkind IN ('r', 'p')"
                       " AND has_any_column_privilege('receiptd_read', c.oid, 'SELECT') AND NOT c.relrowsecurity").splitlines()
    tap.ok(set(tables) == OPEN, f"tables without rules for rows: {sorted(set(tables) ^ OPEN)}")
    parts = sql.owner("SELECT count(*) FILTER (WHERE has_table_privilege('receiptd_read', c.oid, 'SELECT')), count(*) FROM pg_class AS c WHERE"
                      " c.relnamespace = 'receiptd'::regnamespace AND c.relispartition AND c.relkind = 'r' AND NOT c.relrowsecurity")
    readable, all_of_them = map(int, parts.split("|"))
    tap.ok(readable == 0 and all_of_them > 3, f"of {all_of_them} partitions of days none can be read by itself: {readable}")
    views = sql.owner("SELECT relname FROM pg_class WHERE relnamespace = 'receiptd'::regnamespace AND relkind IN ('v', 'm')").splitlines()
    tap.ok(set(views) == VIEWS, f"views: {views}")
    functions = sql.owner("SELECT proname FROM pg_proc AS p WHERE pronamespace = 'receiptd'::regnamespace AND prosecdef AND"
                          " has_function_privilege('receiptd_read', p.oid, 'EXECUTE')").splitlines()
    tap.ok(set(functions) == DEFINERS, f"functions that run as the owner: {functions}")
    policies = sql.owner("SELECT count(*) FROM pg_policy AS p JOIN pg_class AS c ON c.oid = p.polrelid WHERE c.relrowsecurity"
                         " AND obj_description(p.oid, 'pg_policy') IS NOT NULL")
    tap.ok(int(policies) > 30, f"{policies} rules, each explained")


def tables(tap, sql):
    """Each table that has rules, for nobody, for one domain, for all."""
    names = sql.owner("SELECT relname FROM pg_class AS c WHERE relnamespace = 'receiptd'::regnamespace AND relrowsecurity AND"
                      " has_table_privilege('receiptd_read', c.oid, 'SELECT')").splitlines()
    counts = " UNION ALL ".join(f"SELECT '{name}' AS t, count(*) AS n FROM receiptd.{name}" for name in names)
    whole = dict(line.split("|") for line in sql.owner(counts).splitlines())
    filled = {name for name, rows in whole.items() if rows != "0"}
    tap.ok({"message", "ack", "jid", "party", "finding", "chat_state", "rollup", "rollup_latency", "rollup_user", "rollup_device",
            "sent_id"} <= filled, f"{len(names)} tables, these have rows: {sorted(filled)}")
    for what, domains in (("no setting", None), ("an empty one", ""), ("another domain", "elsewhere.example"), ("a part of one", "example"),
                          ("a pattern", "%"), ("one and a half", "harbor.exampl")):
        seen = dict(line.split("|") for line in sql.sees(domains, counts).splitlines())
        tap.ok(set(seen.values()) == {"0"}, f"{what}: no rows {[n for n in seen if seen[n] != '0']}")
    tap.ok(dict(line.split("|") for line in sql.sees("*", counts).splitlines()) == whole, "all: every row")
    broken = sql.server.ask("SET ROLE receiptd_read; SET row_security = off; SELECT count(*) FROM receiptd.message", check=False)
    tap.ok(broken == "", "row_security = off is an error, no way around")


NAMED = ("message AS m JOIN j AS a ON a.id = m.from_jid JOIN j AS b ON b.id = m.to_jid",
         "ack AS m JOIN j AS a ON a.id = m.by_jid JOIN j AS b ON b.id = m.to_jid",
         "chat_state AS m JOIN j AS a ON a.id = m.from_jid JOIN j AS b ON b.id = m.to_jid",
         "typing AS m JOIN j AS a ON a.id = m.from_jid JOIN j AS b ON b.id = m.to_jid")


def limited(tap, sql, domains):
    """What is seen is what has one of the domains at either end, by the names that the owner reads."""
    mine = set(domains.split())
    array = "ARRAY['" + "','".join(mine) + "']"
    for source in NAMED:
        table = source.split()[0]
        wanted = sql.owner("SET search_path = receiptd; WITH j AS (SELECT id, domain FROM jid) SELECT count(*) FILTER (WHERE a.domain = ANY"
                           f" ({array}) OR b.domain = ANY ({array})), count(*) FROM {source}").split("|")
        seen = sql.sees(domains, f"SELECT count(*) FROM {table}")
        tap.ok(seen == wanted[0] and wanted[0] != wanted[1], f"{domains}: {seen} of {wanted[1]} rows of {table}, {wanted[0]} are its own")
    people = {jid for pair in PAIRS for jid in pair if mine & {domain(pair[0]), domain(pair[1])}}
    seen = set(sql.sees(domains, "SELECT jid FROM jid").splitlines())
    tap.ok(seen == people, f"{domains}: accounts {sorted(seen)}")
    for table in ("rollup", "rollup_latency", "rollup_failure", "rollup_device"):
        ends = "to_domain" if table == "rollup_device" else "from_domain, to_domain"
        foreign = [line for line in sql.sees(domains, f"SELECT DISTINCT {ends} FROM {table}").splitlines() if not mine & set(line.split("|"))]
        tap.ok(not foreign, f"{domains}: sums of its own alone in {table} {foreign}")
    users = sql.sees(domains, "SELECT DISTINCT j.jid FROM rollup_user AS r JOIN jid AS j ON j.id = r.jid").splitlines()
    tap.ok(users and {domain(jid) for jid in users} <= mine, f"{domains}: users {users}")
    orphans = sql.sees(domains, "SELECT count(*) FROM finding")
    wanted = sql.owner("SELECT count(DISTINCT (f.conv, f.key, f.element)) FROM receiptd.finding AS f JOIN receiptd.party AS p ON p.conv = f.conv JOIN receiptd.jid AS"
                       f" j ON j.id = p.jid WHERE j.domain = ANY ({array})")
    tap.ok(orphans == wanted != "0", f"{domains}: {orphans} findings")


FUNCTIONS = (("rollup_facts(1, '2026-03-02', '2026-03-03')", "count(*)"),
             ("rollup_of_rows(1, '2026-03-02', '2026-03-03', ARRAY[1]::int2[])", "coalesce(sum(sent), 0)"),
             ("users_of_rows(1, '2026-03-02', '2026-03-03')", "coalesce(sum(sent), 0)"),
             ("devices_of_rows(1, '2026-03-02', '2026-03-03')", "coalesce(sum(sent), 0)"))


def functions(tap, sql):
    """Functions read as whoever calls them."""
    for call, what in FUNCTIONS:
        said = [sql.sees(domains, f"SELECT {what} FROM {call}") for domains in (None, "cove.example", "quay.example", "*")]
        own = {"users_of_rows": ["0", "1", "0", "4"]}.get(call.split("(")[0], ["0", "2", "1", "4"])
        tap.ok(said[0] == "0" and said[3] == "4" and int(said[1]) <= 2 and int(said[2]) <= 1, f"{call.split('(')[0]}: {said}, {own} at most")
    theirs = sql.owner("SET search_path = receiptd; SELECT conv || ' ' || key FROM message WHERE id = 'm1'").split()
    devices = f"SELECT count(*) FROM message_devices(ARRAY[{theirs[0]}], ARRAY['2026-03-02 10:01:00Z'::timestamptz], ARRAY[{theirs[1]}], ARRAY[1])"
    said = [sql.sees(domains, devices) for domains in (None, "harbor.example", "cove.example", "*")]
    tap.ok(said == ["0", "0", "1", "1"], f"message_devices: {said}")
    made = sql.server.ask("SET ROLE receiptd_read; SET receiptd.domains = 'quay.example'; CREATE TEMP VIEW v AS SELECT * FROM receiptd.message;"
                          " SELECT count(*) FROM v")
    tap.ok(made == "1", f"a view of his own: {made}")


def token(it, name, *more, database=None):
    setting = ["--set", f"database={database}"] if database else []
    done = subprocess.run(it.direct.command(*setting, "token", "add", name, "--scopes", "metrics,messages", *more), check=True,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return done.stdout.strip()


class Api:
    def __init__(self, it, database, *settings):
        self.client = contract.Client(rig.free_port(), None)
        self.process = it.direct.start("--set", f"database={database}", "--set", f"port={self.client.port}", *settings, "serve")
        rig.product.wait_until(self.ready, 60)

    def ready(self):
        try:
            return self.client.get("/readyz").status == 200
        except OSError:
            return False

    def ids(self, secret, path="/v1/messages?limit=100"):
        """Few long answers at once are given; whoever comes too late asks again."""
        reply = self.client.get(path, token=secret)
        while reply.status == 503 and "long answers" in reply.json()["detail"]:
            reply = self.client.get(path, token=secret)
        return reply.status if reply.status != 200 else sorted(item["id"] for item in reply.json()["items"])

    def end(self):
        rig.product.stop(self.process, 20)


def pooled(tap, it, server):
    """Few connections serve all tokens in turn."""
    tokens = {"all": token(it, "all"), "none": "rcd_" + "0" * 43}
    wanted = {"all": ["m0", "m1", "m2", "m3"], "none": 401}
    for name in ("harbor", "quay", "bay", "cove"):
        tokens[name] = token(it, name, "--domains", f"{name}.example")
        wanted[name] = [f"m{i}" for i, pair in enumerate(PAIRS) if f"{name}.example" in map(domain, pair)]
    api = Api(it, server.url())
    order = [name for i in range(10) for name in sorted(tokens, key=lambda name, i=i: hash((name, i)))]
    paths = ("/v1/messages?limit=100", "/v1/messages?limit=all", "/v1/messages?limit=100&order=asc")
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        said = list(pool.map(lambda i: (order[i], api.ids(tokens[order[i]], paths[i % 3])), range(len(order))))
    wrong = [(name, ids) for name, ids in said if ids != wanted[name]]
    tap.ok(len(said) == 60 and not wrong, f"60 questions in turn over the same connections: {wrong[:3]}")
    details = api.client.get("/v1/messages?limit=100", token=tokens["all"]).json()["items"]
    theirs = next(item for item in details if item["id"] == "m1")
    path = f"/v1/messages/{theirs['conv']}/{theirs['key']}"
    said = [api.client.get(path, token=tokens[name]).status for name in ("harbor", "cove", "quay", "bay")]
    tap.ok(said == [404, 200, 404, 200], f"one message: {said}")
    api.client.judge(tap)
    api.end()


CHANGES = (("SET domains = '{bay.example}'", ["m1", "m2"], 200), ("SET domains = '{}'", ["m0", "m1", "m2", "m3"], 200),
           ("SET scopes = scopes & ~2", 403, 403), ("SET scopes = scopes | 2", ["m0", "m1", "m2", "m3"], 200),
           ("SET domains = '{quay.example}'", ["m0"], 200), ("SET expires_at = clock_timestamp()", 401, 401),
           ("SET expires_at = NULL", ["m0"], 200), ("SET revoked_at = clock_timestamp()", 401, 401))
PAGES = ("/v1/messages?limit=100", "/v1/messages?limit=all", "/v1/unacknowledged", "/v1/messages?participant=ada@harbor.example",
         "/v1/messages?participant=ada@harbor.example&peer=ben@quay.example", "/v1/conversations", "/v1/contacts?jid=ada@harbor.example",
         "/v1/messages?limit=nonsense")


def locked(server, table):
    """Nobody reads it for some seconds."""
    name = f"lock_{table}"
    holder = threading.Thread(target=server.ask, args=(f"SET application_name = '{name}'; BEGIN; LOCK TABLE receiptd.{table}; SELECT pg_sleep(4)",))
    holder.start()
    rig.product.wait_until(lambda: server.ask(f"SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE application_name = '{name}'"
                                              " AND mode = 'AccessExclusiveLock' AND granted") != "0", 10)
    return holder


def stuck(tap, server, api, secret):
    """What cannot be answered is not asked again and again of a token that was revoked; each intent has its count."""
    server.ask("UPDATE receiptd.token SET revoked_at = NULL WHERE name = 'changed'")
    known = [api.client.get("/v1/messages", token=secret).status for _ in range(2)]
    server.ask("UPDATE receiptd.token SET revoked_at = clock_timestamp() WHERE name = 'changed'")
    holder = locked(server, "message")
    said = [api.client.get("/v1/messages", token=secret).status for _ in range(2)]
    holder.join()
    tap.ok(known == [200, 200] and said[0] in (401, 503) and said[1] in (401, 429), f"revoked, and messages are locked: {known}, then {said}")
    server.ask("UPDATE receiptd.token SET revoked_at = NULL WHERE name = 'changed'")
    known = [api.client.get("/v1/messages", token=secret).status for _ in range(2)]
    holder = locked(server, "token")
    said = api.client.get("/v1/messages?cursor=zzz&format=csv", token=secret).status
    holder.join()
    tap.ok(known == [200, 200] and said == 503, f"tokens are locked, and the question is a wrong one: {said}")


def changed(tap, it, server):
    """A token that was good a moment ago is what the database says now, in the first answer and in each."""
    secret = token(it, "changed")
    api = Api(it, server.url(), "--set", "query_time=1s")
    for change, wanted, status in CHANGES:
        before = [api.client.get(path, token=secret).status for path in PAGES]
        server.ask(f"UPDATE receiptd.token {change} WHERE name = 'changed'")
        first = api.ids(secret)
        tap.ok(first == wanted, f"{change} (before: {sorted(set(before))}): {first}")
        said = {path: api.client.get(path, token=secret).status for path in PAGES if "all" not in path}
        fine = all(got == (400 if status == 200 and "nonsense" in path else status) for path, got in said.items())
        tap.ok(fine, f"{change}: {said}")
    server.ask("UPDATE receiptd.token SET revoked_at = NULL, domains = '{}' WHERE name = 'changed'")
    api.ids(secret)
    for path in PAGES:  # each is the first one after the change
        server.ask("UPDATE receiptd.token SET revoked_at = NULL WHERE name = 'changed'")
        good = api.client.get(path, token=secret).status
        server.ask("UPDATE receiptd.token SET revoked_at = clock_timestamp() WHERE name = 'changed'")
        said = api.client.get(path, token=secret)
        tap.ok(good in (200, 400) and said.status in (401, 429) and "items" not in said.json(), f"{path}: {good}, then {said.status}")
    stuck(tap, server, api, secret)
    open_rows = server.ask("SELECT count(*) FROM receiptd.access_log WHERE token = 'changed' AND rows IS NULL")
    some = server.ask("SELECT count(*) FROM receiptd.access_log WHERE token = 'changed' AND rows = 0")
    tap.ok(open_rows == "0" and int(some) >= len(PAGES) - 1, f"the access log: {open_rows} without a count, {some} of nothing")
    api.client.judge(tap)
    api.end()


def owner(tap, it, server):
    """A connection that the rules do not bind serves no token that is limited."""
    server.ask("CREATE ROLE plain LOGIN")
    server.ask("CREATE DATABASE plain OWNER plain ENCODING 'UTF8' TEMPLATE template0")
    database = server.url().replace("//owner@", "//plain@").replace("/postgres?", "/plain?")
    it.direct.call("--set", f"database={database}", "migrate")
    path = it.direct.path("plain.ndjson")
    observations(path)
    status = it.direct.call("--set", f"database={database}", "import", "--dialect", "observations", path, check=False)
    tap.ok(status == 0, f"an owner who can make no roles stores by himself: {status}")
    whole, part = token(it, "whole", database=database), token(it, "part", "--domains", "harbor.example", database=database)
    api = Api(it, database)
    said = [api.ids(whole), api.ids(part), api.client.get("/v1/metrics/delivery", token=part).status]
    tap.ok(said == [["m0", "m1", "m2", "m3"], 503, 503], f"the owner serves all or nobody: {said}")
    detail = api.client.get("/v1/metrics/delivery", token=part).json()["detail"]
    with open(it.direct.log, encoding="utf-8") as log:
        text = log.read()
    tap.ok("receiptd_read" in detail and "rows_not_guarded" in text and part not in text, f"and says why: {detail}")
    api.client.judge(tap)
    api.end()


def main():
    tap = rig.product.Tap()
    server = rig.Server().start()
    try:
        with rig.Rig(server) as it:
            path = it.direct.path("four.ndjson")
            observations(path)
            it.direct.call("import", "--dialect", "observations", path)
            sql = Sql(server)
            closed_lists(tap, sql)
            tables(tap, sql)
            limited(tap, sql, "harbor.example")
            limited(tap, sql, "cove.example quay.example")
            functions(tap, sql)
            pooled(tap, it, server)
            changed(tap, it, server)
            owner(tap, it, server)
    finally:
        server.close()
    tap.done()


main()
