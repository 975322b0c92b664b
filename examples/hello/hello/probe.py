# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Can this pod reach an address? ``python -m hello probe tcp://host:port`` is evidence for network policies, where no shell is."""

from __future__ import annotations

import socket
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

PORTS = {"http": 80, "https": 443, "postgresql": 5432, "redis": 6379}


@dataclass(frozen=True)
class Outcome:
    """outcome is open, refused, timeout, unresolved or unreachable: a policy shows as timeout, a dead server as refused."""

    target: str
    outcome: str
    milliseconds: int
    detail: str = ""


def parse(target: str) -> tuple[str, int]:
    """Host and port of ``tcp://host:port``, ``host:port``, or a URL whose scheme has a well-known port."""
    parts = urlsplit(target if "://" in target else f"tcp://{target}")
    port = parts.port or PORTS.get(parts.scheme)
    if not parts.hostname or not port:
        raise ValueError(f"{target!r}: expected tcp://host:port")
    return parts.hostname, port


def probe(target: str, timeout: float) -> Outcome:
    """Open a TCP connection and close it; never raises for what the network does."""
    address = parse(target)
    started = time.monotonic()
    outcome, detail = "open", ""
    try:
        socket.create_connection(address, timeout).close()
    except socket.gaierror as error:
        outcome, detail = "unresolved", str(error)
    except TimeoutError:
        outcome = "timeout"
    except ConnectionRefusedError:
        outcome = "refused"
    except OSError as error:
        outcome, detail = "unreachable", str(error)
    return Outcome(target, outcome, round((time.monotonic() - started) * 1000), detail)
