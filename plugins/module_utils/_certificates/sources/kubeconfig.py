# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates of a kubeconfig: those of its clusters' authorities and of its users. Users of tokens, plug-ins and passwords have none."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml
from ansible_collections.slipway.platform.plugins.module_utils._certificates.model import Found, Problem
from ansible_collections.slipway.platform.plugins.module_utils._certificates.sources import content, paths

_KIND = re.compile(rb"""^[\s{,]*["']?kind["']?\s*:\s*["']?Config\b""", re.MULTILINE)
_KIND_ON_A_LINE = re.compile(rb"""[{,]\s*"?kind"?\s*:\s*"?Config\b""")
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the other one needs a second for a hundred clusters


@dataclass(frozen=True)
class Reference:
    """Where a kubeconfig has a certificate. ``kind``: cluster or user; ``name``: of that; ``data``: in it, ``path``: in a file beside it."""

    kind: str
    name: str
    data: str = ""
    path: str = ""


@dataclass(frozen=True)
class Server:
    """Where a context's API server is. ``context``: its name; ``server_name``: the name to ask for, "" for that of the URL; ``verified``: by clients."""

    context: str
    url: str
    server_name: str = ""
    proxy: str = ""
    verified: bool = True


def looks_like(data: bytes) -> bool:
    """Whether it may be a kubeconfig: text that says ``kind: Config``, and has clusters or users."""
    return (b"clusters" in data or b"users" in data) and bool(_KIND.search(data) or _KIND_ON_A_LINE.search(data))


def references(data: bytes, context: str | None = None) -> list[Reference]:
    """The certificates that a kubeconfig has or names. ``context``: only those of this context ("" for the current one). Raises ``ValueError``."""
    whole = _loaded(data)
    chosen = _chosen(whole, context)
    found = []
    for kind, prefix in (("cluster", "certificate-authority"), ("user", "client-certificate")):
        for name, entry in _entries(whole, kind):
            if chosen is not None and chosen.get(kind) != name:
                continue
            # As kubectl does it: data wins over a path.
            inline, path = entry.get(f"{prefix}-data"), entry.get(prefix)
            if inline or path:
                found.append(Reference(kind, name, str(inline or ""), "" if inline else str(path)))
    return found


def server(data: bytes, context: str = "") -> Server | None:
    """The API server of a context ("" for the current one); None if there is none. Raises ``ValueError``."""
    whole = _loaded(data)
    cluster = (_chosen(whole, context) or {}).get("cluster")
    entry = next((entry for name, entry in _entries(whole, "cluster") if name == cluster), {})
    if not entry.get("server"):
        return None
    return Server(
        context=str(context or whole.get("current-context")),
        url=str(entry["server"]),
        server_name=str(entry.get("tls-server-name") or ""),
        proxy=str(entry.get("proxy-url") or ""),
        verified=not entry.get("insecure-skip-tls-verify"),
    )


def found(data: bytes, row: Found, folder: Path, context: str | None = None) -> Iterator[Found]:
    """The rows of a kubeconfig that lies in ``folder``; ``row`` is that of the file, without certificates."""
    try:
        named = references(data, context)
    except ValueError as error:
        yield replace(row, problems=(Problem("damaged", str(error)),))
        return
    for each in named:
        yield from _of(each, replace(row, name=f"{row.name} {each.kind} {each.name}", labels={**row.labels, "kind": each.kind, "key": each.name}), folder)


def _of(reference: Reference, row: Found, folder: Path) -> Iterator[Found]:
    try:
        data = base64.b64decode("".join(reference.data.split()), validate=True) if reference.data else paths.content(folder / reference.path)
    except binascii.Error:
        yield replace(row, problems=(Problem("damaged", f"the certificate of its {reference.kind} {reference.name} is no base64"),))
    except paths.Unreadable as error:
        yield replace(row, problems=(Problem(error.code, f"it names {folder / reference.path}: {error}"),))
    else:
        yield from content.rows(content.parse(data), row)


def _loaded(data: bytes) -> Mapping[str, Any]:
    try:
        loaded = yaml.load(data, Loader=_LOADER)
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError):
        raise ValueError("it begins as a kubeconfig, and is no YAML") from None
    return loaded if isinstance(loaded, Mapping) else {}


def _chosen(whole: Mapping[str, Any], context: str | None) -> dict[str, Any] | None:
    if context is None:
        return None
    name = context or whole.get("current-context")
    chosen = next((entry for each, entry in _entries(whole, "context") if each == name), {})
    return {kind: chosen.get(kind) for kind in ("cluster", "user")}


def _entries(whole: Mapping[str, Any], kind: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    listed = whole.get(f"{kind}s")
    for each in listed if isinstance(listed, list) else ():
        if isinstance(each, Mapping) and isinstance(each.get(kind), Mapping):
            yield str(each.get("name", "")), each[kind]
