# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is in a secret: plain values, values made once and kept, texts composed of both, and a version that reveals nothing."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import secrets
import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import quote

from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput

ALPHABET = string.ascii_letters + string.digits
LENGTH = 32
SHORTEST = 16

_PLACEHOLDER = re.compile(r"\$\{(?P<key>[-._A-Za-z0-9]+)(?:\|(?P<filter>[a-z0-9]+))?\}")
_FILTERS: dict[str, Callable[[str], str]] = {
    "sha256": lambda value: hashlib.sha256(value.encode()).hexdigest(),
    "base64": lambda value: base64.b64encode(value.encode()).decode(),
    "urlencode": lambda value: quote(value, safe=""),
}


@dataclass(frozen=True)
class Generator:
    """How a value is made: ``length`` characters drawn evenly from ``alphabet`` by the system's random source."""

    length: int = LENGTH
    alphabet: str = ALPHABET

    def __post_init__(self) -> None:
        if self.length < SHORTEST or len(set(self.alphabet)) < 10:
            have = f"{self.length} of {len(set(self.alphabet))}"
            raise InvalidInput(f"a generated value needs at least {SHORTEST} characters of an alphabet of at least 10, not {have}")

    def make(self, choose: Callable[[str], str] = secrets.choice) -> str:
        return "".join(choose(self.alphabet) for _ in range(self.length))


def build(
    values: Mapping[str, str],
    generate: Mapping[str, Generator],
    compose: Mapping[str, str],
    kept: Mapping[str, str],
    choose: Callable[[str], str] = secrets.choice,
) -> dict[str, str]:
    """The entries of a secret. ``kept`` are the entries it has today: a generated value that is there stays as it is."""
    twice = sorted((values.keys() & generate.keys()) | (values.keys() & compose.keys()) | (generate.keys() & compose.keys()))
    if twice:
        raise InvalidInput(f"a secret gives the key {', '.join(twice)} twice; use one of values, generate and compose for it")
    data = dict(values) | {key: kept.get(key) or generator.make(choose) for key, generator in generate.items()}
    return data | composed(compose, data)


def composed(templates: Mapping[str, str], data: Mapping[str, str]) -> dict[str, str]:
    """Texts with ``${key}`` or ``${key|filter}`` filled in from the entries (filters: sha256, base64, urlencode)."""

    def fill(match: re.Match[str]) -> str:
        key, name = match["key"], match["filter"]
        if key not in data:
            raise InvalidInput(f"a composed text names the key {key}, which the secret does not have; it has: {', '.join(sorted(data)) or 'none'}")
        if name is None:
            return data[key]
        if name not in _FILTERS:
            raise InvalidInput(f"a composed text uses the filter {name}; there are: {', '.join(sorted(_FILTERS))}")
        return _FILTERS[name](data[key])

    return {key: _PLACEHOLDER.sub(fill, template) for key, template in templates.items()}


def version(salt: bytes, data: Mapping[str, str]) -> str:
    """16 hex digits that change when the entries change.

    An HMAC under a random salt which is kept with the secret: who reads the version (in an annotation, a log, a result) but not
    the secret cannot test guesses against it.
    """
    return hmac.digest(salt, json.dumps(dict(data), sort_keys=True).encode(), "sha256").hex()[:16]
