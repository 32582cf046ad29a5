# SPDX-License-Identifier: Apache-2.0
"""Debian's Prosody, run privately: its own folder, loopback, free ports, not as root."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time

ROOT = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
PROGRAM = "/usr/bin/prosody"
PLUGINS = os.path.join(ROOT, "ingest", "hooks", "prosody")
CONFIG = """
pidfile = "{folder}/prosody.pid"
data_path = "{folder}/data"
plugin_paths = {{ "{folder}/plugins" }}
certificates = "{folder}"
daemonize = false
modules_enabled = {{ "roster", "saslauth", "disco", "carbons", "pep", "blocklist", "smacks", "offline", "presence",
	"message", "dialback", "receiptd"{debug} }}
modules_disabled = {{ "tls", "s2s_auth_certs" }}
authentication = "internal_plain"
allow_unencrypted_plain_auth = true
c2s_require_encryption = false
s2s_require_encryption = false
s2s_secure_auth = false
interfaces = {{ "{address}" }}
local_interfaces = {{ "{address}" }}
s2s_interfaces = {{ "{address}", {rooms} }}
c2s_ports = {{ {c2s} }}
s2s_ports = {{ {s2s} }}
smacks_hibernation_time = 20
statistics = "internal"
log = {{ {{ levels = {{ min = "{level}" }}, to = "file", filename = "{folder}/debug.log",
	timestamps = "%Y-%m-%dT%H:%M:%S%z" }} }}
receiptd_url = "{url}"
receiptd_token = "{token}"
receiptd_heartbeat = 1
{more}
"""
HOST = 'VirtualHost "{name}"\n'
ROOMS = """Component "{name}" "muc"
	modules_enabled = {{ "receiptd" }}
	restrict_room_creation = false
	muc_room_default_public = true
	muc_room_locking = false
	muc_room_default_history_length = 0
"""


def free_port(address="127.0.0.1"):
    with socket.create_server((address, 0)) as probe:
        return probe.getsockname()[1]


def other_user():
    """Prosody does not run as root."""
    if os.geteuid() != 0:
        return {}
    user = pwd.getpwnam("prosody")
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def escaped(host):
    return "".join(c if c.isalnum() else f"%{ord(c):02x}" for c in host)


class Prosody:
    """hosts: domain -> names of its users, whose password is "secret". rooms: domains of rooms; ones that are
    addresses are listened on. more, end: further settings, global and at the end."""

    def __init__(self, hosts, rooms=(), url="", token="", address="127.0.0.1", s2s_port=None, level="debug", more="",
                 end=""):
        self.folder = tempfile.mkdtemp(prefix="receiptd-prosody-")
        os.chmod(self.folder, 0o755)
        self.hosts, self.rooms, self.process = hosts, rooms, None
        self.address = (address, free_port(address))
        self.log = os.path.join(self.folder, "debug.log")
        # The user that it runs as may not be able to look into the tree of this test.
        shutil.copytree(PLUGINS, os.path.join(self.folder, "plugins"))
        listened = ", ".join(f'"{name}"' for name in rooms if name[0].isdigit())
        text = CONFIG.format(folder=self.folder, debug=', "stanza_debug"' if level == "debug" else "", level=level,
                             address=address, rooms=listened, c2s=self.address[1],
                             s2s=s2s_port or free_port(address), url=url, token=token, more=more)
        text += "".join(HOST.format(name=name) for name in hosts)
        text += "".join(ROOMS.format(name=name) for name in rooms) + end
        self.config = os.path.join(self.folder, "prosody.cfg.lua")
        with open(self.config, "w", encoding="utf-8") as file:
            file.write(text)
        for host, users in hosts.items():
            self.add_users(host, users)
        self.user = other_user()
        if self.user:
            for folder, _, files in os.walk(self.folder):
                for path in [folder, *(os.path.join(folder, f) for f in files)]:
                    os.chown(path, self.user["user"], self.user["group"])

    def add_users(self, host, users):
        folder = os.path.join(self.folder, "data", escaped(host), "accounts")
        os.makedirs(folder)
        for user in users:
            with open(os.path.join(folder, user + ".dat"), "w", encoding="utf-8") as file:
                file.write('return { ["password"] = "secret" };\n')

    def start(self, before=()):
        """before: a program that runs it, and its arguments."""
        with open(os.path.join(self.folder, "output"), "ab") as output:
            self.process = subprocess.Popen([*before, PROGRAM, "-F", "--config", self.config], cwd=self.folder,
                                            stdin=subprocess.DEVNULL, stdout=output, stderr=output, **self.user)
        for _ in range(600):
            try:
                socket.create_connection(self.address, 1).close()
                return
            except OSError:
                if self.process.poll() is not None:
                    break
                time.sleep(0.05)
        raise RuntimeError("Prosody does not start: " + self.output()[-2000:])

    def output(self):
        with open(os.path.join(self.folder, "output"), encoding="utf-8", errors="replace") as file:
            return file.read()

    def log_text(self):
        if not os.path.exists(self.log):
            return ""
        with open(self.log, encoding="utf-8", errors="replace") as file:
            return file.read()

    def end(self, how=signal.SIGTERM):
        if self.process:
            self.process.send_signal(how)
            self.process.wait(20)
            self.process = None

    def queue_folder(self, host):
        return os.path.join(self.folder, "data", escaped(host), "receiptd")

    def remove(self):
        self.end(signal.SIGKILL)
        shutil.rmtree(self.folder, ignore_errors=True)
