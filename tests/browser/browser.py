# SPDX-License-Identifier: Apache-2.0
"""What tests, pictures and bench of the dashboard share: the browser's modules, a token, a server that listens."""
import os
import re
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "oracle"))
import product  # noqa: E402


def modules():
    """playwright-core and axe-core as the lock file says, outside of the sources; why not, when that fails."""
    folder = os.path.join(product.BUILD, "browser")
    if not shutil.which("chromium"):
        return folder, "chromium is not installed"
    os.makedirs(folder, exist_ok=True)
    for name in ("package.json", "package-lock.json", ".npmrc"):
        shutil.copy(os.path.join(HERE, name), folder)
    lock = os.path.join(folder, "node_modules", ".package-lock.json")
    if os.path.exists(lock) and os.path.getmtime(lock) >= os.path.getmtime(os.path.join(HERE, "package-lock.json")):
        return folder, None
    try:
        done = subprocess.run(["npm", "ci", "--ignore-scripts"], cwd=folder, capture_output=True, text=True, timeout=180, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return folder, str(error)
    return folder, done.stderr.strip()[:200] if done.returncode else None


def token(program, name, scopes):
    out = program.path(name)
    with open(out, "wb") as file:
        program.call("token", "add", name, "--scopes", scopes, out=file)
    with open(out, encoding="ascii") as file:
        return re.search(r"rcd_\S+", file.read()).group(0)


def serve(program, *settings):
    """The process and its address; None for the address when it does not come up."""
    server = program.start("--set", "port=0", *settings, "serve")
    found = lambda: re.search(r" listening .*port=(\d+)", open(program.log, encoding="utf-8", errors="replace").read())  # noqa: E731
    if not product.wait_until(lambda: found() is not None, 60):
        program.complain("serve does not start")
        return server, None
    return server, f"http://127.0.0.1:{found().group(1)}/"
