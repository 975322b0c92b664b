# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""TLS for those who have no proxy: pods that were told an address by our DNS. The name that they ask for (SNI, RFC 6066 §3) says where they want to go."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from simulator.world.authority import Authority
from simulator.world.destinations import Destinations, NowhereError
from simulator.world.relay import Traffic, connect, pump

PORT = 443


@dataclass
class Gate:
    """Nothing goes on to the real network from here."""

    destinations: Destinations
    authority: Authority
    address: str
    traffic: Traffic = field(default_factory=Traffic)
    _asked: WeakKeyDictionary[object, str] = field(default_factory=WeakKeyDictionary)

    def context(self) -> ssl.SSLContext:
        """What the listener is given."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.authority.files(self.address))
        context.sni_callback = self._chosen
        return context

    def _chosen(self, connection: ssl.SSLObject, name: str | None, _context: ssl.SSLContext) -> None:
        if name:
            self._asked[connection] = name
            connection.context = self.authority.context(name)

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        name = self._asked.get(writer.get_extra_info("ssl_object"), "")
        try:
            destination = await asyncio.to_thread(self.destinations.find, name, PORT)
            if destination.real or not destination.ends_tls:
                raise NowhereError(f"{name or 'no name'}: asked of the gate for pods, where only AWS answers")
            await pump((reader, writer), await connect(destination.address))
        except NowhereError as error:
            self.traffic.problem(str(error))
        except OSError:
            pass
        finally:
            writer.close()
