#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# F190: what each role may not do is refused by the server itself, and what the program needs is granted: it works as
# users who are nothing but members of a role. The HTTP interface reads from a hot standby; what must be written
# (access log, last use of a token) goes to the primary, and without one messages are not shown (F192).
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import rig  # noqa: E402

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
try:
    import contract
except ImportError as missing:
    print(f"1..0 # SKIP {missing}")
    sys.exit(0)

ROLES = ("receiptd_ingest", "receiptd_read", "receiptd_access")
DDL = ("CREATE TABLE receiptd.mine (a int)", "DROP TABLE receiptd.gap", "ALTER TABLE receiptd.message ADD COLUMN x int",
       "TRUNCATE receiptd.message", "CREATE FUNCTION receiptd.f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
       "SELECT receiptd.drop_day('2026-03-02', 'x', now())", "COPY receiptd.gap TO PROGRAM 'true'",
       "CREATE SCHEMA mine", "DROP SCHEMA receiptd CASCADE")


BODIES = ("SELECT body FROM receiptd.message", "SELECT m FROM receiptd.message AS m", "SELECT * FROM receiptd.message",
          "UPDATE receiptd.message SET body = ''", "UPDATE receiptd.message SET body_bytes = length(body)",
          "SELECT count(*) FROM receiptd.message WHERE body LIKE '%a%'", "DELETE FROM receiptd.message RETURNING body",
          "UPDATE receiptd.message SET n = n RETURNING body", "SELECT key FROM receiptd.message ORDER BY body",
          "COPY receiptd.message TO STDOUT", "COPY receiptd.message (body) TO STDOUT",
          "SELECT m.conv FROM receiptd.message AS m JOIN receiptd.message AS o USING (body)",
          "SELECT raw FROM receiptd.quarantine", "UPDATE receiptd.quarantine SET raw = ''",
          "SELECT receiptd.has_bodies('2026-03-02')", "SELECT receiptd.strip_day('2026-03-02', now())",
          "SELECT body FROM receiptd.message_other", "SELECT key FROM receiptd.message_other",
          "CREATE TEMP VIEW v AS SELECT body FROM receiptd.message; SELECT * FROM v")
TAKEN_BACK = ("message", "ack", "finding", "typing", "settle_unit", "known_keys", "day_list", "day_conv", "dialect_fact", "gap", "quarantine")
ONCE = ("receiptd_migration", "instance", "dropped_day", "reprocess", "jid", "private_ack", "party", "sent_id", "chat_state",
        "chat_ingress", "batch", "role_grant", "token", "access_log")


def written_once(server):
    """Tables that whoever stores may not change, with their columns."""
    return [line.split("|") for line in server.ask(
        "SELECT c.relname, string_agg(quote_ident(a.attname), ' ') FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid ="
        " c.oid AND a.attnum > 0 WHERE c.relnamespace = 'receiptd'::regnamespace AND c.relname IN ('"
        + "', '".join(ONCE) + "') GROUP BY 1").splitlines()]


def run_all(server, role, queries):
    """What the server said to each, "" when it was done; nothing of it stays."""
    script = "".join(f"\\warn @@@\nBEGIN; SET ROLE {role}; SET TRANSACTION READ WRITE;\n{query};\nROLLBACK; RESET ROLE;\n"
                     for query in queries)
    done = subprocess.run(["psql", "-XAtq"], capture_output=True, text=True, check=False, input=script,
                          env={**rig.NEAR, "PGPORT": str(server.port)})
    return [said.strip() for said in done.stderr.split("@@@\n")[1:]]


def run(server, role, query):
    return run_all(server, role, [query])[0]


def allowed(server, role, queries):
    said = run_all(server, role, queries)
    return [query for query, answer in zip(queries, said, strict=True) if not is_refused(answer)]


def is_refused(said):
    return "permission denied" in said or "must be owner" in said or "must be superuser" in said \
        or "must be a superuser" in said


def refused(tap, server):
    tables = server.ask("SELECT string_agg(relname, ' ') FROM pg_class WHERE relnamespace = 'receiptd'::regnamespace"
                        " AND relkind IN ('r', 'p')").split()
    for role in ROLES:
        done = allowed(server, role, DDL)
        tap.ok(not done, f"{role}: no DDL (F190) {done}")
    writes = [f"{verb} receiptd.{table}" for table in tables for verb in ("INSERT INTO", "DELETE FROM")]
    granted = server.ask("SELECT string_agg(c.relname || ' ' || p.what, ', ') FROM pg_class AS c,"
                         " (VALUES ('INSERT'), ('UPDATE'), ('DELETE'), ('TRUNCATE')) AS p (what)"
                         " WHERE c.relnamespace = 'receiptd'::regnamespace AND c.relkind IN ('r', 'p')"
                         " AND has_table_privilege('receiptd_read', c.oid, p.what)")
    tap.ok(len(writes) > 50 and not granted, f"receiptd_read writes to none of {len(tables)} tables {granted}")
    for role, queries in (
            ("receiptd_read", ("DELETE FROM receiptd.message", "UPDATE receiptd.message SET body = ''",
                               "INSERT INTO receiptd.access_log VALUES (1, now(), 'a', 'b', 'c', false)",
                               "UPDATE receiptd.token SET revoked_at = NULL", "SELECT receiptd.make_day('2026-01-01')")),
            ("receiptd_access", ("SELECT body FROM receiptd.message", "SELECT * FROM receiptd.access_log",
                                 "DELETE FROM receiptd.access_log", "UPDATE receiptd.access_log SET token = 'x'",
                                 "UPDATE receiptd.token SET scopes = 63", "SELECT name FROM receiptd.token")),
            ("receiptd_read", ("SELECT raw FROM receiptd.quarantine",)),
            ("receiptd_ingest", BODIES),
            ("receiptd_ingest", [f"DELETE FROM receiptd.{table}" for table in tables if table not in TAKEN_BACK]),
            ("receiptd_ingest", [f"UPDATE receiptd.{table} SET {columns.split()[0]} = DEFAULT" for table, columns in
                                 written_once(server)]),
            ("receiptd_ingest", ("SELECT sha256 FROM receiptd.token", "UPDATE receiptd.token SET scopes = 63",
                                 "DELETE FROM receiptd.access_log", "SELECT * FROM receiptd.access_log",
                                 "DELETE FROM receiptd.receiptd_migration", "UPDATE receiptd.instance SET single = single"))):
        done = allowed(server, role, queries)
        tap.ok(not done, f"{role}: what is not its own (F190) {done}")


def as_user(server, user):
    return server.url().replace("//owner@", f"//{user}@")


def append(it, records):
    with open(it.log, "ab") as log:
        log.write(b"".join(records))


def followed(tap, it, database):
    """A whole life under that user: half of a log is imported, the rest comes while it is followed."""
    it.generate(400)
    records = it.records()
    with open(it.log, "wb") as log:
        log.write(b"".join(records[:200]))
    status = it.direct.call("--set", f"database={database}", "import", "--dialect", "prosody", "--zone", "UTC", it.log, check=False)
    tap.ok(status == 0, f"an import by a member of receiptd_ingest: exit {status}")
    with open(it.program.config, "a", encoding="utf-8") as config:
        config.write(f'source traffic {{\n\tpath = "{it.log}"\n\tdialect = "prosody"\n\tzone = "UTC"\n}}\n')
    process = it.program.start("--set", f"database={database}", "run")
    for at in range(200, len(records), 70):
        append(it, records[at:at + 70])
        it.wait_read(10)
    it.wait_read()
    tap.ok(rig.product.stop(process, 20) == 0, "and run by it")
    it.judge(tap, "stored with the grants of receiptd_ingest")


def observed(it, name, second, text):
    path = it.direct.path(name)
    with open(path, "w", encoding="utf-8") as out:
        json.dump({"ts": f"2026-03-02T10:00:{second:02d}.000000Z", "feed": "c2s", "dir": "in", "session": "ada@harbor.example/phone",
                   "stanza": f"<message to='ben@harbor.example' type='chat'><body>{text}</body>"
                             "<origin-id xmlns='urn:xmpp:sid:0' id='o1'/></message>"}, out)
        out.write("\n")
    return path


def texts(tap, server, it, database):
    """Of two lines of one message the first gives the text, also when it is stored last; nobody reads what is there."""
    for realm, order in (("later", (20, 10)), ("earlier", (10, 20))):
        for second in order:
            path = observed(it, f"{realm}-{second}.ndjson", second, "first" if second == 10 else "second one")
            it.direct.call("--set", f"database={database}", "--set", f"realm={realm}", "import", "--dialect", "observations", path)
    said = server.ask("SELECT string_agg(r.name || ' ' || m.body || ' ' || m.body_bytes, ', ' ORDER BY r.id) FROM receiptd.message"
                      " AS m JOIN receiptd.realm AS r ON r.id = m.realm WHERE m.id IS NULL AND r.name <> 'default' AND r.name NOT LIKE 'kept%'")
    tap.ok(said == "later first 5, earlier first 5", f"the text of the earlier line, whatever is stored first: {said}")
    for realm, settings in (("kept-late", ("none", "full")), ("kept-none", ("none", "none")), ("kept-first", ("full", "none"))):
        for second, bodies in zip((10, 20), settings, strict=True):
            path = observed(it, f"{realm}-{second}.ndjson", second, "one and the same text")
            it.direct.call("--set", f"database={database}", "--set", f"realm={realm}", "--set", f"bodies={bodies}", "import", "--dialect",
                           "observations", path)
    said = server.ask("SELECT string_agg(substr(r.name, 6) || ' ' || coalesce(left(m.body, 5), '-'), ', ' ORDER BY r.id) FROM receiptd.message"
                      " AS m JOIN receiptd.realm AS r ON r.id = m.realm WHERE r.name LIKE 'kept-%'")
    tap.ok(said == "late one a, none -, first one a", f"a row without text gets it from a later line, others stay: {said}")
    lost = server.ask("SELECT count(*) FROM receiptd.message WHERE octet_length(body) IS DISTINCT FROM nullif(body_bytes, 0)"
                      " AND octet_length(body) <> 0")
    tap.ok(lost == "0", f"each row has its body: {lost} have not")


def later_day(tap, server):
    """A day that is made after the grants."""
    day = server.ask("SELECT to_char(d, 'YYYYMMDD') FROM (SELECT now()::date - 77 AS d) AS x WHERE receiptd.make_day(d)")
    done = allowed(server, "receiptd_ingest", (f"SELECT body FROM receiptd.message_{day}", f"DELETE FROM receiptd.message_{day}",
                                               f"UPDATE receiptd.message_{day} SET body = ''"))
    said = run(server, "receiptd_ingest", "SELECT key, tie FROM receiptd.message WHERE sent_at < now() - interval '76 days'")
    around = allowed(server, "receiptd_read", (f"SELECT body FROM receiptd.message_{day}", f"SELECT 1 FROM receiptd.ack_{day}"))
    read = run(server, "receiptd_read", "SELECT body FROM receiptd.message WHERE sent_at < now() - interval '76 days'")
    tap.ok(day and not done and not said and not around and not read,
           f"a day that is made later is no way around {done} {said} {around} {read}")


def taken(tap, server, it):
    """Whoever may more takes the role by himself."""
    server.ask("REVOKE INSERT ON receiptd.batch FROM receiptd_ingest")
    path = observed(it, "taken.ndjson", 30, "third")
    status = it.direct.call("--set", "database_wait=1s", "--set", "realm=taken", "import", "--dialect", "observations", path,
                            check=False)
    server.ask("CALL receiptd.grant_roles()")
    again = it.direct.call("--set", "realm=taken", "import", "--dialect", "observations", path, check=False)
    tap.ok((status, again) == (4, 0), f"the owner imports as receiptd_ingest: exit {status} without its grant, {again} with it")


def granted(tap, server, it):
    """Users who are members of one role and nothing else."""
    server.ask("DROP ROLE IF EXISTS some_ingest; DROP ROLE IF EXISTS some_api; CREATE ROLE some_ingest LOGIN IN ROLE"
               " receiptd_ingest; CREATE ROLE some_api LOGIN IN ROLE receiptd_read, receiptd_access")
    followed(tap, it, as_user(server, "some_ingest"))
    texts(tap, server, it, as_user(server, "some_ingest"))
    later_day(tap, server)
    taken(tap, server, it)
    status = it.direct.call("--set", f"database={as_user(server, 'some_ingest')}", "token", "list", check=False)
    tap.ok(status == 4, f"who may not see tokens: exit {status}")


def make_token(it):
    done = subprocess.run(it.direct.command("token", "add", "all", "--scopes", "metrics,messages"), check=True,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return done.stdout.strip()


class Api:
    """serve with a database of its own."""

    def __init__(self, it, database, token):
        self.it, self.client = it, contract.Client(rig.free_port(), token)
        self.process = it.direct.start("--set", f"database={database}", "--set", f"port={self.client.port}", "serve")
        self.ready = rig.product.wait_until(self.probe, 60)

    def probe(self):
        try:
            return self.client.get("/readyz").status == 200
        except OSError:
            return False

    def statuses(self, *paths):
        return [self.client.get(path).status for path in paths]

    def end(self):
        return rig.product.stop(self.process, 20)


def served(tap, server, it, token):
    paths = ("/v1/metrics/delivery", "/v1/messages?limit=5", "/v1/findings", "/v1/gaps", "/v1/sources", "/v1/quarantine")
    api = Api(it, as_user(server, "some_api"), token)
    said = api.statuses(*paths)
    tap.ok(api.ready and set(said) == {200}, f"served by a member of receiptd_read and receiptd_access: {said}")
    used = server.ask("SELECT count(*) FROM receiptd.token WHERE used_at > now() - interval '1 minute'")
    tap.ok(used == "1", "the last use of the token is written down")
    listed = subprocess.run(it.direct.command("token", "list"), check=True, stdout=subprocess.PIPE, text=True,
                            stderr=subprocess.DEVNULL).stdout
    tap.ok(" used=" in listed and "all  metrics,messages" in listed and token not in listed, "and shown by token list")
    api.client.judge(tap)
    tap.ok(api.end() == 0, "ends cleanly")
    owner = Api(it, server.url(), token)
    owner.statuses(*paths)
    users = server.ask("SELECT string_agg(DISTINCT application_name, ',') FROM pg_stat_activity WHERE application_name"
                       " LIKE 'receiptd %'")
    tap.ok(owner.ready and users == "receiptd access,receiptd read", f"as the owner, connections of {users}")
    owner.end()


def rotated(tap, it):
    """Two tokens overlap; the old one ends, the name is not given again."""
    api = Api(it, it.server.url(), None)
    old = make_named(it, "dash-1")
    new = make_named(it, "dash-2")
    both = [api.client.get("/v1/gaps", token=token).status for token in (old, new)]
    it.direct.call("token", "revoke", "dash-1")
    after = [api.client.get("/v1/gaps?limit=9", token=token).status for token in (old, new)]
    again = it.direct.call("token", "add", "dash-1", "--scopes", "metrics", check=False)
    tap.ok((both, after, again) == ([200, 200], [401, 200], 2), f"rotation by two tokens that overlap: {both} {after} {again}")
    api.end()


def make_named(it, name):
    done = subprocess.run(it.direct.command("token", "add", name, "--scopes", "metrics", "--expires", "1d"), check=True,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return done.stdout.strip()


def standby(tap, server, it, token):
    copy = rig.Server(copy_of=server).start()
    try:
        rig.product.wait_until(lambda: copy.ask("SELECT count(*) FROM receiptd.message", check=False) == str(it.rows()), 30)
        alone = Api(it, as_user(copy, "some_api"), token)
        said = alone.statuses("/v1/metrics/delivery", "/v1/metrics/read", "/v1/metrics/funnel", "/v1/metrics/response",
                              "/v1/metrics/clients", "/v1/metrics/peers", "/v1/gaps", "/v1/sources", "/metrics", "/readyz")
        tap.ok(copy.ask("SELECT pg_is_in_recovery()") == "t" and alone.ready and set(said) == {200},
               f"a hot standby is enough for figures: {said}")
        for path in ("/v1/messages?limit=5", "/v1/messages?limit=all", "/v1/unacknowledged", "/v1/findings", "/v1/conversations",
                     "/v1/live/messages", "/v1/live/unacknowledged"):
            refusal = alone.client.get(path)
            problem = refusal.json()
            tap.ok(refusal.status == 503 and "access log" in problem["detail"] and "standby" in problem["detail"]
                   and int(refusal.headers["Retry-After"]) > 0, f"{path}: no access log there, so 503 says why (F192) {problem}")
        alone.end()
        both = f"postgresql://some_api@127.0.0.1:{copy.port},127.0.0.1:{server.port}/postgres?sslmode=disable"
        api = Api(it, both, token)
        said = api.statuses("/v1/messages?limit=5", "/v1/findings", "/v1/metrics/delivery")
        reads = copy.ask("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'receiptd read'")
        tap.ok(set(said) == {200} and int(reads) > 0, f"with a primary beside it all is answered, read from the standby: {said}")
        alone.client.judge(tap)
        api.end()
    finally:
        copy.close()


def main():
    tap = rig.product.Tap()
    server = rig.Server().start("wal_level=replica", "max_wal_senders=4")
    try:
        with rig.Rig(server) as it:
            refused(tap, server)
            granted(tap, server, it)
            token = make_token(it)
            served(tap, server, it, token)
            rotated(tap, it)
            standby(tap, server, it, token)
    finally:
        server.close()
    tap.done()


main()
