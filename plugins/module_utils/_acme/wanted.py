# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates as they are wanted of a CA that speaks ACME, checked before anybody is asked."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput
from ansible_collections.slipway.platform.plugins.module_utils._tls.wanted import Leaf, leaf_from

DIRECTORIES = {
    "letsencrypt": "https://acme-v02.api.letsencrypt.org/directory",
    "letsencrypt-staging": "https://acme-staging-v02.api.letsencrypt.org/directory",
}
HTTP, DNS = "http-01", "dns-01"


@dataclass(frozen=True)
class Challenge:
    """How a name is proven. http-01: ``listen`` (host, port), ``webroot``, or neither if something else answers. dns-01: ``hook`` or ``route53``."""

    type: str = HTTP
    listen: tuple[str, int] | None = None
    webroot: Path | None = None
    hook: tuple[str, ...] = ()
    route53: Mapping[str, Any] | None = None
    settle: float = 0


@dataclass(frozen=True)
class Request:
    """``key_file``: the account's key; None is one that is made beside the certificates. ``external``: name and file of the key for an account outside ACME."""

    folder: Path
    directory: str
    certificates: tuple[Leaf, ...] = ()
    challenge: Challenge = field(default_factory=Challenge)
    terms_agreed: bool = False
    contact: tuple[str, ...] = ()
    key_file: Path | None = None
    external: tuple[str, Path] | None = None
    ca_file: Path | None = None
    profile: str = ""
    renew_all: bool = False
    timeout: float = 300

    @property
    def state(self) -> Path:
        """The folder of what is kept for this directory: another one has other accounts and orders."""
        name = self.directory.partition("://")[2]
        return self.folder / "acme" / re.sub(r"[^a-z0-9.]+", "-", name.lower()).strip("-")

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> Request:
        """The request that module arguments describe. Raises ``InvalidInput``."""
        challenge = _challenge(params["challenge"] or {})
        leaves = tuple(_leaf(entry, challenge) for entry in params["certificates"])
        names = [leaf.name for leaf in leaves]
        for name in names:
            if name == "ca" or name.startswith("ca-") or names.count(name) > 1:
                raise InvalidInput(f"certificate name {name!r} is taken: each needs a name of its own, and ca is an authority's", name=name)
        external = params["external_account"]
        return cls(
            folder=Path(params["path"]),
            directory=_directory(params["directory"]),
            certificates=leaves,
            challenge=challenge,
            terms_agreed=params["terms_agreed"],
            contact=tuple(_contact(each) for each in params["contact"]),
            key_file=_file(params["account_key_file"]),
            external=(external["kid"], Path(external["hmac_key_file"])) if external else None,
            ca_file=_existing(params["ca_file"], "ca_file"),
            profile=params["profile"],
            renew_all=params["renew"] == "all",
            timeout=params["timeout"],
        )


def _directory(text: str) -> str:
    url = DIRECTORIES.get(text, text)
    if urlsplit(url).scheme != "https" or not urlsplit(url).hostname:
        raise InvalidInput(f"directory: {text!r} is neither {' nor '.join(DIRECTORIES)} nor a URL that begins with https://")
    return url


def _contact(text: str) -> str:
    if re.fullmatch(r"[^@\s:]+@[^@\s]+", text):
        return f"mailto:{text}"
    if re.fullmatch(r"[a-z]+:\S+", text):
        return text
    raise InvalidInput(f"contact: {text!r} is no address; write it as name@example.com")


def _leaf(entry: Mapping[str, Any], challenge: Challenge) -> Leaf:
    leaf = leaf_from({**entry, "days": 90, "usages": ["server"]})  # how long it lives and what for is the CA's to say
    if challenge.type == HTTP and any(name.startswith("*.") for name in leaf.dns):
        raise InvalidInput(f"certificate {leaf.name!r}: a CA gives a wildcard only for a name proven by dns-01 (RFC 8555 §7.1.3); set challenge.type")
    if challenge.type == DNS and leaf.ip:
        raise InvalidInput(f"certificate {leaf.name!r}: an address is proven by http-01 only (RFC 8738 §4)")
    return leaf


def _challenge(params: Mapping[str, Any]) -> Challenge:
    kind = params.get("type") or HTTP
    given = {key for key in ("listen", "webroot", "hook", "route53") if params.get(key)}
    foreign = given - ({"listen", "webroot"} if kind == HTTP else {"hook", "route53"})
    if foreign:
        raise InvalidInput(f"challenge: {', '.join(sorted(foreign))} is not for {kind}; set type to {DNS if kind == HTTP else HTTP}, or leave it out")
    if len(given) > 1:
        raise InvalidInput(f"challenge: {' and '.join(sorted(given))} are two ways; choose one")
    if kind == DNS and not given:
        raise InvalidInput("challenge: for dns-01 give hook or route53: who is to write the record?")
    hook = tuple(params.get("hook") or ())
    if hook and not shutil.which(hook[0]):
        raise InvalidInput(f"challenge: hook {hook[0]} is no program of this machine; write its path, and each argument as an element of its own")
    webroot = _file(params.get("webroot"))
    if webroot and not webroot.is_dir():
        raise InvalidInput(f"challenge: webroot {webroot} is not a folder")
    return Challenge(kind, _listen(params.get("listen") or ""), webroot, hook, params.get("route53") or None, float(params.get("settle") or 0))


def _listen(text: str) -> tuple[str, int] | None:
    if not text:
        return None
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdigit() or not 0 < int(port) < 65536:
        raise InvalidInput(f"challenge: listen {text!r} has no port; write :80, 192.0.2.10:80 or [2001:db8::1]:80")
    return host.strip("[]"), int(port)


def _file(text: str | None) -> Path | None:
    return Path(text) if text else None


def _existing(text: str | None, option: str) -> Path | None:
    path = _file(text)
    if path and not path.is_file():
        raise InvalidInput(f"{option} {path} is not a file")
    return path
