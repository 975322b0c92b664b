# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The protocols that begin in plain text and go over to TLS when asked to. Each is what its specification says, and not a word more.

What comes in one piece with the last word in plain text was never protected, and a client that takes it for a part of the protected session can
be told lies by whoever sits in between (CVE-2011-0411 and its kind, RFC 3207 §5). It is said, and thrown away.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from xml.sax.saxutils import quoteattr

from ansible_collections.slipway.platform.plugins.module_utils._certificates.endpoints.wire import Steps, Stop, Wire, shown


def begin(protocol: str, wire: Wire, name: str) -> Steps[bool]:
    """Bring a connection to where TLS begins; returns whether something was injected. ``name`` is whom XMPP asks for."""
    yield from DIALOGS[protocol](wire, name)
    return bool(wire.rest().strip(b" \t" if protocol in ("xmpp", "xmpp-server") else b""))


def _refused(wire: Wire, answer: bytes, asked: str) -> Stop:
    return Stop("starttls_refused", f"{wire.peer} answered «{shown(answer)}» to {asked}")


def _reply(wire: Wire, expected: bytes, asked: str) -> Steps[bytes]:
    """A reply of SMTP or FTP, over as many lines as it has (RFC 5321 §4.2.1, RFC 959 §4.2); its code must be the one that is expected."""
    text = line = yield from wire.line()
    while line[3:4] == b"-" or line[:3] != text[:3]:
        line = yield from wire.line()
        text += b"\n" + line
    if text[:3] != expected:
        raise _refused(wire, text, asked)
    return text


def _smtp(wire: Wire, _: str) -> Steps[None]:
    """RFC 3207."""
    yield from _reply(wire, b"220", "the connection (SMTP greets with 220)")
    own = wire.local_address.partition("%")[0]
    yield from wire.send(f"EHLO [{'IPv6:' if ':' in own else ''}{own}]\r\n".encode())
    offered = yield from _reply(wire, b"250", "EHLO")
    if not any(line[4:].split(b" ")[0].strip().upper() == b"STARTTLS" for line in offered.split(b"\n")[1:]):
        raise Stop("starttls_refused", f"{wire.peer} does not offer STARTTLS")
    yield from wire.send(b"STARTTLS\r\n")
    yield from _reply(wire, b"220", "STARTTLS")


def _ftp(wire: Wire, _: str) -> Steps[None]:
    """RFC 4217 §4."""
    yield from _reply(wire, b"220", "the connection (FTP greets with 220)")
    yield from wire.send(b"AUTH TLS\r\n")
    yield from _reply(wire, b"234", "AUTH TLS")


def _pop3(wire: Wire, _: str) -> Steps[None]:
    """RFC 2595 §4."""
    for asked, command in (("the connection (POP3 greets with +OK)", b""), ("STLS", b"STLS\r\n")):
        yield from wire.send(command)
        line = yield from wire.line()
        if not line.startswith(b"+OK"):
            raise _refused(wire, line, asked)


def _imap(wire: Wire, _: str) -> Steps[None]:
    """RFC 9051 §6.2.1."""
    line = yield from wire.line()
    if not line.upper().startswith(b"* OK"):
        raise _refused(wire, line, "the connection (IMAP greets with * OK)")
    yield from wire.send(b"a STARTTLS\r\n")
    while (line := (yield from wire.line())).startswith(b"*"):
        pass
    if not line.upper().startswith(b"A OK"):
        raise _refused(wire, line, "STARTTLS")


# LDAPMessage with messageID 1 and an ExtendedRequest for 1.3.6.1.4.1.1466.20037 (RFC 4511 §4.14).
_START_LDAP = b"\x30\x1d\x02\x01\x01\x77\x18\x80\x161.3.6.1.4.1.1466.20037"


def _ldap(wire: Wire, _: str) -> Steps[None]:
    yield from wire.send(_START_LDAP)
    body = yield from _message(wire)
    # messageID, then [APPLICATION 24] ExtendedResponse, which begins with its resultCode (ENUMERATED); lengths may be in the long form.
    found = re.match(rb"\x02\x01\x01\x78(?:[\x00-\x7f]|\x81.|\x82..|\x83...|\x84....)\x0a\x01(.)", body, re.DOTALL)
    if not found:
        raise _refused(wire, body, "StartTLS, which LDAP does not")
    if found[1] != b"\0":
        raise Stop("starttls_refused", f"{wire.peer} answered the LDAP result {found[1][0]} to StartTLS")


def _message(wire: Wire) -> Steps[bytes]:
    """Content of an LDAPMessage, a BER sequence of a definite length (RFC 4511 §5.1)."""
    head = yield from wire.exactly(2)
    tag, length = head
    if length & 0x80:
        long = yield from wire.exactly(min(length & 0x7F, 4))
        length = int.from_bytes(long, "big") if length <= 0x84 else 0
    if tag != 0x30 or not 0 < length < 65536:
        raise Stop("starttls_refused", f"{wire.peer} does not speak LDAP: it answered «{shown(head + wire.rest())}»")
    return (yield from wire.exactly(length))


def _postgres(wire: Wire, _: str) -> Steps[None]:
    """SSLRequest (PostgreSQL's frontend/backend protocol)."""
    yield from wire.send((8).to_bytes(4, "big") + (80877103).to_bytes(4, "big"))
    answer = yield from wire.exactly(1)
    if answer == b"N":
        raise Stop("starttls_refused", f"{wire.peer} has TLS switched off (it answered N to SSLRequest)")
    if answer != b"S":
        raise _refused(wire, answer + wire.rest(), "SSLRequest")


_MYSQL_SSL, _MYSQL_41, _MYSQL_SECURE = 0x800, 0x200, 0x8000


def _mysql(wire: Wire, _: str) -> Steps[None]:
    """Protocol::SSLRequest, the answer to HandshakeV10 (MySQL's client/server protocol)."""
    header = yield from wire.exactly(4)
    size = int.from_bytes(header[:3], "little")
    if size > 65535:
        raise _refused(wire, header + wire.rest(), "the connection (MySQL greets first)")
    greeting = yield from wire.exactly(size)
    if greeting[:1] == b"\xff":  # ERR_Packet: for example a host that may not connect
        raise _refused(wire, greeting[3:], "the connection")
    version, _end, behind = greeting[1:].partition(b"\0")
    if greeting[:1] != b"\x0a" or len(behind) < 15:
        raise _refused(wire, header + greeting, "the connection (MySQL greets first)")
    if not int.from_bytes(behind[13:15], "little") & _MYSQL_SSL:  # behind thread id (4), salt (8) and a filler (1)
        raise Stop("starttls_refused", f"{wire.peer} (MySQL {shown(version)}) has TLS switched off")
    request = (_MYSQL_SSL | _MYSQL_41 | _MYSQL_SECURE).to_bytes(4, "little") + (1 << 24).to_bytes(4, "little") + b"\x21" + bytes(23)
    yield from wire.send(len(request).to_bytes(3, "little") + bytes([header[3] + 1 & 0xFF]) + request)


_FEATURES = re.compile(rb"</(?:[\w-]+:)?features\s*>|<(?:[\w-]+:)?features\s*/>|<(?:[\w-]+:)?error\b|</(?:[\w-]+:)?stream\s*>")
_PROCEED = re.compile(rb"<proceed\b[^>]*/>|<proceed\b[^>]*[^/>]>\s*</proceed\s*>|<failure\b|<(?:[\w-]+:)?error\b|</(?:[\w-]+:)?stream\s*>")


def _xmpp(wire: Wire, name: str, namespace: str = "jabber:client") -> Steps[None]:
    """RFC 6120 §5.4.2."""
    stream = f"<stream:stream xmlns='{namespace}' xmlns:stream='http://etherx.jabber.org/streams' to={quoteattr(name)} version='1.0'>"
    yield from wire.send(f"<?xml version='1.0'?>{stream}".encode())
    found = yield from wire.until(_FEATURES)
    said = found.string[: found.end()]
    if b"features" not in found.group():
        raise _refused(wire, said, "the stream")
    if not re.search(rb"<starttls[\s/>]", said):
        raise Stop("starttls_refused", f"{wire.peer} does not offer STARTTLS")
    yield from wire.send(b"<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")
    found = yield from wire.until(_PROCEED)
    if not found.group().startswith(b"<proceed"):
        raise _refused(wire, found.string[: found.end()], "STARTTLS")


def _xmpp_server(wire: Wire, name: str) -> Steps[None]:
    yield from _xmpp(wire, name, "jabber:server")


DIALOGS: Mapping[str, Callable[[Wire, str], Steps[None]]] = MappingProxyType(
    {
        "ftp": _ftp,
        "imap": _imap,
        "ldap": _ldap,
        "mysql": _mysql,
        "pop3": _pop3,
        "postgres": _postgres,
        "smtp": _smtp,
        "xmpp": _xmpp,
        "xmpp-server": _xmpp_server,
    }
)
