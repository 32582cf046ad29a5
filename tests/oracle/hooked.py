# SPDX-License-Identifier: Apache-2.0
"""The program that obeys RECEIPTD_TEST_MARKS and RECEIPTD_TEST_LANES; the one that is shipped knows neither."""
import fcntl
import os
import shutil
import subprocess

import product

FOLDER = os.path.join(product.ROOT, "build-hooks")
HOOKS = os.path.join(FOLDER, "receiptd")


def copy_objects():
    """Of the program that was just built; only the files that know the hooks are compiled anew."""
    own = os.path.join(product.ROOT, "build")
    if os.path.realpath(product.BUILD) != own or os.path.exists(FOLDER) or not os.path.isdir(own):
        return
    os.makedirs(FOLDER)
    for name in ("obj", "gen", ".packages"):
        subprocess.run(["cp", "-a", os.path.join(own, name), FOLDER], check=True)
    sources = subprocess.run(["grep", "-rlE", "RECEIPTD_TEST_(HOOKS|MARKS)", "--include=*.c", "--include=*.h", "core", "store",
                              "ingest", "api", "pairing"], cwd=product.ROOT, capture_output=True, text=True, check=True)
    for source in sources.stdout.split():
        made = os.path.join(FOLDER, "obj", os.path.splitext(source)[0] + ".o")
        if source.endswith(".h"):  # who includes it is not known here
            shutil.rmtree(FOLDER)
            return
        if os.path.exists(made):
            os.unlink(made)


def hooked_program():
    """False: it could not be built. One test at a time builds it."""
    make = ["make", "-C", product.ROOT, "BUILD=build-hooks", "CPPFLAGS=-DRECEIPTD_TEST_HOOKS", "all"]
    environment = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MAKELEVEL")}
    with open(os.path.join(product.BUILD, "hooks.lock"), "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        copy_objects()
        done = subprocess.run(make, env=environment, stdout=subprocess.DEVNULL, check=False)
    return done.returncode == 0 and os.path.exists(HOOKS)
