# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the promotion modules have in common: which registries they may use and how, and whose key they sign with."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._oci.registry import Registry
from ansible_collections.slipway.platform.plugins.module_utils._sign import keys
from ansible_collections.slipway.platform.plugins.module_utils._sign.dsse import Signer

REGISTRIES: dict[str, Any] = {
    "type": "list",
    "elements": "dict",
    "default": [],
    "options": {"host": {"type": "str", "required": True}, "ca_file": {"type": "path"}, "auth_file": {"type": "path"}},
}
SIGNER: dict[str, Any] = {
    "type": "dict",
    "options": {
        "name": {"type": "str", "required": True},
        "key_file": {"type": "path", "required": True, "no_log": False},  # a path; its content never becomes an option
        "password_variable": {"type": "str", "no_log": False},  # a name, too
    },
}


@dataclass(frozen=True)
class Access:
    """How a registry is reached: the authority to trust and the file of credentials; without them the system's, and nobody."""

    host: str
    ca_file: Path | None = None
    auth_file: Path | None = None


def _open(access: Access) -> Registry:
    return Registry.connect(access.host, access.ca_file, access.auth_file)


class Registries:
    """Registries by host, each opened once, when it is first needed."""

    def __init__(self, accesses: Iterable[Access], connect: Callable[[Access], Registry] = _open) -> None:
        self._accesses = {access.host: access for access in accesses}
        self._connect = connect
        self._open: dict[str, Registry] = {}

    @classmethod
    def from_params(cls, values: Iterable[Mapping[str, Any]]) -> Registries:
        """From the option ``registries``."""
        return cls(Access(value["host"], *(Path(value[name]) if value.get(name) else None for name in ("ca_file", "auth_file"))) for value in values)

    def at(self, host: str) -> Registry:
        if host not in self._open:
            self._open[host] = self._connect(self._accesses.get(host, Access(host)))
        return self._open[host]

    def __enter__(self) -> Registries:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for registry in self._open.values():
            registry.__exit__()


def signer(value: Mapping[str, Any]) -> Signer:
    """From the option ``signer``. The password comes from the environment, so that it is in no argument and no log."""
    return keys.load(Path(value["key_file"]), value["name"], keys.password_from(variable=value.get("password_variable") or ""))
