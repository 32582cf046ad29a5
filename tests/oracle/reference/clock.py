# SPDX-License-Identifier: Apache-2.0
"""Instants in microseconds UTC (PAIRING T1, T2)."""

import calendar
import re
import time

_ISO = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)$")
_OLD = re.compile(r"(\d{4})(\d\d)(\d\d)T(\d\d):(\d\d):(\d\d)$")


def parse(text):
    """An instant, or None: 0082 form, or the 0091 form without zone."""
    match = _ISO.match(text or "")
    old = None if match else _OLD.match(text or "")
    if not match and not old:
        return None
    parts = [int(x) for x in (match or old).groups()[:6]]
    seconds = calendar.timegm((*parts, 0, 0, 0))
    micros, shift = 0, 0
    if match:
        micros = int(((match.group(7) or "") + "000000")[:6])
        zone = match.group(8)
        if zone != "Z":
            shift = (int(zone[1:3]) * 60 + int(zone[4:6])) * 60 * (-1 if zone[0] == "-" else 1)
    return (seconds - shift) * 1000000 + micros


def text(at, digits=3):
    """As in vectors: cut to milliseconds."""
    if at is None:
        return None
    seconds, micros = divmod(at, 1000000)
    return (time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
            + "." + f"{micros:06d}"[:digits] + "Z")
