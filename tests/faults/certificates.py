# SPDX-License-Identifier: Apache-2.0
"""Certificates that openssl makes, for the tests of TLS."""

import os
import subprocess


def make(folder, name, days=2, until=None):
    """A certificate of 127.0.0.1 and localhost and its key: two paths. until: UTC, as 20200102000000Z."""
    cert, key = os.path.join(folder, name + ".crt"), os.path.join(folder, name + ".key")
    run("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out", cert + ".csr",
        "-subj", f"/CN={name}")
    os.chmod(key, 0o600)
    extensions = cert + ".ext"
    with open(extensions, "w", encoding="ascii") as out:
        out.write("subjectAltName=DNS:localhost,IP:127.0.0.1,IP:198.51.100.1\n")
    if not until:
        run("x509", "-req", "-in", cert + ".csr", "-signkey", key, "-out", cert, "-days", str(days), "-extfile", extensions)
        return cert, key
    expired(folder, cert, key, until)
    return cert, key


def expired(folder, cert, key, until):
    """x509 knows days from now only; ca takes dates."""
    with open(os.path.join(folder, "ca.cnf"), "w", encoding="ascii") as out:
        out.write(f"[ca]\ndefault_ca=c\n[c]\ndatabase={folder}/index\nserial={folder}/serial\nnew_certs_dir={folder}\n"
                  "default_md=sha256\npolicy=p\nunique_subject=no\n[p]\ncommonName=supplied\n")
    for name, text in (("index", ""), ("serial", "01\n")):
        with open(os.path.join(folder, name), "w", encoding="ascii") as out:
            out.write(text)
    run("ca", "-batch", "-config", os.path.join(folder, "ca.cnf"), "-selfsign", "-keyfile", key, "-in", cert + ".csr",
        "-out", cert, "-startdate", "20200101000000Z", "-enddate", until, "-notext")


def run(*arguments):
    subprocess.run(["openssl", *arguments], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                   stdin=subprocess.DEVNULL)
