#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# The dashboard in a real browser: every view and state, accessibility, hostile content, no request to anybody
# else (FAULTS F148, F150, F152). The pages are driven by views.mjs; this part makes what they show.
import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "oracle")]
import browser  # noqa: E402
import product  # noqa: E402

HOSTILE = ["<script>window.hit=1</script>", "<img src=x onerror='window.hit=2'>", "\"><svg onload=window.hit=3>",
           "javascript:window.hit=4", "{{constructor.constructor('window.hit=5')()}}", "&lt;b&gt;&#x3c;script>", "‮ltr\u2028", "𝄞 äöü 你好"]


def escaped(text):
    return text.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;").replace("'", "&apos;")


def observations():
    """Three days of two parties, with everything that a stanza may hold; the last day ends with open requests."""
    for i in range(180):
        day, minute = 2 + i // 60, i % 60
        stamp = f"2026-03-{day:02}T10:{minute:02}"
        text = escaped(HOSTILE[i % len(HOSTILE)])
        yield {"ts": f"{stamp}:00.000Z", "feed": "log", "dir": "in", "session": f"ada@harbor.example/{HOSTILE[i % 3]}",
               "stanza": f"<message to='ben@quay.example' id='{escaped(HOSTILE[i % 4])}{i}' type='chat'><body>{text} {i}</body>"
                         "<request xmlns='urn:xmpp:receipts'/><markable xmlns='urn:xmpp:chat-markers:0'/></message>"}
        if i % 9 == 8:
            yield {"ts": f"{stamp}:01.000Z", "feed": "log", "dir": "out", "session": "ada@harbor.example/x",
                   "stanza": f"<message from='ben@quay.example' to='ada@harbor.example/x' id='{escaped(HOSTILE[i % 4])}{i}' type='error'>"
                             "<error type='cancel'><service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>"}
        elif i % 9 != 7:
            kind = "displayed xmlns='urn:xmpp:chat-markers:0'" if i % 2 else "received xmlns='urn:xmpp:receipts'"
            yield {"ts": f"{stamp}:0{1 + i % 8}.250Z", "feed": "log", "dir": "in", "session": "ben@quay.example/desk",
                   "stanza": f"<message to='ada@harbor.example' id='r{i}' type='chat'><{kind} id='{escaped(HOSTILE[i % 4])}{i}'/></message>"}
    yield {"ts": "2026-03-04T11:00:00.000Z", "feed": "log", "dir": "in", "session": "eve@quay.example/<script>",
           "stanza": "<message to='ada@harbor.example' id='f' type='chat'><received xmlns='urn:xmpp:receipts' id='nothing&lt;script>'/></message>"}


def main():
    folder, trouble = browser.modules()
    if trouble:
        print(f"1..0 # SKIP no browser to test with: {trouble}")
        return 0
    program = product.Product(environment={"TZ": "UTC"}, settings='zone = "UTC"')
    server = None
    try:
        log = program.path("traffic.ndjson")
        with open(log, "w", encoding="utf-8") as out:
            out.writelines(json.dumps(line) + "\n" for line in observations())
        program.call("import", log)
        server, base = browser.serve(program)
        if not base:
            return 1
        settings = {"base": base, "modules": folder,
                    "all": browser.token(program, "all", "metrics,messages,bodies,reports"), "metrics": browser.token(program, "metrics", "metrics"),
                    "shots": sys.argv[1] if len(sys.argv) > 1 else None}
        done = subprocess.run(["node", os.path.join(HERE, "views.mjs")], env={**os.environ, "SETTINGS": json.dumps(settings)}, check=False)
        return done.returncode
    finally:
        if server:
            product.stop(server, 20)
        program.close()


sys.exit(main())
