# SPDX-License-Identifier: Apache-2.0
"""docs/openapi.yaml as a judge of real answers. A test that asks the HTTP interface does it with this client, and
every answer it gets is held against the contract:

    import contract                       # sys.path: tests/e2e
    client = contract.Client(port, token)
    answer = client.get("/v1/messages?limit=5")    # .status .headers .body .json() .lines() .rows()
    answer = client.ask("POST", "/v1/feed", body=b"...", headers={"Content-Type": "application/x-ndjson"})
    reply = client.raw(b"GET / HTTP/1.1\\r\\n\\r\\n")  # bytes as they are; whole answers in it are judged too
    client.judge(tap)                     # last: one line of TAP for all of them, notes for what was wrong

Judged are status, content type, every member of a JSON or NDJSON answer, the columns of CSV, headers that all answers
have, and that a 200 was asked with parameters of the contract only. contract=None switches it off for one client."""

import csv
import functools
import http.client
import io
import json
import os
import re
import socket
import ssl
import urllib.parse

import jsonschema
import yaml

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PROBLEM = "application/problem+json"
ALWAYS = {"X-Content-Type-Options": "nosniff", "Connection": "close"}


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def type(self):
        return (self.headers["Content-Type"] or "").split(";")[0]

    def json(self):
        return json.loads(self.body)

    def lines(self):
        """Of NDJSON."""
        return [json.loads(line) for line in self.body.splitlines()]

    def rows(self):
        """Of CSV, with the line of names."""
        return list(csv.reader(io.StringIO(self.body.decode("utf-8"), newline="")))


class Contract:
    def __init__(self, path=None):
        path = path or os.path.join(ROOT, "docs", "openapi.yaml")
        with open(path, encoding="utf-8") as file:
            self.document = yaml.load(file, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        self.patterns = [(re.compile(re.sub(r"\\{[^}]*\\}", "[A-Za-z0-9_-][A-Za-z0-9._-]*", re.escape(path))), path)
                         for path in sorted(self.document["paths"], key=lambda path: "{" in path)]
        self.validators = {}

    def gets(self):
        """Paths that are asked with GET, have no parts to fill in and end by themselves (not live.t's)."""
        return [path for path, how in self.document["paths"].items()
                if "get" in how and "{" not in path and not path.startswith("/v1/live/")]

    def operations(self):
        """Method, path and operation of all."""
        return [(method.upper(), path, operation) for path, how in self.document["paths"].items()
                for method, operation in how.items() if isinstance(operation, dict)]

    def resolve(self, node):
        while isinstance(node, dict) and "$ref" in node:
            where = node["$ref"].removeprefix("#/").split("/")
            node = functools.reduce(lambda at, name: at[name], where, self.document)
        return node

    def parameters(self, path, operation):
        shared = self.document["paths"][path].get("parameters", [])
        return [self.resolve(parameter) for parameter in [*shared, *operation.get("parameters", [])]]

    def find(self, target):
        """The path of the contract that a target belongs to, or None."""
        path = target.split("?")[0]
        return next((name for pattern, name in self.patterns if pattern.fullmatch(path)), None)

    def schema(self, path, media, method="get"):
        content = self.resolve(self.document["paths"][path][method]["responses"]["200"])["content"]
        return content[media]["schema"]

    def problems(self, schema, value):
        key = json.dumps(schema, sort_keys=True)
        if key not in self.validators:
            whole = {**schema, "components": self.document["components"]}
            self.validators[key] = jsonschema.Draft202012Validator(whole)
        return [f"{list(e.absolute_path)}: {e.message}"[:300] for e in self.validators[key].iter_errors(value)]

    # ---- one answer

    def judge(self, method, target, answer):
        """What is wrong with it."""
        path = self.find(target)
        operation = self.document["paths"][path].get(method.lower()) if path else None
        if answer.status < 300:
            said = self.judge_good(path, operation, target, answer) if operation else ["not in the contract"]
        else:
            said = self.judge_refusal(path, operation, answer)
        said += [f"{name}: {answer.headers[name]}" for name, value in ALWAYS.items() if answer.headers[name] != value]
        if not re.fullmatch("[0-9a-f]{16}", answer.headers["Request-Id"] or ""):
            said.append(f"Request-Id: {answer.headers['Request-Id']}")
        return [f"{method} {target[:120]}: {answer.status}: {text}" for text in said]

    def judge_good(self, path, operation, target, answer):
        how = self.resolve(operation["responses"].get(str(answer.status)))
        if not how:
            return ["a status that is not in the contract"]
        content = how.get("content", {})
        if answer.type() not in content:
            return [f"type {answer.type()} is not in the contract"]
        known = {p["name"] for p in self.parameters(path, operation) if p["in"] == "query"}
        asked = {name for name, _ in urllib.parse.parse_qsl(target.partition("?")[2], keep_blank_values=True)}
        said = [f"taken: {name}, which is not in the contract" for name in asked - known]
        return said + self.judge_body(content[answer.type()].get("schema", {}), answer)

    def judge_body(self, schema, answer):
        kind = answer.type()
        if kind == "application/json":
            return self.problems(schema, answer.json())
        if kind == "application/x-ndjson":
            return [text for line in answer.lines() for text in self.problems(schema, line)][:5]
        if kind == "text/csv":
            return [] if len({len(row) for row in answer.rows()}) == 1 else ["rows of several lengths"]
        answer.body.decode("utf-8")
        return []

    def judge_refusal(self, path, operation, answer):
        if operation and not {str(answer.status), "default"} & set(operation["responses"]):
            return ["a status that is not in the contract"]
        if answer.status == 304:
            return [] if not answer.body else ["304 with a body"]
        if answer.type() != PROBLEM:
            return [f"a refusal as {answer.type()}"]
        problem = answer.json()
        said = self.problems({"$ref": "#/components/schemas/Problem"}, problem)
        expected = (answer.status, answer.headers["Request-Id"])
        if (problem.get("status"), problem.get("request_id")) != expected:
            said.append("status or request_id differ from the head")
        if answer.headers["Cache-Control"] != "no-store":
            said.append("a refusal that may be stored")
        if answer.status in (429, 503) and not (answer.headers["Retry-After"] or "").isdigit():
            said.append("no Retry-After")
        if answer.status == 405 and not answer.headers["Allow"]:
            said.append("no Allow")
        return said


@functools.lru_cache(maxsize=None)
def standard():
    return Contract()


class Client:
    """contract: what judges; None: nothing does. context: an ssl.SSLContext, for https."""

    def __init__(self, port, token=None, host="127.0.0.1", context=None, contract=standard):
        self.port, self.token, self.host, self.context = port, token, host, context
        self.contract = contract() if callable(contract) else contract
        self.bad, self.count = [], 0

    def connection(self, seconds):
        if self.context:
            return http.client.HTTPSConnection(self.host, self.port, timeout=seconds, context=self.context)
        return http.client.HTTPConnection(self.host, self.port, timeout=seconds)

    def ask(self, method, target, body=None, headers=None, token=None, seconds=40):
        token, headers = token or self.token, dict(headers or {})
        if token:
            headers.setdefault("Authorization", f"Bearer {token}")
        connection = self.connection(seconds)
        try:
            connection.request(method, target, body, headers)
            reply = connection.getresponse()
            endless = (reply.headers["Content-Type"] or "").startswith("text/event-stream")
            answer = Answer(reply.status, reply.headers, reply.read1(65536) if endless else reply.read())
        finally:
            connection.close()
        self.note(method, target, answer)
        return answer

    def get(self, target, token=None, headers=None, method="GET", data=None, seconds=40):
        return self.ask(method, target, data, headers, token, seconds)

    def raw(self, data, seconds=20):
        """Everything that comes back for these bytes, until the server closes."""
        with socket.create_connection((self.host, self.port), timeout=seconds) as plain:
            sock = self.context.wrap_socket(plain, server_hostname=self.host) if self.context else plain
            out = b""
            try:
                sock.sendall(data)
                while chunk := sock.recv(65536):
                    out += chunk
            except (ConnectionResetError, BrokenPipeError, ssl.SSLError):
                pass
        for answer in answers(out):
            words = data.split(b"\r\n")[0].decode("latin-1").split(" ")
            if answer.status >= 400:
                self.note(words[0], words[1] if len(words) > 1 else "/", answer)
        return out

    def note(self, method, target, answer):
        if self.contract and method != "HEAD":
            self.count += 1
            self.bad += self.contract.judge(method, target, answer)

    def judge(self, tap, what="every answer is as in the contract"):
        good = tap.ok(not self.bad and self.count > 0, f"{what} ({self.count})")
        for text in self.bad[:10]:
            tap.note(text)
        return good


def answers(data):
    """The answers in the bytes of a connection."""
    out = []
    while data.startswith(b"HTTP/1.1 "):
        head, _, rest = data.partition(b"\r\n\r\n")
        headers = http.client.parse_headers(io.BytesIO(head.partition(b"\r\n")[2] + b"\r\n\r\n"))
        size = int(headers["Content-Length"] or len(rest))
        out.append(Answer(int(head[9:12]), headers, rest[:size]))
        data = rest[size:]
    return out
