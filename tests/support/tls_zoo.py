# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""TLS servers as they are met in the wild, good, bad and none at all, in this process. Each is an animal with a port on 127.0.0.1.

All certificates are judged at ``pki.NOW`` and, but for those that are not, issued by ``zoo.root`` for ``zoo.test``. An animal counts its visitors.
"""

from __future__ import annotations

import selectors
import socket
import ssl
import struct
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from support import pki
from support.pki import DAY, NOW, Issued
from support.tls import relay

NAME = "zoo.test"
_PATIENCE = 20.0  # seconds that an animal waits for a visitor who does not go on
Handler = Callable[[socket.socket], None]
FOREVER = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)


class Cage:
    """Listeners on 127.0.0.1, each with a handler; every connection has a thread. ``ports`` and ``visits`` by name."""

    def __init__(self) -> None:
        self.ports: dict[str, int] = {}
        self.visits: dict[str, int] = {}
        self._handlers: dict[socket.socket, tuple[str, Handler]] = {}
        self._open: set[socket.socket] = set()
        self._kept: list[socket.socket] = []
        self._lock = threading.Lock()

    def add(self, name: str, handler: Handler) -> None:
        listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.ports[name], self.visits[name] = listener.getsockname()[1], 0
        self._handlers[listener] = (name, handler)

    def add_dead(self, name: str) -> None:
        """A port that answers nothing: its queue is full, so the kernel drops whoever wants to connect."""
        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        self._kept.append(listener)
        for _ in range(2):
            waiting = socket.socket()
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
            self._kept.append(waiting)
        self.ports[name], self.visits[name] = listener.getsockname()[1], 0

    def add_refused(self, name: str) -> None:
        """A port that is taken, and where nobody listens."""
        taken = socket.socket()
        taken.bind(("127.0.0.1", 0))
        self._kept.append(taken)
        self.ports[name], self.visits[name] = taken.getsockname()[1], 0

    @contextmanager
    def open(self) -> Iterator[None]:
        ring, bell = socket.socketpair()
        keeper = threading.Thread(target=self._keep, args=(bell,))
        keeper.start()
        try:
            yield
        finally:
            ring.close()
            keeper.join()
            bell.close()
            with self._lock:
                for connection in self._open:
                    with suppress(OSError):
                        connection.shutdown(socket.SHUT_RDWR)
            for each in (*self._handlers, *self._kept):
                each.close()

    def _keep(self, bell: socket.socket) -> None:
        with selectors.DefaultSelector() as selector:
            for each in (bell, *self._handlers):
                selector.register(each, selectors.EVENT_READ)
            while True:
                for key, _ in selector.select():
                    if key.fileobj is bell:
                        return
                    assert isinstance(key.fileobj, socket.socket)
                    name, handler = self._handlers[key.fileobj]
                    connection, _ = key.fileobj.accept()
                    connection.settimeout(_PATIENCE)
                    self.visits[name] += 1
                    threading.Thread(target=self._serve, args=(handler, connection), daemon=True).start()

    def _serve(self, handler: Handler, connection: socket.socket) -> None:
        with self._lock:
            self._open.add(connection)
        with connection, suppress(OSError):  # ssl.SSLError is one
            handler(connection)
        with self._lock:
            self._open.discard(connection)


class Zoo(Cage):
    """``root``: whom visitors trust; ``folder``: where its certificates are, ``root.pem`` among them."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder
        self.root = pki.authority("Zoo Root")
        self.intermediate = pki.authority("Zoo Intermediate", self.root)
        (folder / "root.pem").write_bytes(self.root.pem)

    def leaf(self, name: str = NAME, issuer: Issued | None = None, **options: object) -> Issued:
        return pki.issue(name, issuer or self.intermediate, **{"names": [name], **options})  # type: ignore[arg-type]

    def file(self, issued: Issued, *others: Issued, key: bool = True) -> Path:
        """A PEM file with a key, its certificate and those behind it."""
        path = self.folder / f"{issued.x509.serial_number:x}-{len(others)}.pem"
        path.write_bytes((issued.key_pem if key else b"") + issued.pem + b"".join(other.pem for other in others))
        return path


def context(pem: Path, **settings: object) -> ssl.SSLContext:
    """A server's context; ``settings`` are attributes of SSLContext, and ``ciphers``."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.set_ciphers(str(settings.pop("ciphers", "DEFAULT:@SECLEVEL=0")))
    made.load_cert_chain(pem)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of protocols that must not be spoken any more
        for name, value in settings.items():
            setattr(made, name, value)
    return made


def tls(made: ssl.SSLContext) -> Handler:
    """Shakes hands, and listens until the visitor leaves."""

    def handle(connection: socket.socket) -> None:
        with made.wrap_socket(connection, server_side=True, suppress_ragged_eofs=True) as secured:
            while secured.recv(4096):
                pass

    return handle


# --- who speaks no TLS


def says(greeting: bytes, first: bool = True) -> Handler:
    """Says one thing, before or after it heard something, and waits."""

    def handle(connection: socket.socket) -> None:
        if not first:
            connection.recv(4096)
        connection.sendall(greeting)
        connection.recv(4096)

    return handle


def silent(connection: socket.socket) -> None:
    while connection.recv(4096):
        pass


def resets(connection: socket.socket) -> None:
    connection.recv(4096)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def closes(connection: socket.socket) -> None:
    connection.recv(4096)


# --- who begins in plain text: what to say first, then pairs of what to wait for and what to say then


def talks(greeting: bytes, *turns: tuple[bytes, bytes], then: Handler | None = None) -> Handler:
    def handle(connection: socket.socket) -> None:
        connection.sendall(greeting)
        for expected, answer in turns:
            heard = b""
            while expected not in heard:
                data = connection.recv(1)  # no byte of what comes behind
                if not data:
                    return
                heard += data
            connection.sendall(answer)
        (then or silent)(connection)

    return handle


def slowly(handler: Handler) -> Handler:
    """The same, every byte a packet of its own."""

    class Slow:
        def __init__(self, connection: socket.socket) -> None:
            self._connection = connection
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

        def sendall(self, data: bytes) -> None:
            for byte in data:
                self._connection.sendall(bytes([byte]))

        def recv(self, size: int) -> bytes:
            return self._connection.recv(size)

    return lambda connection: handler(Slow(connection))  # type: ignore[arg-type]


def in_turn(*handlers: Handler) -> Handler:
    def handle(connection: socket.socket) -> None:
        for each in handlers:
            each(connection)

    return handle


_XML = b"<?xml version='1.0'?><stream:stream xmlns:stream='http://etherx.jabber.org/streams' id='1' from='zoo.test' version='1.0'>"
_FEATURES = _XML + b"<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls></stream:features>"
_EHLO = b"250-zoo.test\r\n250-SIZE 1000\r\n250-starttls\r\n250 HELP\r\n"
_MYSQL_ASKED = b"\x21" + bytes(23)  # how an SSLRequest ends


def mysql_greeting(flags: int) -> bytes:
    body = b"\x0a8.0.36\0" + bytes(4) + b"saltsalt\0" + flags.to_bytes(2, "little") + b"\x21\x02\0" + bytes(13)
    return len(body).to_bytes(3, "little") + b"\0" + body


def ldap_answer(result: int, long: bool = False) -> bytes:
    """As OpenLDAP writes it, or with lengths in four bytes as Active Directory does."""
    body = b"\x0a\x01" + bytes([result]) + b"\x04\0\x04\0"
    if not long:
        return pki.element(0x30, b"\x02\x01\x01" + pki.element(0x78, body))
    inner = b"\x78\x84" + len(body).to_bytes(4, "big") + body
    return b"\x30\x84" + (len(inner) + 3).to_bytes(4, "big") + b"\x02\x01\x01" + inner


# How each protocol gets to TLS.
STARTTLS: Mapping[str, tuple[bytes, tuple[tuple[bytes, bytes], ...]]] = {
    "smtp": (b"220-zoo.test ESMTP\r\n220-no spam\r\n220 please\r\n", ((b"]\r\n", _EHLO), (b"STARTTLS\r\n", b"220 2.0.0 go ahead\r\n"))),
    "imap": (b"* OK [CAPABILITY IMAP4rev1 STARTTLS] ready\r\n", ((b"STARTTLS\r\n", b"* CAPABILITY IMAP4rev1\r\na OK begin\r\n"),)),
    "pop3": (b"+OK ready\r\n", ((b"STLS\r\n", b"+OK begin\r\n"),)),
    "ftp": (b"220-zoo.test\r\nwelcome to 220 animals\r\n220 ready\r\n", ((b"AUTH TLS\r\n", b"234 begin\r\n"),)),
    "ldap": (b"", ((b"1466.20037", ldap_answer(0)),)),
    "postgres": (b"", ((b"\x04\xd2\x16\x2f", b"S"),)),
    "mysql": (mysql_greeting(0xFFFF), ((_MYSQL_ASKED, b""),)),
    "xmpp": (b"", ((b"'1.0'>", _FEATURES), (b"xmpp-tls'/>", b"<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"))),
    "xmpp-server": (b"", ((b"jabber:server", b""), (b"'1.0'>", _FEATURES), (b"xmpp-tls'/>", b"<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'></proceed>"))),
}
REFUSALS: Mapping[str, tuple[str, Handler]] = {
    "smtp says 454": ("smtp", talks(b"220 zoo\r\n", (b"]\r\n", _EHLO), (b"STARTTLS\r\n", b"454 4.7.0 not now\r\n"))),
    "smtp greets with 554": ("smtp", talks(b"554 go away\r\n")),
    "smtp does not offer it": ("smtp", talks(b"220 zoo\r\n", (b"]\r\n", b"250-zoo\r\n250 HELP\r\n"))),
    "smtp knows no EHLO": ("smtp", talks(b"220 zoo\r\n", (b"]\r\n", b"502 5.5.1 what?\r\n"))),
    "imap says NO": ("imap", talks(b"* OK\r\n", (b"STARTTLS\r\n", b"* BYE\r\na NO not now\r\n"))),
    "imap greets with BYE": ("imap", talks(b"* BYE too many\r\n")),
    "pop3 says -ERR": ("pop3", talks(b"+OK\r\n", (b"STLS\r\n", b"-ERR unknown command\r\n"))),
    "ftp says 530": ("ftp", talks(b"220 zoo\r\n", (b"AUTH TLS\r\n", b"530-no\r\n530 never\r\n"))),
    "ldap says protocolError": ("ldap", talks(b"", (b"1466.20037", ldap_answer(2, long=True)))),
    "ldap is none": ("ldap", talks(b"HTTP/1.1 400 Bad Request\r\n\r\n")),
    "postgres says N": ("postgres", talks(b"", (b"\x04\xd2\x16\x2f", b"N"))),
    "postgres says E": ("postgres", talks(b"", (b"\x04\xd2\x16\x2f", b"EFATAL: no\0"))),
    "mysql without TLS": ("mysql", talks(mysql_greeting(0xF7FF))),
    "mysql blocks the host": ("mysql", talks(b"\x2f\0\0\0\xff\x69\x04Host 'x' is blocked because of many errors...")),
    "xmpp says failure": ("xmpp", talks(b"", (b"'1.0'>", _FEATURES), (b"xmpp-tls'/>", b"<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:stream>"))),
    "xmpp does not offer it": ("xmpp", talks(b"", (b"'1.0'>", _XML + b"<stream:features/>"))),
    "xmpp knows no such host": ("xmpp", talks(b"", (b"'1.0'>", _XML + b"<stream:error><host-unknown/></stream:error></stream:stream>"))),
}


# --- who connects to others


def proxy(answer: bytes = b"HTTP/1.1 200 Connection established\r\nX-Proxy: zoo\r\n\r\n", heard: list[bytes] | None = None, to: int = 0) -> Handler:
    """Answers CONNECT, and relays if the answer is 2xx: to the port that is asked for, or to another."""

    def handle(connection: socket.socket) -> None:
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            data = connection.recv(1)
            if not data:
                return
            head += data
        if heard is not None:
            heard.append(head)
        if b" 2" not in answer[:10]:
            connection.sendall(answer)
            return
        port = to or int(head.split()[1].rpartition(b":")[2])
        with socket.create_connection(("127.0.0.1", port), _PATIENCE) as inside:
            connection.sendall(answer)
            back = threading.Thread(target=relay, args=(inside, connection), daemon=True)
            back.start()
            relay(connection, inside)
            back.join()

    return handle


# --- the animals


def populate(zoo: Zoo) -> None:
    _with_certificates(zoo)
    _with_protocols(zoo)
    good = tls(context(zoo.file(zoo.leaf(), zoo.intermediate)))
    for protocol, (greeting, turns) in STARTTLS.items():
        zoo.add(protocol, talks(greeting, *turns, then=good))
    for name, (_, handler) in REFUSALS.items():
        zoo.add(name, handler)
    for protocol, injected in {"smtp": b"250 HELP\r\n", "imap": b"* PREAUTH hello\r\n", "postgres": b"R\0\0\0\x08\0\0\0\0\n"}.items():
        greeting, turns = STARTTLS[protocol]
        *before, (expected, answer) = turns
        zoo.add(f"{protocol} injects", talks(greeting, *before, (expected, answer + injected), then=good))
    greeting, turns = STARTTLS["smtp"]
    zoo.add("smtp, byte by byte", in_turn(slowly(talks(greeting, *turns, then=lambda _: None)), good))
    zoo.add("smtp, then plain", talks(greeting, *turns, (b"\x16", b"454 not now after all\r\n"), then=closes))
    zoo.add("http", says(b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/html\r\n\r\n", first=False))
    zoo.add("ssh", says(b"SSH-2.0-OpenSSH_9.2p1\r\n"))
    zoo.add("smtp without starttls", says(b"220 zoo.test ESMTP\r\n"))
    zoo.add("binary", says(b"\0\x01\x1b[31mred\n"))
    for name, handler in {"silent": silent, "resets": resets, "closes": closes}.items():
        zoo.add(name, handler)
    zoo.add_dead("dead")
    zoo.add_refused("refused")


def _with_certificates(zoo: Zoo) -> None:
    root, middle, leaf = zoo.root, zoo.intermediate, zoo.leaf

    def shows(name: str, *chain: Issued) -> None:
        zoo.add(name, tls(context(zoo.file(*chain))))

    other = pki.authority("Other Root")
    old = pki.authority("Old Intermediate", root, ends=NOW - DAY)
    shows("good", leaf(), middle)
    shows("expired leaf", leaf(ends=NOW - DAY), middle)
    shows("expires soon", leaf(ends=NOW + DAY), middle)
    shows("expired intermediate", leaf(issuer=old), old)
    shows("wrong name", leaf("other.test"), middle)
    shows("common name only", leaf(names=[]), middle)
    shows("self-signed", pki.issue(NAME, names=[NAME]))
    shows("unknown root", leaf(issuer=other), other)
    shows("unknown issuer", leaf(issuer=pki.authority("Other Intermediate", other)), pki.authority("Another", other))
    shows("missing intermediate", leaf())
    shows("root sent", leaf(), middle, root)
    shows("not yet valid", leaf(begins=NOW + DAY), middle)
    shows("wildcard", leaf(names=["*.zoo.test"]), middle)
    shows("address", leaf(names=["127.0.0.1"]), middle)
    shows("international", leaf(names=["xn--bcher-kva.zoo.test"]), middle)
    shows("Ed25519", leaf(key=ed25519.Ed25519PrivateKey.generate()), middle)
    shows("P-521", leaf(key=ec.generate_private_key(ec.SECP521R1())), middle)
    rsa_root = pki.authority("RSA", root, key=rsa.generate_private_key(65537, 2048))
    pss = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH)
    shows("RSA-PSS", leaf(issuer=rsa_root, key=rsa.generate_private_key(65537, 2048), padding=pss), rsa_root)
    shows("weak key", leaf(key=rsa.generate_private_key(65537, 1024)), middle)
    # A root that lasts to the end of the calendar, in GeneralizedTime as everything beyond 2049 (RFC 5280 §4.1.2.5).
    lasting = pki.authority("Lasting Root", ends=FOREVER)
    shows("beyond 2050", leaf(issuer=lasting, ends=datetime(2060, 2, 29, tzinfo=UTC)), lasting)
    (zoo.folder / "lasting.pem").write_bytes(lasting.pem)
    crossed = pki.issue("Zoo Root", other, ca=True, key=root.key, begins=NOW - 1000 * DAY, ends=NOW - DAY)
    shows("expired cross-sign", leaf(), middle, crossed)


def _with_protocols(zoo: Zoo) -> None:
    pem = zoo.file(zoo.leaf(), zoo.intermediate)
    v1, v12, v13 = (getattr(ssl.TLSVersion, name) for name in ("TLSv1", "TLSv1_2", "TLSv1_3"))
    wants = {"verify_mode": ssl.CERT_REQUIRED}
    for name, settings in {"mTLS 1.2": {"maximum_version": v12, **wants}, "mTLS 1.3": {"minimum_version": v13, **wants}}.items():
        made = context(pem, **settings)
        made.load_verify_locations(zoo.folder / "root.pem")
        zoo.add(name, tls(made))
    zoo.add("TLS 1.2", tls(context(pem, maximum_version=v12)))
    other_group = context(pem, minimum_version=v13)
    other_group.set_ecdh_curve("secp384r1")
    zoo.add("another key exchange", tls(other_group))
    zoo.add("TLS 1.0", tls(context(pem, minimum_version=v1, maximum_version=v1)))
    rsa_leaf = zoo.file(zoo.leaf(key=rsa.generate_private_key(65537, 2048)), zoo.intermediate)
    zoo.add("old cipher", tls(context(rsa_leaf, maximum_version=v12, ciphers="AES256-SHA:@SECLEVEL=0")))

    def alert_without(_: ssl.SSLObject, name: str | None, __: ssl.SSLContext) -> int | None:
        return None if name else ssl.ALERT_DESCRIPTION_INTERNAL_ERROR

    def alert_with(_: ssl.SSLObject, name: str | None, __: ssl.SSLContext) -> int | None:
        return ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME if name else None

    zoo.add("alert without SNI", tls(context(pem, sni_callback=alert_without)))
    zoo.add("alert with SNI", tls(context(pem, sni_callback=alert_with)))
