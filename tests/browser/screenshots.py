#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""make screenshots: the pictures in docs/images, of the traffic of scene.py. Data, clock (of server and browser) and
sizes are fixed, so that a picture changes where the page does.

    screenshots.py [FOLDER]
"""
import glob
import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "oracle")]
import browser  # noqa: E402
import product  # noqa: E402
import scene  # noqa: E402

LARGEST = 150_000  # bytes: they are in the repository


def main():
    folder = sys.argv[1] if len(sys.argv) > 1 else os.path.join(product.ROOT, "docs", "images")
    modules, trouble = browser.modules()
    faketime = glob.glob("/usr/lib/*/faketime/libfaketime.so.1")
    if trouble or not faketime:
        sys.exit(f"screenshots: {trouble or 'libfaketime is not installed'} (scripts/setup.sh check)")
    # The server's clock begins at NOW and goes on; the monotonic one, which time limits use, is real.
    clock = {"TZ": "UTC", "LD_PRELOAD": faketime[0], "FAKETIME": f"@{scene.NOW:%Y-%m-%d %H:%M:%S}", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
    program, server = product.Product(environment=clock, settings='zone = "UTC"'), None
    try:
        log = program.path("harbor.ndjson")
        with open(log, "w", encoding="utf-8") as out:
            out.writelines(json.dumps(line, ensure_ascii=False) + "\n" for line in scene.Scene().make())
        program.call("import", log)
        server, base = browser.serve(program)
        if not base:
            return 1
        settings = {"base": base, "modules": modules, "folder": folder, "now": scene.NOW.isoformat(), "token": browser.token(program, "pictures", "metrics,messages,bodies")}
        subprocess.run(["node", os.path.join(HERE, "screenshots.mjs")], env={**os.environ, "SETTINGS": json.dumps(settings)}, check=True)
        large = [name for name in glob.glob(os.path.join(folder, "*.png")) if os.path.getsize(name) > LARGEST]
        if large:
            print(f"screenshots: more than {LARGEST} bytes: {' '.join(large)}", file=sys.stderr)
        return 1 if large else 0
    finally:
        if server:
            product.stop(server, 20)
        program.close()


if __name__ == "__main__":
    sys.exit(main())
