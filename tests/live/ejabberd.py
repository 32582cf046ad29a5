# SPDX-License-Identifier: Apache-2.0
"""A private ejabberd on loopback: its own folder, no name in Erlang's network (so no epmd), and the feed of
mod_service_log for a component. Debian's package is used as it is; nothing of its service is touched."""

import glob
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "oracle"))
import product  # noqa: E402

HOST = "harbor.example"
COMPONENT = "log.harbor.example"
ROOMS = "rooms.harbor.example"
SECRET = "component-s3cret"

CONFIG = """
loglevel: debug
log_rotate_count: 0
log_burst_limit_count: 1000000
hosts: [{host}]
listen:
  - port: {port}
    ip: "127.0.0.1"
    module: ejabberd_c2s
  - port: {component_port}
    ip: "127.0.0.1"
    module: ejabberd_service
    hosts:
      {component}:
        password: "{secret}"
auth_method: internal
auth_password_format: scram
acl:
  log:
    server: {component}
access_rules:
  not_the_log:
    deny: log
    allow: all
{extra}
modules:
  mod_blocking: {{}}
  mod_caps: {{}}
  mod_carboncopy: {{}}
  mod_disco: {{}}
  mod_offline: {{}}
  mod_ping: {{}}
  mod_privacy: {{}}
  mod_roster: {{}}
  mod_muc:
    host: {rooms}
    default_room_options:
      persistent: true
  mod_service_log:
    loggers: [{component}]
  mod_stream_mgmt:
    resend_on_timeout: if_offline
"""

USERS = """
lists:foreach(fun(User) -> ejabberd_auth:try_register(User, <<"{host}">>, <<"{password}">>) end, [{users}]),
file:write_file("ready", <<>>).
"""


def is_there():
    return bool(glob.glob("/usr/lib/*/ejabberd-*/ebin/ejabberd.beam")) and bool(shutil.which("erl"))


def another_user():
    """ejabberd does not like to be root."""
    if os.geteuid() != 0:
        return {}
    known = [user.pw_name for user in pwd.getpwall()]
    user = pwd.getpwnam(next(name for name in ("ejabberd", "nobody") if name in known))
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


class Ejabberd:
    def __init__(self, users, password="secret", extra="s2s_access: not_the_log"):
        """extra: more of ejabberd.yml, at its top level."""
        self.folder = tempfile.mkdtemp(prefix="receiptd-ejabberd-")
        os.chmod(self.folder, 0o755)
        self.log = os.path.join(self.folder, "ejabberd.log")
        self.port, self.component_port, self.process = free_port(), free_port(), None
        with open(os.path.join(self.folder, "ejabberd.yml"), "w", encoding="ascii") as out:
            out.write(CONFIG.format(host=HOST, port=self.port, component_port=self.component_port,
                                    component=COMPONENT, secret=SECRET, rooms=ROOMS, extra=extra))
        names = ", ".join(f'<<"{user}">>' for user in users)
        self.eval = USERS.format(host=HOST, password=password, users=names)
        self.user = another_user()
        if self.user:
            os.chown(self.folder, self.user["user"], self.user["group"])

    def start(self):
        libraries = os.path.dirname(os.path.dirname(os.path.dirname(glob.glob(
            "/usr/lib/*/ejabberd-*/ebin/ejabberd.beam")[0])))
        environment = {**os.environ, "ERL_LIBS": libraries, "HOME": self.folder,
                       "EJABBERD_CONFIG_PATH": os.path.join(self.folder, "ejabberd.yml"),
                       "EJABBERD_LOG_PATH": self.log,
                       "ERL_CRASH_DUMP": os.path.join(self.folder, "crash.dump")}
        with open(os.path.join(self.folder, "console"), "ab") as out:
            self.process = subprocess.Popen(
                ["erl", "-noinput", "+sbwt", "none", "-mnesia", "dir", f'"{self.folder}/mnesia"',
                 "-s", "ejabberd", "-eval", self.eval],
                cwd=self.folder, env=environment, stdout=out, stderr=out, stdin=subprocess.DEVNULL, **self.user)
        ready = os.path.join(self.folder, "ready")
        if not product.wait_until(lambda: os.path.exists(ready) or self.process.poll() is not None, 120):
            raise RuntimeError("ejabberd did not start in time")
        if self.process.poll() is not None:
            raise RuntimeError("ejabberd ended: " + self.text("console")[-2000:])
        os.unlink(ready)
        return self

    def pongs(self):
        """So often it has answered the component."""
        return len(re.findall(r"<iq to='log\.harbor\.example'[^>]*type='result' id='ping-", self.text("ejabberd.log")))

    def text(self, name):
        with open(os.path.join(self.folder, name), encoding="utf-8", errors="replace") as file:
            return file.read()

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def close(self):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
