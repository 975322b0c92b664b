# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A name server for pods: what is the simulated AWS's is answered, everything else is asked of the machine's resolvers (RFC 1035, UDP and TCP)."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import dns.asyncquery
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdatatype
import dns.resolver
import dns.rrset

from simulator.world.names import Answer, Names, Record

_IDLE_SECONDS = 30.0
_PLAIN_UDP = 512  # bytes, without EDNS
_MOST_UDP = 1232


def machine_resolvers() -> list[tuple[str, int]]:
    """Addresses and ports, as /etc/resolv.conf has them; none, if it has none."""
    try:
        found = dns.resolver.Resolver()
    except dns.resolver.NoResolverConfiguration:
        return []
    return [(str(address), found.port) for address in found.nameservers]


@dataclass(frozen=True)
class Server:
    names: Names
    resolvers: Sequence[tuple[str, int]]
    report: Callable[[str], None] = field(default=lambda _: None)
    seconds: float = 5.0  # that each resolver has

    async def answered(self, wire: bytes, udp: bool) -> bytes | None:
        """The answer to a message; None to what is no message."""
        try:
            query = dns.message.from_wire(wire)
            if query.flags & dns.flags.QR:
                return None
        except (dns.exception.DNSException, ValueError):
            return None
        try:
            response = await self._response(query)
        except dns.exception.DNSException as error:  # a record whose value Route 53 would have refused
            self.report(f"{query.question[0].name}: its records can't be answered: {type(error).__name__}")
            response = _failed(dns.message.make_response(query))
        most = min(max(query.payload, _PLAIN_UDP), _MOST_UDP) if udp else 65535
        return response.to_wire(max_size=most, prefer_truncation=True)

    async def _response(self, query: dns.message.Message) -> dns.message.Message:
        response = dns.message.make_response(query, recursion_available=True)
        if query.opcode() != dns.opcode.QUERY or len(query.question) != 1:
            response.set_rcode(dns.rcode.NOTIMP)
            return response
        question = query.question[0]
        found = await asyncio.to_thread(self.names.answer, question.name.to_text(), dns.rdatatype.to_text(question.rdtype))
        if not found.zone:
            return await self._forwarded(query) or _failed(response)
        _fill(response, found)
        last = found.records[-1] if found.records else None
        if last and last.type == "CNAME" and question.rdtype != dns.rdatatype.CNAME:
            beyond = await self._forwarded(dns.message.make_query(f"{last.value.rstrip('.')}.", question.rdtype))
            response.answer += beyond.answer if beyond else []
        return response

    async def _forwarded(self, query: dns.message.Message) -> dns.message.Message | None:
        for address, port in self.resolvers:
            with contextlib.suppress(dns.exception.DNSException, OSError, EOFError):
                answer, _ = await dns.asyncquery.udp_with_fallback(query, address, self.seconds, port=port)
                return answer
        return None

    async def tcp(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection; as many messages as come."""
        try:
            while True:
                size = int.from_bytes(await asyncio.wait_for(reader.readexactly(2), _IDLE_SECONDS))
                answer = await self.answered(await asyncio.wait_for(reader.readexactly(size), _IDLE_SECONDS), udp=False)
                if answer is None:
                    return
                writer.write(len(answer).to_bytes(2) + answer)
                await writer.drain()
        except (asyncio.IncompleteReadError, TimeoutError, OSError):
            pass
        finally:
            writer.close()

    def udp(self) -> asyncio.DatagramProtocol:
        return _Datagrams(self)


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, server: Server) -> None:
        self._server = server
        self._transport: Any = None
        self._work: set[asyncio.Task[None]] = set()

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        task = asyncio.get_running_loop().create_task(self._answer(data, addr))
        self._work.add(task)
        task.add_done_callback(self._work.discard)

    async def _answer(self, data: bytes, addr: Any) -> None:
        answer = await self._server.answered(data, udp=True)
        if answer is not None:
            self._transport.sendto(answer, addr)


def _fill(response: dns.message.Message, found: Answer) -> None:
    response.flags |= dns.flags.AA
    owners = dict.fromkeys((record.name, record.type) for record in found.records)
    for owner in owners:
        same = [record for record in found.records if (record.name, record.type) == owner]
        response.answer.append(_set(same))
    if not found.records:
        zone = found.zone
        response.authority.append(dns.rrset.from_text(f"{zone}.", 5, "IN", "SOA", f"ns.{zone}. awsdns-hostmaster.amazon.com. 1 7200 900 1209600 5"))
        if not found.exists:
            response.set_rcode(dns.rcode.NXDOMAIN)


def _set(records: list[Record]) -> dns.rrset.RRset:
    """Names in Route 53 are whole, with a dot at their end or without."""
    first = records[0]
    return dns.rrset.from_text_list(f"{first.name}.", first.ttl, "IN", first.type, [record.value for record in records], origin=dns.name.root, relativize=False)


def _failed(response: dns.message.Message) -> dns.message.Message:
    response.set_rcode(dns.rcode.SERVFAIL)
    return response
