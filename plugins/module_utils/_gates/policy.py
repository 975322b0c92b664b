# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A policy: what a promotion to one environment needs. Read from ``inventories/<environment>/policy.yml``."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._document import structure
from ansible_collections.slipway.platform.plugins.module_utils._document.document import Document, parse
from ansible_collections.slipway.platform.plugins.module_utils._document.problems import Problem, refuse
from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput
from ansible_collections.slipway.platform.plugins.module_utils._gates import meaning
from ansible_collections.slipway.platform.plugins.module_utils._gates.approvals import Approvals
from ansible_collections.slipway.platform.plugins.module_utils._gates.attestations import Attestations, Exemption, Required
from ansible_collections.slipway.platform.plugins.module_utils._gates.bypass import Bypass
from ansible_collections.slipway.platform.plugins.module_utils._gates.rejected import Entry, Rejected
from ansible_collections.slipway.platform.plugins.module_utils._gates.schema import POLICY
from ansible_collections.slipway.platform.plugins.module_utils._gates.signatures import Signatures
from ansible_collections.slipway.platform.plugins.module_utils._gates.soak import Soak
from ansible_collections.slipway.platform.plugins.module_utils._gates.stop import Stop
from ansible_collections.slipway.platform.plugins.module_utils._gates.upstream import Upstream
from ansible_collections.slipway.platform.plugins.module_utils._gates.verified import Verified
from ansible_collections.slipway.platform.plugins.module_utils._gates.versions import Versions
from ansible_collections.slipway.platform.plugins.module_utils._gates.windows import Windows
from ansible_collections.slipway.platform.plugins.module_utils._gates.zones import zone
from ansible_collections.slipway.platform.plugins.module_utils._oci.layout import canonical
from ansible_collections.slipway.platform.plugins.module_utils._oci.reference import Digest
from ansible_collections.slipway.platform.plugins.module_utils._sign.public import fingerprint
from ansible_collections.slipway.platform.plugins.module_utils._sign.public import load as load_key
from ansible_collections.slipway.platform.plugins.module_utils._versions.tags import KINDS

FILE_NAME = "policy.yml"
_HOW = "put their public key there; `cosign generate-key-pair` makes a pair, and `openssl pkey -pubout` tells the public half of a key"
_VALID = timedelta(days=7)
_LONGEST = timedelta(hours=24)


@dataclass(frozen=True)
class Policy:
    """``keys``: absolute paths of PEM files by name. ``digest``: ``sha256:<hex>`` of the content and of the keys. None: that gate is not asked for.

    ``records``: whose word counts for what was deployed in, and promoted to, this environment.
    """

    environment: str
    upstream_name: str
    keys: Mapping[str, str]
    digest: str
    records: frozenset[str]
    versions: Versions
    rejected: Rejected
    upstream: Upstream
    stop: Stop | None
    bypass: Bypass
    rollback_skips: frozenset[str]
    verified: Verified | None
    soak: Soak | None
    windows: Windows | None
    approvals: Approvals | None
    signatures: Signatures | None
    attestations: Attestations | None

    def recorders(self, environment: str) -> frozenset[str]:
        """Whose word counts for what was deployed in, and promoted to, an environment: in its ledger and in statements."""
        known = {self.environment: self.records, self.upstream_name: self.upstream.by}
        return known.get(environment, frozenset(self.keys))


def load(path: Path) -> Policy:
    """The policy in a file, with the keys that it names; ``InvalidInput`` tells all problems at once, each with line and column."""
    file = str(path)
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise refuse([Problem(file, 1, 1, "", "there is no such file", f"every environment that is promoted to has a {FILE_NAME}")]) from None
    except UnicodeDecodeError:
        raise refuse([Problem(file, 1, 1, "", "is not UTF-8 text")]) from None
    except OSError as error:
        raise refuse([Problem(file, 1, 1, "", f"cannot be read: {error.strerror}")]) from error
    document, problems = check_text(text, file)
    if document is None or problems:
        raise refuse(problems)
    return _policy(document.data, *_keys(document, path.parent))


def check_text(text: str, file: str) -> tuple[Document | None, list[Problem]]:
    """The document and its problems, without a look at the keys. Meaning is looked at when the form is right."""
    document, problems = parse(text, file, "environment: prod")
    if document is None:
        return None, problems
    problems += structure.check(document, POLICY)
    if not problems:
        problems += meaning.problems(document)
    return document, sorted(set(problems))


def _keys(document: Document, folder: Path) -> tuple[dict[str, str], dict[str, str]]:
    """Path and fingerprint of each key. Two names with one key would make two people of one."""
    paths: dict[str, str] = {}
    prints: dict[str, str] = {}
    problems = []
    for name, file in document.data["keys"].items():
        path = Path(os.path.normpath((folder / Path(file).expanduser()).absolute()))
        try:
            found = fingerprint(load_key(path))
        except InvalidInput as error:
            problems.append(document.at_value(("keys", name), error.message, "" if path.exists() else _HOW))
            continue
        if found in prints.values():
            other = next(key for key, value in prints.items() if value == found)
            problems.append(document.at_value(("keys", name), f"is the same key as that of {other}", "one person is one name, else a quorum of two is one"))
        paths[name], prints[name] = str(path), found
    if problems:
        raise refuse(problems)
    return paths, prints


def _digest(data: Any, prints: Mapping[str, str]) -> str:
    """Comments, order and spelling of the YAML do not matter; what a key is does, and where it lies does not."""
    return str(Digest.of(canonical({**data, "keys": prints})))


def _policy(data: Any, keys: dict[str, str], prints: dict[str, str]) -> Policy:
    gates, upstream, everybody = data["gates"], data.get("from", ""), frozenset(keys)
    rejected = Rejected(tuple(Entry(entry["digest"], entry["reason"], entry["by"]) for entry in gates.get("rejected", [])))
    verified = Verified(upstream, _by(gates.get("verified", {}), everybody), _age(gates.get("verified", {})))
    asked = verified if "verified" in gates else None
    soak = Soak(meaning.duration(gates["soak"]), verified) if "soak" in gates else None
    accept = tuple(kind for kind in KINDS if kind in data.get("versions", {}).get("accept", KINDS))
    bypass = data.get("bypass", {})
    return Policy(
        environment=data["environment"],
        upstream_name=upstream,
        keys=keys,
        digest=_digest(data, prints),
        records=_by(data.get("records", {}), everybody),
        versions=Versions(meaning.scheme(data.get("versions", {})), accept, rejected, asked, soak),
        rejected=rejected,
        upstream=Upstream(upstream, _by(gates.get("upstream", {}), everybody)),
        stop=_stop(data.get("stop")),
        bypass=Bypass(frozenset(bypass.get("from", ())), _length(bypass, "longest", _LONGEST), frozenset(bypass.get("also", ()))),
        rollback_skips=frozenset(data.get("rollback", {}).get("skip", ())),
        verified=asked,
        soak=soak,
        windows=_windows(gates.get("windows")),
        approvals=_approvals(gates.get("approvals")),
        signatures=Signatures(_by(gates["signatures"], everybody), gates["signatures"].get("quorum", 1)) if "signatures" in gates else None,
        attestations=Attestations(tuple(_required(entry, everybody) for entry in gates["attestations"])) if "attestations" in gates else None,
    )


def _by(data: Mapping[str, Any], everybody: frozenset[str]) -> frozenset[str]:
    return frozenset(data.get("by", everybody))


def _age(data: Mapping[str, Any]) -> timedelta | None:
    return meaning.duration(data["max_age"]) if "max_age" in data else None


def _length(data: Mapping[str, Any], key: str, default: timedelta) -> timedelta:
    return meaning.duration(data[key]) if key in data else default


def _stop(data: Mapping[str, Any] | None) -> Stop | None:
    return Stop(data["reason"], data["by"], datetime.fromisoformat(data["since"]).astimezone(UTC)) if data else None


def _windows(data: Mapping[str, Any] | None) -> Windows | None:
    if data is None:
        return None
    name = data.get("zone", meaning.UTC_NAME)
    allow, deny = (tuple(meaning.window(entry, name) for entry in data.get(kind, [])) for kind in ("allow", "deny"))
    return Windows(zone(name), allow, deny)


def _approvals(data: Mapping[str, Any] | None) -> Approvals | None:
    return Approvals(data["quorum"], frozenset(data["from"]), _length(data, "valid", _VALID)) if data else None


def _required(data: Mapping[str, Any], everybody: frozenset[str]) -> Required:
    exceptions = tuple(Exemption(entry["id"], entry["owner"], entry["reason"], meaning.end_of(entry["expires"])) for entry in data.get("exceptions", []))
    series = data.get("suite") or data.get("scanner") or ""
    return Required(data["type"], _by(data, everybody), _age(data), series, data.get("severity", "none"), exceptions)
