#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# The contract (docs/openapi.yaml) against the table of routes, both ways, and against the running program: what is
# wrong with a parameter is a 400 that names it, for every parameter of every path (F140, F144); every route is
# asked with every kind of token (F133, F134). All of it is generated: a new route is in it without a word here.
import json
import os
import re
import subprocess
import sys
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "oracle"))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import product  # noqa: E402

try:
    import contract
    import jsonschema
except ImportError as missing:
    print(f"1..0 # SKIP {missing}")
    sys.exit(0)

LONGEST = 1024
BAD_TOKEN = "rcd_" + "A" * 43


def route_table():
    out = subprocess.run([os.path.join(product.BUILD, "tests", "e2e", "routes")], check=True, stdout=subprocess.PIPE)
    return json.loads(out.stdout)


# ---- the document by itself

def walk(node, path=()):
    yield path, node
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for name, child in items:
        yield from walk(child, (*path, str(name)))


def lint_references(document, say):
    used = set()
    for path, node in walk(document):
        reference = node.get("$ref") if isinstance(node, dict) else None
        if not isinstance(reference, str):
            continue
        used.add(reference)
        at = document
        for name in reference.removeprefix("#/").split("/"):
            at = at.get(name) if isinstance(at, dict) else None
        if at is None:
            say(f"{'/'.join(path)}: {reference} leads nowhere")
    for kind in ("schemas", "parameters", "responses"):
        for name in document["components"].get(kind, {}):
            said = kind == "schemas" and any(isinstance(node, str) and name in node for _, node in walk(document))
            if f"#/components/{kind}/{name}" not in used and not said:
                say(f"components/{kind}/{name} is used nowhere")


def lint_operations(judge, say):
    for method, path, operation in judge.operations():
        where = f"{method} {path}"
        if not operation.get("summary"):
            say(f"{where}: no summary")
        if "default" not in operation["responses"]:
            say(f"{where}: what refusals look like is not said")
        parts = set(re.findall(r"\{([^}]*)\}", path))
        parameters = judge.parameters(path, operation)
        declared = {p["name"] for p in parameters if p["in"] == "path"}
        if parts != declared or not all(p.get("required") for p in parameters if p["in"] == "path"):
            say(f"{where}: parts of the path {sorted(parts)}, declared {sorted(declared)}")
        names = [(p["in"], p["name"]) for p in parameters]
        if len(set(names)) != len(names):
            say(f"{where}: a parameter stands there twice")
        for parameter in parameters:
            lint_parameter(judge, where, parameter, say)


def lint_parameter(judge, where, parameter, say):
    name = f"{where}: {parameter['name']}"
    if "example" not in parameter:
        say(f"{name}: no example")
        return
    for text in judge.problems(parameter["schema"], parameter["example"]):
        say(f"{name}: its example is wrong: {text}")
    schema = judge.resolve(parameter["schema"])
    if "default" in schema:
        for text in judge.problems(parameter["schema"], schema["default"]):
            say(f"{name}: its default is wrong: {text}")


def lint_schemas(document, say):
    for path, node in walk(document):
        if isinstance(node, dict) and path[-1:] == ("schema",):
            try:
                jsonschema.Draft202012Validator.check_schema(node)
            except jsonschema.SchemaError as error:
                say(f"{'/'.join(path)}: {error.message}")


def lint(tap, judge):
    said = []
    document = judge.document
    if not str(document.get("openapi", "")).startswith("3.1."):
        said.append(f"openapi: {document.get('openapi')}")
    lint_references(document, said.append)
    lint_operations(judge, said.append)
    for schema in document["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)
    lint_schemas(document, said.append)
    tap.ok(not said, "the document is whole: references, parts of paths, schemas, examples, refusals")
    for text in said:
        tap.note(text)
    try:
        import openapi_spec_validator
    except ImportError:
        return tap.ok(True, "OpenAPI 3.1 by its own schema", skip="no openapi_spec_validator here")
    try:
        openapi_spec_validator.validate(document)
        return tap.ok(True, "OpenAPI 3.1 by its own schema")
    except Exception as error:  # noqa: BLE001 whatever it complains about
        tap.ok(False, "OpenAPI 3.1 by its own schema")
        return tap.note(str(error)[:500])


# ---- the document against the table of routes

FORMATS = {"day": "date", "time": "date-time", "jid": "jid", "domain": "domain", "zone": "time-zone"}


def compare_parameter(judge, where, spec, parameter, say):
    schema = judge.resolve(parameter["schema"])
    kind, name = spec["type"], f"{where}: {spec['name']}"
    if kind == "number":
        if (schema.get("type"), schema.get("minimum"), schema.get("maximum")) != ("integer", spec["min"], spec["max"]):
            say(f"{name}: {schema}, the program takes {spec['min']} to {spec['max']}")
    elif kind == "limit":
        wanted = [{"type": "integer", "minimum": spec["min"], "maximum": spec["max"]}, {"const": "all"}]
        if schema.get("oneOf") != wanted:
            say(f"{name}: {schema}, the program takes {wanted}")
    elif kind == "word":
        if schema.get("enum") != spec["words"]:
            say(f"{name}: {schema.get('enum')}, the program takes {spec['words']}")
    elif schema.get("type") != "string" or schema.get("format") != FORMATS.get(kind):
        say(f"{name}: {schema}, the program takes {kind} ({FORMATS.get(kind)})")
    elif kind in ("text", "jid", "domain") and "enum" not in schema and schema.get("maxLength") != LONGEST:
        say(f"{name}: maxLength is not {LONGEST}")
    preset = schema.get("default")
    if kind != "text" and (spec.get("preset") or None) != (None if preset is None else str(preset)):
        say(f"{name}: default {preset}, the program has {spec.get('preset')}")


def compare(tap, judge, routes):
    said = []
    documented = {(method, path): operation for method, path, operation in judge.operations()}
    in_table = {(route["method"], route["path"]): route for route in routes}
    said += [f"{method} {path} is not in the document" for method, path in in_table.keys() - documented.keys()]
    said += [f"{method} {path} is no route of the program" for method, path in documented.keys() - in_table.keys()]
    for key in in_table.keys() & documented.keys():
        where, route = " ".join(key), in_table[key]
        known = {p["name"]: p for p in judge.parameters(key[1], documented[key]) if p["in"] == "query"}
        specs = {spec["name"]: spec for spec in route["parameters"]}
        said += [f"{where}: the document does not know {name}" for name in specs.keys() - known.keys()]
        said += [f"{where}: the program does not know {name}" for name in known.keys() - specs.keys()]
        for name in specs.keys() & known.keys():
            compare_parameter(judge, where, specs[name], known[name], said.append)
        if key[0] == "GET" and (documented[key].get("security") == []) != (not route["scopes"]):
            said.append(f"{where}: scopes {route['scopes']}, security {documented[key].get('security')}")
        said += [f"{where}: the scope {scope} is not told" for scope in route["scopes"]
                 if f"`{scope}`" not in documented[key].get("description", "")]
    tap.ok(not said, f"{len(in_table)} routes: the document has their parameters, types, limits, defaults and scopes")
    for text in said:
        tap.note(text)


# ---- the examples

def examples(tap, judge):
    """docs/EXAMPLES.md has each path, and what it shows is still as the contract says ("make docs-examples")."""
    said = []
    with open(os.path.join(product.ROOT, "docs", "EXAMPLES.md"), encoding="utf-8") as file:
        sections = re.findall(r"^## (\w+) (\S+)\n(.*?)(?=^## |\Z)", file.read(), re.M | re.S)
    shown = {(method, path): text for method, path, text in sections}
    for method, path, operation in judge.operations():
        text = shown.pop((method, path), None)
        target = re.search(r"^curl .*'http://[^/]*(/[^']*)'$", text or "", re.M)
        if not target or judge.find(target.group(1)) != path:
            said.append(f"{method} {path}: there is no curl line for it")
            continue
        answer = re.search(r"^```json\n(.*?)^```", text, re.M | re.S)
        if answer:
            schema = judge.schema(path, "application/json", method.lower())
            said += [f"{method} {path}: {problem}" for problem in judge.problems(schema, json.loads(answer.group(1)))]
    said += [f"{method} {path} is no path of the contract" for method, path in shown]
    tap.ok(not said, "docs/EXAMPLES.md shows each path as it is")
    for problem in said:
        tap.note(problem)


# ---- the program

class Bench:
    def __init__(self, tap, judge):
        self.tap, self.judge = tap, judge
        self.product = product.Product(environment={"TZ": "UTC"}, settings="token_rate = 0\nlog_level = \"warn\"")
        self.tokens = {}
        self.client = contract.Client(0)
        self.server = None

    def start(self):
        self.server = self.product.start("--set", "log_level=info", "serve")
        return product.wait_until(self.find_port, 60) and \
            product.wait_until(lambda: self.client.get("/readyz").status == 200, 60)

    def find_port(self):
        with open(self.product.log, encoding="utf-8", errors="replace") as log:
            found = re.search(r" listening .*port=(\d+)", log.read())
        self.client.port = int(found.group(1)) if found else 0
        return self.client.port > 0

    def make_token(self, name, *arguments):
        out = subprocess.run(self.product.command("token", "add", name, *arguments), check=True,
                             stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.tokens[name] = out.stdout.strip()

    def load(self, hour, count):
        path = self.product.path(f"at{hour}.ndjson")
        with open(path, "w", encoding="utf-8") as out:
            for i in range(count):
                out.write(json.dumps({
                    "ts": f"2026-03-02T{hour}:{i:02}:00.000Z", "feed": "log", "dir": "in",
                    "session": "ada@harbor.example/phone",
                    "stanza": f"<message to='ben@quay.example' id='canary{hour}{i}' type='chat'><body>x</body>"
                              "<request xmlns='urn:xmpp:receipts'/></message>"}) + "\n")
        return self.product.call("import", path, check=False) == 0

    def address(self, route):
        """A route with its parts filled in and, where it can be, the day of the sample."""
        known = {p["name"]: p["example"] for p in self.parameters(route) if p["in"] == "path"}
        path = re.sub(r"\{([^}]*)\}", lambda part: urllib.parse.quote(str(known[part.group(1)])), route["path"])
        names = {spec["name"] for spec in route["parameters"]}
        window = "since=2026-03-02T00:00:00Z&until=2026-03-03T00:00:00Z" if {"since", "until"} <= names else ""
        needed = "&".join(f"{p['name']}={urllib.parse.quote(str(p['example']))}" for p in self.parameters(route)
                          if p["in"] == "query" and p.get("required"))
        return path, "&".join(part for part in (needed, window) if part)

    def parameters(self, route):
        operation = self.judge.document["paths"][route["path"]][route["method"].lower()]
        return self.judge.parameters(route["path"], operation)


# ---- wrong parameters

WRONG = {
    "number": ["abc", "-1", "1.5", "NaN", "1e3", "+1", "0x10", "9" * 13],
    "limit": ["abc", "-1", "0", "1.5", "ALL", "9" * 13],
    "day": ["now", "2026-02-30", "2026-03-02T00:00:00Z", "12026-03-02", "2026-3-2"],
    "word": ["bogus", "%00"],
    "time": ["now", "2026-13-01T00:00:00Z", "2026-03-02", "12026-01-01T00:00:00Z", "1772445600"],
    "jid": ["a@@b", "@b", "a@"],
    "domain": ["a@b", "a.example/x", "a..example%20"],
    "zone": ["Mars/Base", "../../etc/passwd", "/etc/passwd"],
    "text": [],
}
ALWAYS_WRONG = ["", "a%00b", "%zz", "%ff", "%ed%a0%80"]


def wrong_values(spec):
    yield from ALWAYS_WRONG
    yield "a" * (LONGEST + 1)
    yield from WRONG[spec["type"]]
    if spec["type"] in ("number", "limit"):
        yield from (str(spec["min"] - 1), str(spec["max"] + 1))


def refused(bench, target, name, method="GET"):
    answer = bench.client.ask(method, target, token=bench.tokens["all"])
    return answer.status == 400 and answer.json().get("parameter") == name


def negative(tap, bench, routes):
    count, said = 0, []
    for route in routes:
        path, _ = bench.address(route)
        examples = {p["name"]: str(p["example"]) for p in bench.parameters(route)}
        cases = [(f"{path}?bogus=1", "bogus"), (f"{path}?{'a' * 60}=1", "a" * 60)]
        for spec in route["parameters"]:
            name = spec["name"]
            example = urllib.parse.quote(examples[name])
            cases.append((f"{path}?{name}={example}&{name}={example}", name))
            cases += [(f"{path}?{name}={value}", name) for value in wrong_values(spec)]
        count += len(cases)
        said += [f"{target[:100]}: not a 400 for {name}" for target, name in cases
                 if not refused(bench, target, name, route["method"])]
    tap.ok(not said, f"{count} wrong parameters: each is a 400 that names it")
    for text in said[:20]:
        tap.note(text)


def ranges(tap, bench, routes):
    said = []
    for route in routes:
        path, window = bench.address(route)
        if "since=" in window:
            day = "since=2026-03-02T00:00:00Z&until=2026-03-03T00:00:00Z"
            query = window.replace(day, "since=2026-03-03T00:00:00Z&until=2026-03-02T00:00:00Z")
            if not refused(bench, f"{path}?{query}", "since"):
                said.append(f"{path}: from after to")
            query = window.replace(day, "since=0001-01-01T00:00:00Z&until=9999-12-31T00:00:00Z")
            answer = bench.client.get(f"{path}?{query}", token=bench.tokens["all"])
            if answer.status not in (200, 400):
                said.append(f"{path}: 10,000 years: {answer.status}")
    tap.ok(not said, f"absurd windows are refused or answered (F144) {said}")


# ---- who may ask what

def good_enough(route, scopes):
    return set(route["scopes"]) <= set(scopes)


def matrix(tap, bench, routes):
    """Routes times tokens (F133, F134)."""
    said, count, bad = [], 0, 0
    for route in routes:
        path, window = bench.address(route)
        target = f"{path}?{window}" if window else path
        if not route["scopes"] and not path.startswith("/v1/"):
            continue
        for name, token, scopes in bench.kinds:
            if not route["scopes"]:
                continue
            status = bench.client.ask(route["method"], target, token=token).status
            wanted = 401 if scopes is None else 200 if good_enough(route, scopes) else 403
            count += 1
            bad += wanted == 401
            if wanted == 401 and status == 429 and bad > 60:
                continue  # more wrong tokens than a minute allows (F135): refused all the same
            if status != wanted and not (wanted == 200 and status == 404 and "{" in route["path"]):
                said.append(f"{target} with {name}: {status}, not {wanted}")
    tap.ok(not said, f"{count} pairs of a route and a token: 401, 403 or an answer as the scopes say")
    for text in said[:20]:
        tap.note(text)


VOLATILE = {"evaluated_at", "complete_until", "commit", "request_id", "final", "gaps"}


def without_volatile(node):
    if isinstance(node, dict):
        return {name: without_volatile(value) for name, value in node.items() if name not in VOLATILE}
    return [without_volatile(item) for item in node] if isinstance(node, list) else node


def seen_by_other(bench, routes):
    seen = {}
    for route in routes:
        path, window = bench.address(route)
        if route["method"] != "GET" or not route["scopes"] or "/live/" in path or path == "/metrics":
            continue
        answer = bench.client.get(f"{path}?{window}" if window else path, token=bench.tokens["elsewhere"])
        value = without_volatile(answer.json()) if "json" in answer.type() else answer.body.decode()
        seen[path] = (answer.status, json.dumps(value))
    return seen


def tenants(tap, bench, routes):
    """What another domain does changes nothing of what a limited token is told: no count, no existence."""
    before = seen_by_other(bench, routes)
    if not tap.ok(bench.load(12, 20), "more messages of another domain come"):
        return
    after = seen_by_other(bench, routes)
    leaks = [path for path in before if before[path] != after[path] or "harbor" in after[path][1]
             or "canary" in after[path][1]]
    tap.ok(len(before) > 3 and not leaks, f"{len(before)} routes say the same to the token of another domain {leaks}")
    own = bench.client.get("/v1/messages?limit=1000", token=bench.tokens["harbor"])
    tap.ok(len(own.json()["items"]) == 30, "the token of that domain sees all 30")


def make_tokens(bench, scopes):
    every = ",".join(scopes)
    for scope in scopes:
        bench.make_token(scope, "--scopes", scope)
    bench.make_token("all", "--scopes", every)
    bench.make_token("elsewhere", "--scopes", every, "--domains", "elsewhere.example")
    bench.make_token("harbor", "--scopes", every, "--domains", "harbor.example")
    bench.make_token("expired", "--scopes", every, "--expires", "1s")
    bench.make_token("revoked", "--scopes", every)
    bench.product.call("token", "revoke", "revoked")
    bench.kinds = [(scope, bench.tokens[scope], [scope]) for scope in scopes]
    bench.kinds += [("all scopes", bench.tokens["all"], scopes), ("no token", None, None),
                    ("a wrong token", BAD_TOKEN, None), ("a malformed token", "x", None),
                    ("an expired token", bench.tokens["expired"], None),
                    ("a revoked token", bench.tokens["revoked"], None)]


def main():
    tap = product.Tap()
    judge, routes = contract.standard(), route_table()
    lint(tap, judge)
    compare(tap, judge, routes)
    examples(tap, judge)
    bench = Bench(tap, judge)
    try:
        if not (tap.ok(bench.start(), "serve: ready") and tap.ok(bench.load(10, 10), "a sample is imported")):
            bench.product.complain("cannot go on")
            return tap.done()
        make_tokens(bench, ["metrics", "messages", "bodies", "reports", "feed", "admin"])
        for test in (negative, ranges, matrix, tenants):
            test(tap, bench, routes)
        bench.client.judge(tap)
        tap.ok(product.stop(bench.server, 30) == 0, "TERM: exit 0")
    finally:
        if bench.server and bench.server.poll() is None:
            product.stop(bench.server)
        bench.product.close()
    return tap.done()


main()
