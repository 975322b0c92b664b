# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What may be asked of an inventory of certificates: the argument specification, and the request that it becomes. Pure, but for the roots."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar
from urllib.request import getproxies_environment

from ansible_collections.slipway.platform.plugins.module_utils._certificates.endpoints.wanted import Endpoint, endpoint
from ansible_collections.slipway.platform.plugins.module_utils._certificates.limits import thresholds
from ansible_collections.slipway.platform.plugins.module_utils._certificates.model import DEFAULT, Thresholds
from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput

_LIMIT = {"type": "dict", "options": {"fraction": {"type": "float"}, "days": {"type": "float"}}}
THRESHOLDS = {"type": "dict", "options": {"warning": _LIMIT, "critical": _LIMIT}}
KUBERNETES = {
    "kubeconfig": {"type": "path", "required": True},
    "context": {"type": "str", "default": ""},
    "namespaces": {"type": "list", "elements": "str", "default": []},
    "keys": {"type": "list", "elements": "str", "default": ["*.crt", "*.cer", "*.pem", "*ca-bundle*", "*.p12", "*.pfx", "*.jks"]},
    "label_selector": {"type": "str", "default": ""},
    "secrets": {"type": "bool", "default": True},
    "config_maps": {"type": "bool", "default": True},
    "ca_bundles": {"type": "bool", "default": True},
    "signing_requests": {"type": "bool", "default": True},
    "page_size": {"type": "int", "default": 250},
    "thresholds": THRESHOLDS,
}
CLUSTER = {
    "kubeconfig": {"type": "path", "required": True},
    "context": {"type": "str", "default": ""},
    "nodes": {"type": "bool", "default": True},
    "node_roots": {"type": "list", "elements": "path", "default": ["/"]},
    "kind": {"type": "str", "default": ""},
    "thresholds": THRESHOLDS,
}
AWS = {
    "region": {"type": "str", "required": True},
    "profile": {"type": "str", "default": ""},
    "endpoint_url": {"type": "str", "default": ""},
    "services": {"type": "list", "elements": "str", "choices": ["acm", "iam", "rds"], "default": ["acm", "iam", "rds"]},
    "thresholds": THRESHOLDS,
}
OWN = {"path": {"type": "path", "required": True}, "thresholds": THRESHOLDS}
OPTIONS: dict[str, Any] = {
    "endpoints": {"type": "list", "elements": "raw", "default": []},
    "files": {"type": "list", "elements": "raw", "default": []},
    "kubernetes": {"type": "list", "elements": "dict", "options": KUBERNETES, "default": []},
    "cluster": {"type": "list", "elements": "dict", "options": CLUSTER, "default": []},
    "aws": {"type": "list", "elements": "dict", "options": AWS, "default": []},
    "own": {"type": "list", "elements": "dict", "options": OWN, "default": []},
    "thresholds": THRESHOLDS,
    "verify": {"type": "bool", "default": True},
    "ca_file": {"type": "path"},
    "system_roots": {"type": "bool", "default": True},
    "renewal_information": {"type": "bool", "default": False},
    "acme_directory": {"type": "str"},
    "revocation": {"type": "bool", "default": False},
    "clock_skew": {"type": "int", "default": 300},
    "now": {"type": "str"},
    "concurrency": {"type": "int", "default": 64},
    "connect_timeout": {"type": "float", "default": 5.0},
    "timeout": {"type": "float", "default": 15.0},
    "textfile": {"type": "path"},
    "junit": {"type": "path"},
    "calendar": {"type": "path"},
    "report": {"type": "path"},
    "show": {"type": "bool", "default": False},
}


@dataclass(frozen=True)
class FilePart:
    """``path`` may be a glob. The password of a key store is in a file or an environment variable, and never an option."""

    path: str
    password_file: str = ""
    password_variable: str = ""
    thresholds: Thresholds | None = None


@dataclass(frozen=True)
class KubernetesPart:
    """``namespaces`` empty: all. ``keys``: shell patterns of the keys of Secrets and ConfigMaps that may hold certificates."""

    kubeconfig: str
    context: str = ""
    namespaces: tuple[str, ...] = ()
    keys: tuple[str, ...] = ("*.crt",)
    label_selector: str = ""
    secrets: bool = True
    config_maps: bool = True
    ca_bundles: bool = True
    signing_requests: bool = True
    page_size: int = 250
    thresholds: Thresholds | None = None


@dataclass(frozen=True)
class ClusterPart:
    """``nodes``: whether what they serve is asked for. ``node_roots``: their file systems as seen from here; ``/`` only if this machine is one of them.

    ``kind``: the name of the embedded cluster that it is, whose nodes are containers of this machine.
    """

    kubeconfig: str
    context: str = ""
    nodes: bool = True
    node_roots: tuple[str, ...] = ("/",)
    kind: str = ""
    thresholds: Thresholds | None = None


@dataclass(frozen=True)
class AwsPart:
    region: str
    profile: str = ""
    endpoint_url: str = ""
    services: tuple[str, ...] = ("acm", "iam", "rds")
    thresholds: Thresholds | None = None


@dataclass(frozen=True)
class OwnPart:
    """``path``: an environment's folder, ``.slipway/<environment>``."""

    path: str
    thresholds: Thresholds | None = None


@dataclass(frozen=True)
class Reports:
    """Where to write what was found; None: nowhere."""

    textfile: Path | None = None
    junit: Path | None = None
    calendar: Path | None = None
    report: Path | None = None


@dataclass(frozen=True)
class Request:
    """What to look at, and how to judge it. Durations of probes are in seconds."""

    endpoints: tuple[Endpoint, ...] = ()
    files: tuple[FilePart, ...] = ()
    kubernetes: tuple[KubernetesPart, ...] = ()
    cluster: tuple[ClusterPart, ...] = ()
    aws: tuple[AwsPart, ...] = ()
    own: tuple[OwnPart, ...] = ()
    thresholds: Thresholds = DEFAULT
    verify: bool = True
    ca_file: Path | None = None
    system_roots: bool = True
    renewal_information: bool = False
    acme_directory: str | None = None
    revocation: bool = False
    skew: timedelta = timedelta(minutes=5)
    now: datetime | None = None
    concurrency: int = 64
    connect_timeout: float = 5.0
    timeout: float = 15.0
    reports: Reports = field(default_factory=Reports)

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> Request:
        """The request that module arguments describe. Raises ``InvalidInput`` before anything is looked at."""
        base = thresholds(_given(params.get("thresholds")), "thresholds", DEFAULT)
        _check_numbers(params)
        verify, proxies = params["verify"], getproxies_environment()
        return cls(
            endpoints=tuple(dict.fromkeys(endpoint(each, f"endpoints[{place}]", base, verify, proxies) for place, each in enumerate(params["endpoints"]))),
            files=_parts(FilePart, [_file(each, f"files[{place}]") for place, each in enumerate(params["files"])], "files", base),
            kubernetes=_parts(KubernetesPart, params["kubernetes"], "kubernetes", base),
            cluster=_parts(ClusterPart, params["cluster"], "cluster", base),
            aws=_parts(AwsPart, params["aws"], "aws", base),
            own=_parts(OwnPart, params["own"], "own", base),
            thresholds=base,
            verify=params["verify"],
            ca_file=Path(params["ca_file"]) if params.get("ca_file") else None,
            system_roots=params["system_roots"],
            renewal_information=params["renewal_information"],
            acme_directory=params.get("acme_directory"),
            revocation=params["revocation"],
            skew=timedelta(seconds=params["clock_skew"]),
            now=moment(params["now"]) if params.get("now") else None,
            concurrency=params["concurrency"],
            connect_timeout=params["connect_timeout"],
            timeout=params["timeout"],
            reports=Reports(**{each.name: Path(params[each.name]) for each in fields(Reports) if params.get(each.name)}),
        )


def moment(text: str) -> datetime:
    """A moment with its offset, ``2026-12-01T10:00:00Z``. Raises ``InvalidInput``; a time without an offset could be any of 38."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise InvalidInput(f"now: {text!r} is no moment; write it as 2026-12-01T10:00:00Z", now=text)
    return found.astimezone(UTC)


Part = TypeVar("Part", FilePart, KubernetesPart, ClusterPart, AwsPart, OwnPart)


def _parts(kind: type[Part], written: Sequence[Mapping[str, Any]], where: str, base: Thresholds) -> tuple[Part, ...]:
    """Each part once, with its thresholds on top of those of the request."""
    made = []
    for place, each in enumerate(written):
        values: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in each.items() if value is not None}
        limits = _given(each.get("thresholds"))
        values["thresholds"] = thresholds(limits, f"{where}[{place}].thresholds", base) if limits else None
        made.append(kind(**values))
    return tuple(dict.fromkeys(made))


def _file(written: Any, where: str) -> Mapping[str, Any]:
    known = [each.name for each in fields(FilePart)]
    if isinstance(written, str):
        written = {"path": written}
    if not isinstance(written, Mapping) or not isinstance(written.get("path"), str) or not written["path"]:
        raise InvalidInput(f"{where}: write a path, or a mapping with the key path")
    if "password" in written:
        raise InvalidInput(f"{where}.password: a password in a task is in every log of it; write password_file or password_variable")
    unknown = [str(key) for key in written if key not in known]
    if unknown:
        raise InvalidInput(f"{where}.{unknown[0]}: unknown key; known are {', '.join(known)}")
    return written


def _given(written: Any) -> Any:
    """Without the keys that Ansible fills in with None."""
    if isinstance(written, Mapping):
        return {key: _given(value) for key, value in written.items() if value is not None}
    return written


def _check_numbers(params: Mapping[str, Any]) -> None:
    for key, low, high in (("concurrency", 1, 1024), ("clock_skew", 0, 86400), ("connect_timeout", 0.01, 600), ("timeout", 0.01, 3600)):
        if not low <= params[key] <= high:
            raise InvalidInput(f"{key}: {params[key]} is not between {low} and {high}")
