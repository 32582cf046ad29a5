#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# F190: what each role may not do is refused by the server itself, and what the program needs is granted: it works as
# users who are nothing but members of a role. The HTTP interface reads from a hot standby; what must be written
# (access log, last use of a token) goes to the primary, and without one messages are not shown (F192).
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
       "SELECT receiptd.drop_day('2026-03-02', 'x')", "COPY receiptd.gap TO PROGRAM 'true'",
       "CREATE SCHEMA mine", "DROP SCHEMA receiptd CASCADE")


def run(server, role, query):
    """What the server said to it, "" when it was done; nothing of it stays."""
    done = subprocess.run(["psql", "-XAtq", "-v", "ON_ERROR_STOP=1"], capture_output=True, text=True, check=False,
                          env={**rig.NEAR, "PGPORT": str(server.port)},
                          input=f"BEGIN; SET ROLE {role}; SET TRANSACTION READ WRITE;\n{query};\nROLLBACK;\n")
    return done.stderr.strip() if done.returncode else ""


def is_refused(said):
    return "permission denied" in said or "must be owner" in said or "must be superuser" in said \
        or "must be a superuser" in said


def refused(tap, server):
    tables = server.ask("SELECT string_agg(relname, ' ') FROM pg_class WHERE relnamespace = 'receiptd'::regnamespace"
                        " AND relkind IN ('r', 'p')").split()
    for role in ROLES:
        done = [query for query in DDL if not is_refused(run(server, role, query))]
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
            ("receiptd_ingest", ("SELECT sha256 FROM receiptd.token", "UPDATE receiptd.token SET scopes = 63",
                                 "DELETE FROM receiptd.access_log", "SELECT * FROM receiptd.access_log",
                                 "DELETE FROM receiptd.receiptd_migration", "UPDATE receiptd.instance SET single = single"))):
        done = [query for query in queries if not is_refused(run(server, role, query))]
        tap.ok(not done, f"{role}: what is not its own (F190) {done}")


def as_user(server, user):
    return server.url().replace("//owner@", f"//{user}@")


def granted(tap, server, it):
    """Users who are members of one role and nothing else."""
    server.ask("DROP ROLE IF EXISTS some_ingest; DROP ROLE IF EXISTS some_api; CREATE ROLE some_ingest LOGIN IN ROLE"
               " receiptd_ingest; CREATE ROLE some_api LOGIN IN ROLE receiptd_read, receiptd_access")
    it.generate(400)
    status = it.direct.call("--set", f"database={as_user(server, 'some_ingest')}", "import", it.log, check=False)
    tap.ok(status == 0, f"an import by a member of receiptd_ingest: exit {status}")
    it.judge(tap, "stored with the grants of receiptd_ingest")
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
        said = alone.statuses("/v1/metrics/delivery", "/v1/gaps", "/v1/sources", "/readyz")
        tap.ok(copy.ask("SELECT pg_is_in_recovery()") == "t" and alone.ready and set(said) == {200},
               f"a hot standby is enough for figures: {said}")
        refusal = alone.client.get("/v1/messages?limit=5")
        tap.ok(refusal.status == 503, f"no access log there, so no messages: {refusal.status} (F192)")
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
