# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How registries are reached: the options that every module that talks to registries has (documented in the fragment
``registry_access``), what they stand for, and the registries themselves, each opened once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput
from ansible_collections.slipway.platform.plugins.module_utils._oci import ecr
from ansible_collections.slipway.platform.plugins.module_utils._oci.client import Limits
from ansible_collections.slipway.platform.plugins.module_utils._oci.credentials import Credential, Keychain, default_files
from ansible_collections.slipway.platform.plugins.module_utils._oci.messages import Transport
from ansible_collections.slipway.platform.plugins.module_utils._oci.registry import Registry
from ansible_collections.slipway.platform.plugins.module_utils._oci.transport import Pool, trust

CONCURRENCY = 32
MOST_AT_ONCE = 128
_CREDENTIAL = {
    "registry": {"type": "str", "required": True},
    "username": {"type": "str", "required": True},
    "password": {"type": "str", "required": True, "no_log": True},
}
OPTIONS: dict[str, Any] = {
    "ca_file": {"type": "path"},
    "auth_file": {"type": "path"},
    "aws_profile": {"type": "str", "default": ""},
    "credentials": {"type": "list", "elements": "dict", "default": [], "options": _CREDENTIAL},
    "plain_http": {"type": "list", "elements": "str", "default": []},
    "concurrency": {"type": "int", "default": CONCURRENCY},
    "request_timeout": {"type": "int", "default": 30},
    "deadline": {"type": "int", "default": 1800},
}

Connect = Callable[[str], Registry]


@dataclass(frozen=True)
class Access:
    """Whom to trust, who we are, which hosts speak plain HTTP, and the limits in requests at a time and seconds.

    ``aws_profile``: who we are for Amazon ECR where ``keychain`` says nothing, "" for whom boto3 finds.
    """

    ca_file: Path | None = None
    keychain: Keychain = field(default_factory=Keychain)
    plain_http: frozenset[str] = frozenset()
    concurrency: int = CONCURRENCY
    request_timeout: float = 30.0
    deadline: float = 1800.0
    aws_profile: str = ""

    @classmethod
    def from_params(cls, params: Mapping[str, Any], environment: Mapping[str, str], home: Path) -> Access:
        """From the options; an empty text is none. Explicit credentials win over the file; without a file, those of podman and docker are looked at.

        Raises ``InvalidInput`` for what can be said to be wrong before a registry is asked.
        """
        for name in ("concurrency", "request_timeout", "deadline"):
            if params[name] <= 0:
                raise InvalidInput(f"{name} is {params[name]}; it must be more than 0")
        if params["concurrency"] > MOST_AT_ONCE:
            raise InvalidInput(f"concurrency is {params['concurrency']}; more than {MOST_AT_ONCE} requests at a time make registries refuse them")
        keychain = Keychain({_host(one["registry"]): Credential(one["username"], one["password"]) for one in params["credentials"]})
        for path in [Path(params["auth_file"])] if params["auth_file"] else default_files(environment, home):
            keychain = keychain.over(Keychain.from_file(path))
        ca_file = _certificates(Path(params["ca_file"])) if params["ca_file"] else None
        plain = frozenset(map(_host, params["plain_http"]))
        return cls(ca_file, keychain, plain, params["concurrency"], float(params["request_timeout"]), float(params["deadline"]), params["aws_profile"] or "")


class Registries:
    """Registries by host, over one transport; ``with`` closes the connections. It is a ``Connect``, and threads may share it."""

    def __init__(
        self, access: Access, clock: Callable[[], float] = time.monotonic, sleep: Callable[[float], None] = time.sleep, transport: Transport | None = None
    ) -> None:
        self._access, self._clock, self._sleep = access, clock, sleep
        self._transport: Transport = transport or Pool(lambda: trust(access.ca_file))
        self._limits = Limits(access.request_timeout, clock() + access.deadline, access.concurrency)
        self._opened: dict[str, Registry] = {}
        self._lock = threading.Lock()

    def __enter__(self) -> Registries:
        return self

    def __exit__(self, *_: object) -> None:
        self._transport.close()

    def __call__(self, host: str) -> Registry:
        with self._lock:
            if host not in self._opened:
                scheme = "http" if host in self._access.plain_http else "https"
                keychain = ecr.keychain_of(self._access.keychain, host, self._access.aws_profile)
                self._opened[host] = Registry(host, self._transport, keychain, scheme=scheme, clock=self._clock, sleep=self._sleep, limits=self._limits)
            return self._opened[host]


def _certificates(file: Path) -> Path:
    """The file, if it can hold certificates. Reading them takes 30 ms and is left to whoever needs them."""
    if not file.is_file():
        raise InvalidInput(f"ca_file {file} is not a file")
    try:
        content = file.read_bytes()
    except OSError as error:
        raise InvalidInput(f"ca_file {file} cannot be read: {error.strerror}") from None
    if b"-----BEGIN CERTIFICATE-----" not in content:
        raise InvalidInput(f"ca_file {file} holds no certificate: write those of the authority in PEM, with -----BEGIN CERTIFICATE-----")
    return file


def _host(registry: str) -> str:
    return registry.removeprefix("https://").removeprefix("http://").rstrip("/")
