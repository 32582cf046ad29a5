#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Instructions from bytes to facts per message stanza (DESIGN section 7), the server's other lines included:
# counted by callgrind, so the same on a busy machine. The cost of starting is what two sizes have in common.
import os
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "oracle"))
import product  # noqa: E402

PIPELINE = os.path.join(product.BUILD, "tests", "bench", "pipeline")
SIZES = (300, 1200)
# What is wanted is 35,000. What was reached, and a tenth: it must not get worse.
MOST = {"prosody": 17000, "openfire-audit": 35000}


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True)


def counted(folder, dialect, messages):
    """Instructions, and message stanzas that were read."""
    log = os.path.join(folder, f"{dialect}-{messages}.log")
    run(PIPELINE, "--render", log, "--dialect", dialect, "--messages", str(messages))
    done = run("valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", PIPELINE, "--parse", log,
               "--dialect", dialect)
    total = re.search(r"refs:\s*([\d,]+)", done.stderr).group(1).replace(",", "")
    return int(total), int(done.stdout)


def main():
    tap = product.Tap()
    with tempfile.TemporaryDirectory() as folder:
        for dialect, most in MOST.items():
            (few, small), (many, large) = (counted(folder, dialect, size) for size in SIZES)
            each = (many - few) / (large - small)
            tap.ok(large > small and 5000 < each <= most, f"{dialect}: {each:.0f} of at most {most} instructions",
                   skip="not the optimised build" if product.BUILD.endswith("-cov") else None)
    tap.done()


main()
