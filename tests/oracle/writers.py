# SPDX-License-Identifier: Apache-2.0
"""The formats in which a script of traffic is written down. Each writer turns an emission into
bytes and stamps the lines: stamp = the instant as the log shows it, ordinal = how many records of
the log had the same stamp before (PAIRING T1b)."""

import datetime
import json

import stanzas as st

SECOND = 1000 * 1000
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()


def civil(at, offset_minutes=0):
    return EPOCH + datetime.timedelta(microseconds=at, minutes=offset_minutes)


class Writer:
    step = 1  # of its clock, microseconds

    def __init__(self, rng, offset=0):
        self.rng, self.offset = rng, offset
        self.last_stamp, self.same = None, 0
        self.records = self.unparsable = 0

    def tick(self, at):
        """Stamp and ordinal of the next record."""
        stamp = at - at % self.step
        self.same = self.same + 1 if stamp == self.last_stamp else 0
        self.last_stamp = stamp
        self.records += 1
        return stamp, min(self.same, self.step - 1)

    def emit(self, kind, what, now):
        return getattr(self, kind)(what, now).encode("utf-8")

    def header(self):
        return b""

    def footer(self):
        return b""

    def resolve(self, stanza):
        """Delay placeholders become elements with a stamp as precise as this server's."""
        copy = stanza.copy()
        copy.kids = [st.delay(kid[1], self.delay_stamp(kid[2])) if isinstance(kid, tuple) else kid
                     for kid in stanza.kids]
        return copy


class Observations(Writer):
    """NDJSON, one observation a line (PAIRING section 9, input)."""

    def delay_stamp(self, at):
        return civil(at).strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    def line(self, line, _now, xml=None):
        line.stamp, line.ordinal = self.tick(line.at)
        stamp = civil(line.stamp).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        xml = xml or st.render(self.resolve(line.stanza), cdata=True, order=self.rng.shuffle)
        record = {"ts": stamp, "feed": "c2s", "dir": line.dir, "stanza": xml}
        if line.session:
            record["session"] = line.session.jid
        return json.dumps(record, ensure_ascii=self.rng.random() < 0.5) + "\n"

    def bad(self, line, now):
        self.unparsable += 1
        return self.line(line, now, st.render(line.stanza).replace("</body>", ""))

    def login(self, _session, _now):
        return ""

    logout = login


class Prosody(Writer):
    """mod_stanza_debug, file sink: whole seconds, one line a record, newline -> newline + TAB."""

    step = SECOND

    def __init__(self, rng, offset=0, iso=True):
        super().__init__(rng, offset)
        self.iso = iso
        self.names = []
        while len(self.names) < 60:  # addresses in memory: no two at once
            name = f"c2s{0x5587dc000000 + rng.randrange(1 << 20) * 16:x}"
            if name not in self.names:
                self.names.append(name)

    def delay_stamp(self, at):
        return civil(at).strftime("%Y-%m-%dT%H:%M:%SZ")

    def stamp_text(self, stamp):
        local = civil(stamp, self.offset)
        if not self.iso:
            return f"{MONTHS[local.month - 1]} {local:%d %H:%M:%S}"
        sign, minutes = "-" if self.offset < 0 else "+", abs(self.offset)
        return f"{local:%Y-%m-%dT%H:%M:%S}{sign}{minutes // 60:02}{minutes % 60:02}"

    def record(self, at, source, level, text):
        stamp, ordinal = self.tick(at)
        text = text.replace("\n", "\n\t")
        return stamp, ordinal, f"{self.stamp_text(stamp)} {source}\t{level}\t{text}\n"

    def plain(self, at, source, text, level="debug"):
        return self.record(at, source, level, text)[2]

    def xml(self, stanza):
        text = st.render(stanza, order=self.rng.shuffle, all_escaped=True)
        return "".join(chr(0x2400 + ord(c)) if c < " " and c not in "\t\n" else c for c in text)

    def line(self, line, now, xml=None):
        xml = xml or self.xml(self.resolve(line.stanza))
        verb, tag = ("RECV", "Received") if line.dir == "in" else ("SEND", "Sending")
        name = line.session.name
        head = xml[:xml.index(">") + 1].replace("/>", ">")
        before = self.plain(now, name, f"{tag}[c2s]: {head}") if verb == "SEND" else ""
        line.stamp, line.ordinal, text = self.record(now, name, "debug", f"{verb}: {xml}")
        after = self.plain(now, name, f"{tag}[c2s]: {head}") if verb == "RECV" else ""
        return before + text + after + self.noise(now)

    def bad(self, line, now):
        self.unparsable += 1
        broken = self.xml(line.stanza).replace("<body>", "<body><q:x/>")
        return self.line(line, now, broken)

    def noise(self, now):
        if self.rng.random() > 0.1:
            return ""
        text = self.rng.choice((
            "Archiving stanza: <id> (<message xmlns='jabber:client' id='no' type='chat'>)",
            "Statistics disabled", "stanza routed: <message to='x@y.example'/>",
            "RECVD: <message to='x@y.example' id='no'><body>no</body></message>"))
        return self.plain(now, "sea.example:mam", text)

    def login(self, session, now):
        """A name is a memory address: it is used again as soon as it is free."""
        session.name = name = self.names.pop(self.rng.randrange(min(8, len(self.names))))
        bind = "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>"
        wanted = st.escape(session.jid.partition("/")[2], True)
        bound = st.escape(session.jid, True)
        return "".join((
            self.plain(now, name, "Client connected", "info"),
            self.plain(now, name, "RECV: <auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' "
                                  "mechanism='PLAIN'>AGFkYQBzZWNyZXQ=</auth>"),
            self.plain(now, name, f"Authenticated as {session.user.bare}", "info"),
            self.plain(now, name, f"RECV: <iq type='set' id='b'>{bind}<resource>{wanted}"
                                  "</resource></bind></iq>"),
            self.plain(now, name, f"SEND: <iq type='result' id='b'>{bind}<jid>{bound}"
                                  "</jid></bind></iq>"),
            self.plain(now, name, f"Resource bound: {session.jid}"),
            self.plain(now, name, "RECV: <presence xml:lang='en'><priority>1</priority></presence>")
        ))

    def logout(self, session, now):
        name = session.name
        self.names.insert(0, name)
        return (self.plain(now, name, "RECV: <presence type='unavailable'/>") +
                self.plain(now, name, "Client disconnected: connection closed", "info") +
                self.plain(now, name, f"Destroying session for {session.jid}"))


class ProsodyConsole(Prosody):
    """Standard output: the level stands in a column."""

    def record(self, at, source, level, text):
        stamp, ordinal = self.tick(at)
        text = text.replace("\n", "\n\t")
        return stamp, ordinal, f"{self.stamp_text(stamp)} {source:<24} {level}\t{text}\n"


class ProsodySyslog(Prosody):
    """By rsyslog: microseconds, no level, control characters as # and three octal digits."""

    step = 1

    def stamp_text(self, stamp):
        text = civil(stamp, self.offset).strftime("%Y-%m-%dT%H:%M:%S.%f")
        sign, minutes = "-" if self.offset < 0 else "+", abs(self.offset)
        return f"{text}{sign}{minutes // 60:02}:{minutes % 60:02}"

    def record(self, at, source, level, text):
        stamp, ordinal = self.tick(at)
        text = text.replace("\n", "\n\t")
        text = "".join(f"#{ord(c):03o}" if c < " " else c for c in text)
        return stamp, ordinal, f"{self.stamp_text(stamp)} host prosody[4711]: {source}: {text}\n"


class Pattern(Writer):
    """A line of any program, as a source describes it; a stanza may go on over more lines."""

    step = 1000

    def delay_stamp(self, at):
        return civil(at).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at // 1000 % 1000:03}Z"

    def record(self, at, word, name, text):
        stamp, ordinal = self.tick(at)
        return stamp, ordinal, f"{self.delay_stamp(stamp)} [{word}] {name}: {text}\n"

    def line(self, line, now, xml=None):
        xml = xml or st.render(self.resolve(line.stanza), cdata=True, order=self.rng.shuffle)
        word = "received" if line.dir == "in" else "sent"
        line.stamp, line.ordinal, text = self.record(now, word, line.session.jid, xml)
        return text

    def bad(self, line, now):
        self.unparsable += 1
        return self.line(line, now, st.render(line.stanza).replace("<body>", "<body><q:x/>"))

    def login(self, session, now):
        return self.record(now, "received", session.jid, "<presence/>")[2]

    logout = login


class Debugger(Writer):
    """Openfire's XML debugger from 1.7.4: whole stanzas of a connection, stamps of its own; a newline in a
    body is one in the log."""

    step = 1000
    port = 20000

    def delay_stamp(self, at):
        return civil(at).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at // 1000 % 1000:03}Z"

    def record(self, at, name, kind, xml=""):
        stamp, ordinal = self.tick(at)
        xml = f": {xml}" if xml else ""
        return stamp, ordinal, f"{self.delay_stamp(stamp)} - C2S-STARTTLS {name} - {kind} - (rawDebugger){xml}\n"

    def line(self, line, now, xml=None):
        kind = "RECV" if line.dir == "in" else "SENT"
        xml = xml or st.render(self.resolve(line.stanza), quote='"', cdata=True, order=self.rng.shuffle)
        line.stamp, line.ordinal, text = self.record(now, line.session.name, kind, xml)
        return text

    def bad(self, line, now):
        self.unparsable += 1
        return self.line(line, now, st.render(line.stanza).replace("<body>", "<body><q:x/>"))

    def login(self, session, now):
        self.port += 1
        session.name = name = f"/127.0.0.1:{self.port}"
        bind = '<bind xmlns="urn:ietf:params:xml:ns:xmpp-bind">'
        wanted = st.escape(session.jid.partition("/")[2], True)
        bound = st.escape(session.jid, True)
        stream = '<stream:stream xmlns:stream="http://etherx.jabber.org/streams" xmlns="jabber:client"'
        return "".join(self.record(now, name, kind, xml)[2] for kind, xml in (
            ("OPEN", ""), ("RECV", f'{stream} to="{session.user.host}">'),
            ("SENT", f'<?xml version="1.0"?>{stream} from="{session.user.host}" id="s{self.port}">'),
            ("RECV", '<auth xmlns="urn:ietf:params:xml:ns:xmpp-sasl" mechanism="PLAIN">AGFkYQBzZWNyZXQ=</auth>'),
            ("RECV", f'<iq type="set" id="b">{bind}<resource>{wanted}</resource></bind></iq>'),
            ("SENT", f'<iq type="result" id="b" to="{session.user.host}/s{self.port}">{bind}<jid>{bound}</jid></bind></iq>'),
            ("RECV", "<presence/>")))

    def logout(self, session, now):
        return (self.record(now, session.name, "RECV", '<presence type="unavailable"/>')[2] +
                self.record(now, session.name, "CLSD")[2])


class Openfire(Writer):
    """Message audit log with IQ and presence: one endless line, no direction, 12-hour clock."""

    step = 1000

    def __init__(self, rng, offset=0, closed=True):
        super().__init__(rng, offset)
        self.closed = closed

    def header(self):
        return b'<jive xmlns="http://www.jivesoftware.org">'

    def footer(self):
        return b"</jive>" if self.closed else b""

    def delay_stamp(self, at):
        return civil(at).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at // 1000 % 1000:03}Z"

    def stamp_text(self, stamp):
        t = civil(stamp, self.offset)
        return (f"{MONTHS[t.month - 1]} {t:%d}, {t:%Y} {t.hour % 12 or 12:02}:{t:%M:%S}:"
                f"{t.microsecond // 1000:03} {'PM' if t.hour >= 12 else 'AM'}")

    def packet(self, at, stream, status, xml):
        stamp, ordinal = self.tick(at)
        stream = f' streamID="{stream}"' if stream else ""
        return stamp, ordinal, (
            f'<packet xmlns="http://www.jivesoftware.org"{stream} status="{status}" '
            f'timestamp="{self.stamp_text(stamp)}">{xml}</packet>')

    def xml(self, line):
        stanza = self.resolve(line.stanza)
        attrs = {k: v for k, v in stanza.attrs.items() if k != "from"}
        stanza.attrs = {"xmlns": "", **attrs}
        stanza.attrs["from"] = (line.session.jid if line.dir == "in"
                                else line.stanza.attrs["from"])
        return st.render(stanza, quote='"', cdata=True)

    def line(self, line, now, xml=None):
        xml = xml or self.xml(line)
        before = ""
        if line.stanza.attrs.get("type") == "error":  # seen once more, without a session
            line.stamp, line.ordinal, before = self.packet(now, None, "unknown", xml)
            return before + self.packet(now, line.session.name, "auth", xml)[2]
        line.stamp, line.ordinal, text = self.packet(now, line.session.name, "auth", xml)
        return text

    def bad(self, line, now):
        self.unparsable += 1
        return self.line(line, now, self.xml(line).replace("bad ", "bad &#1;", 1))

    def login(self, session, now):
        letters = "0123456789abcdefghijklmnopqrstuvwxyz"
        session.name = name = "".join(self.rng.choices(letters, k=10))
        bind = '<bind xmlns="urn:ietf:params:xml:ns:xmpp-bind">'
        resource = st.escape(session.jid.partition("/")[2], True)
        jid = st.escape(session.jid, True)
        packets = (
            ("connected", f'<iq xmlns="" type="set" id="b">{bind}<resource>{resource}</resource>'
                          "</bind></iq>"),
            ("auth", f'<iq xmlns="" type="result" id="b" to="{session.user.host}/{name}">{bind}'
                     f"<jid>{jid}</jid></bind></iq>"),
            ("auth", f'<presence xmlns="" from="{jid}"/>'))
        return "".join(self.packet(now, name, status, xml)[2] for status, xml in packets)

    def logout(self, session, now):
        xml = f'<presence xmlns="" type="unavailable" from="{st.escape(session.jid, True)}"/>'
        return self.packet(now, session.name, "closed", xml)[2]


class Ejabberd(Writer):
    """loglevel debug: reads of sockets and written elements as Erlang prints them, among hooks and
    prints of records. A name is a process, used again by another connection."""

    def __init__(self, rng, offset=0, step=1):
        super().__init__(rng, offset)
        self.step = step
        self.names = [f"<0.{600 + number}.0>" for number in range(60)]

    def delay_stamp(self, at):
        text = civil(at).strftime("%Y-%m-%dT%H:%M:%S.%f")
        return (text if self.step == 1 else text[:-3]) + "Z"

    def stamp_text(self, stamp):
        text = civil(stamp, self.offset).strftime("%Y-%m-%d %H:%M:%S.%f")
        if self.step > 1:
            return text[:-3]
        sign, minutes = "-" if self.offset < 0 else "+", abs(self.offset)
        return f"{text}{sign}{minutes // 60:02}:{minutes % 60:02}"

    def record(self, at, level, process, text):
        stamp, ordinal = self.tick(at)
        return stamp, ordinal, f"{self.stamp_text(stamp)} [{level}] {process}{text}\n"

    def plain(self, at, process, text, level="debug"):
        return self.record(at, level, process, text)[2]

    def socket(self, at, process, verb, data):
        text = f" (tcp|{process}) {verb} XML on stream = {erlang(data)}"
        return self.record(at, "notice" if self.step == 1 else "debug", process, text)

    def hook(self, at, process, name):
        return self.plain(at, process, "@ejabberd_hooks:safe_apply/4:315 Running hook "
                                       f"{name}: mod_stream_mgmt:{name}/3")

    def line(self, line, now, xml=None):
        read = line.dir == "in"
        xml = xml or st.render(self.resolve(line.stanza), quote='"' if read else "'", cdata=read,
                               order=self.rng.shuffle)
        name, data, text = line.session.name, xml.encode("utf-8"), ""
        while read and len(data) > 1 and self.rng.random() < 0.2:  # a stanza in several reads
            cut = self.rng.randrange(1, len(data))
            text += self.socket(now, name, "Received", data[:cut])[2] + self.noise(now)
            data = data[cut:]
        line.stamp, line.ordinal, last = self.socket(now, name, "Received" if read else "Send",
                                                     data)
        hook = self.hook(now, name, "c2s_handle_recv" if read else "c2s_handle_send")
        return text + last + hook + self.noise(now)

    def bad(self, line, now):
        self.unparsable += 1
        return self.line(line, now, st.render(line.stanza).replace("<body>", "<body><q:x/>"))

    def noise(self, now):
        if self.rng.random() > 0.2:
            return ""
        return self.plain(now, "<0.999.0>", self.rng.choice((
            "@ejabberd_router:do_route/1:384 Route:\n#message{\n    id = <<\"no\">>,\n"
            "    body = [#text{lang = <<>>,data = <<\"<message to='x@y.example'/>\">>}]}",
            "@mod_mam:store/2:1 Received XML on stream of another kind",
            " (tcp|<0.999.0>) Send XML on stream = <<\"<r xmlns='urn:xmpp:sm:3'/>\">>")))

    def login(self, session, now):
        session.name = name = self.names.pop(self.rng.randrange(min(8, len(self.names))))
        bind = "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>"
        wanted = st.escape(session.jid.partition("/")[2], True)
        bound = st.escape(session.jid, True)
        stream = "<stream:stream xmlns:stream='http://etherx.jabber.org/streams' "
        auth = ("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>"
                "AGFkYQBzZWNyZXQ=</auth>")

        def sent(text):
            return self.socket(now, name, "Send", text.encode("utf-8"))[2]

        def read(text):
            return self.socket(now, name, "Received", text.encode("utf-8"))[2]

        return "".join((
            self.plain(now, "<0.339.0>", f"@ejabberd_listener:accept/7:273 ({name}) Accepted "
                       "connection 127.0.0.1:1 -> 127.0.0.1:2", "info"),
            read(f"{stream}xmlns='jabber:client' to='{session.user.host}'>"),
            sent(f"<?xml version='1.0'?>{stream}xmlns='jabber:client'>"), read(auth),
            read(f"<iq type='set' id='b'>{bind}<resource>{wanted}</resource></bind></iq>"),
            self.plain(now, name, f"@ejabberd_c2s:bind/2:450 (tcp|{name}) Opened c2s session for "
                       + session.jid, "info"),
            sent(f"<iq type='result' id='b'>{bind}<jid>{bound}</jid></bind></iq>"),
            read("<presence xml:lang='en'><priority>1</priority></presence>")))

    def logout(self, session, now):
        name = session.name
        self.names.insert(0, name)
        return (self.socket(now, name, "Received", b"<presence type='unavailable'/></stream:stream>")
                [2] + self.plain(now, name, f"@ejabberd_c2s:process_terminated/2:295 (tcp|{name}) "
                                 f"Closing c2s session for {session.jid}: Stream reset by peer",
                                 "info"))


def erlang(data):
    """io_lib's ~p of a binary."""
    plain = all(32 <= c < 127 or c >= 160 or c in b"\n\r\t\v\b\f\x1b" for c in data)
    if not plain:
        numbers = [str(c) for c in data]
        rows = [",".join(numbers[at:at + 9]) for at in range(0, len(numbers), 9)]
        return "<<" + (",\n" + " " * 40).join(rows) + ">>"
    names = {"\n": "n", "\r": "r", "\t": "t", "\v": "v", "\b": "b", "\f": "f", "\x1b": "e",
             '"': '"', "\\": "\\"}
    text = "".join("\\" + names[c] if c in names else c for c in data.decode("latin-1"))
    return f'<<"{text}">>'


FORMATS = {
    "ejabberd": Ejabberd,
    "ejabberd-lager": lambda rng, offset: Ejabberd(rng, offset, step=1000),
    "observations": Observations,
    "prosody": Prosody,
    "prosody-console": ProsodyConsole,
    "prosody-syslog": ProsodySyslog,
    "openfire-debugger": Debugger,
    "pattern": Pattern,
    "prosody-default": lambda rng, offset: Prosody(rng, offset, iso=False),
    "openfire": Openfire,
    "openfire-open": lambda rng, offset: Openfire(rng, offset, closed=False),
}
