# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asking hello for a greeting: a deadline on each try, one retry, and the request's id passed on."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

TRIES = 2
TIMEOUT_SECONDS = 1.5
PAUSE_SECONDS = 0.1


class SilenceError(Exception):
    """hello gave no greeting; the message says why, for the logs."""


class RefusedError(Exception):
    """hello understood the request and refused it; the message is its own, for the visitor."""


@dataclass(frozen=True)
class Hello:
    """Where hello is. A new connection for each request lets Kubernetes choose a pod each time."""

    host: str
    port: int

    @classmethod
    def at(cls, url: str) -> Hello:
        """Raises ValueError for anything but http://host or http://host:port."""
        parts = urlsplit(url)
        if parts.scheme != "http" or not parts.hostname:
            raise ValueError(f"HELLO_URL={url!r}: expected http://host:port")
        return cls(parts.hostname, parts.port or 80)

    def greeting(self, name: str, headers: Mapping[str, str]) -> tuple[str, int]:
        """The greeting, and how many visits hello has had today. A greeting may be counted twice, so trying again does no harm."""
        for left in reversed(range(TRIES)):
            try:
                return self._ask(name, headers)
            except SilenceError:
                if not left:
                    raise
                time.sleep(PAUSE_SECONDS)
        raise AssertionError("unreachable")

    def _ask(self, name: str, headers: Mapping[str, str]) -> tuple[str, int]:
        connection = http.client.HTTPConnection(self.host, self.port, timeout=TIMEOUT_SECONDS)
        try:
            connection.request("GET", "/api/greeting?" + urlencode({"name": name}), headers=dict(headers))
            response = connection.getresponse()
            answer = json.loads(response.read(10_000))
            if 400 <= response.status < 500:
                raise RefusedError(str(answer["detail"]))
            if response.status != 200:
                raise SilenceError(f"hello answered {response.status}")
            return str(answer["greeting"]), int(answer["visits"]["today"])
        except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError) as error:
            raise SilenceError(f"hello at {self.host}:{self.port}: {type(error).__name__} {error}") from error
        finally:
            connection.close()
