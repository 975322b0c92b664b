# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a certificate is to be ordered: what is held, who made it, and when its issuer wants it renewed (RFC 9773).

<folder>/acme/<name>.json    the directory that a certificate is of, and what its issuer said of its renewal
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ansible_collections.slipway.platform.plugins.module_utils import _files
from ansible_collections.slipway.platform.plugins.module_utils._acme.client import Client, content
from ansible_collections.slipway.platform.plugins.module_utils._acme.wanted import Request
from ansible_collections.slipway.platform.plugins.module_utils._certificates import ari, read
from ansible_collections.slipway.platform.plugins.module_utils._certificates.model import Window, stamp
from ansible_collections.slipway.platform.plugins.module_utils._errors import SlipwayError
from ansible_collections.slipway.platform.plugins.module_utils._oci.client import wait_of
from ansible_collections.slipway.platform.plugins.module_utils._tls.authority import renewal_due
from ansible_collections.slipway.platform.plugins.module_utils._tls.held import Held
from ansible_collections.slipway.platform.plugins.module_utils._tls.wanted import Leaf
from cryptography.hazmat.primitives import serialization

_ASK_AGAIN = timedelta(hours=6)  # where the issuer does not say (RFC 9773 §4.3.2)
_LONGEST = timedelta(days=1)


@dataclass(frozen=True)
class Record:
    """``sha256``: of the certificate that it is about. ``ask_again``: before that the issuer is not asked for the window."""

    directory: str = ""
    sha256: str = ""
    window: Window | None = None
    ask_again: datetime | None = None

    def told(self) -> str:
        window = [stamp(self.window.start), stamp(self.window.end)] if self.window else None
        return json.dumps({"directory": self.directory, "sha256": self.sha256, "window": window, "ask_again": stamp(self.ask_again)})


def record_file(request: Request, leaf: Leaf) -> Path:
    return request.folder / "acme" / f"{leaf.name}.json"


def record(request: Request, leaf: Leaf) -> Record:
    try:
        known = json.loads(record_file(request, leaf).read_bytes())
        window = known["window"]
        found = Window(_moment(window[0]), _moment(window[1]), "") if window else None
        return Record(known["directory"], known["sha256"], found, _moment(known["ask_again"]) if known["ask_again"] else None)
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return Record()


def keep(request: Request, leaf: Leaf, known: Record) -> None:
    _files.make_private_folder(record_file(request, leaf).parent)
    _files.write(record_file(request, leaf), known.told())


def name_of(pair: Held) -> str | None:
    """What renewal information and orders call the certificate that is held."""
    if pair.certificate is None:
        return None
    return ari.certificate_id(read.certificate(pair.certificate.public_bytes(serialization.Encoding.DER)))


def asked(client: Client, known: Record, pair: Held, now: datetime) -> Record:
    """The record with the window as the issuer says it now. An issuer that does not answer takes nothing away."""
    name = name_of(pair)
    assert pair.facts
    if name is None or now >= pair.facts.not_after or (known.ask_again and now < known.ask_again):
        return known
    try:
        place = client.place("renewalInfo")
        if not place:
            return known
        answer = client.ask(f"{place.rstrip('/')}/{name}", "renewal information")
        window = ari.window_of(content(answer, "renewal information"), answer.url)
    except SlipwayError:
        return known
    said = answer.header("retry-after")
    wait = min(timedelta(seconds=wait_of(said, now.timestamp())), _LONGEST) if said else _ASK_AGAIN
    return replace(known, window=window, ask_again=now + wait)


def why(pair: Held, leaf: Leaf, request: Request, known: Record, now: datetime) -> str:
    """Why a certificate is ordered, in words; "" if what is held is as wanted."""
    facts = pair.facts
    if pair.fault or facts is None:
        return pair.fault or "it does not exist"
    if known.sha256 != facts.sha256:
        return "it was not ordered here"
    if known.directory != request.directory:
        return "another CA made it"
    if (set(facts.dns), set(facts.ip)) != (set(leaf.dns), set(leaf.ip)):
        return "its names changed"
    if facts.not_after - now <= facts.lifetime / 6:
        return "a sixth of its lifetime is left"
    if known.window:
        return "its issuer wants it renewed" if now >= moment_in(known.window, facts.sha256) else ""
    return "a third of its lifetime is left" if renewal_due(facts, now) else ""


def moment_in(window: Window, name: str) -> datetime:
    """When in its window a certificate is renewed (RFC 9773 §4.2: at random, so that not all come at once); always the same for one certificate."""
    part = int.from_bytes(hashlib.sha256(name.encode()).digest()[:4]) / 2**32
    return window.start + (window.end - window.start) * part


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
