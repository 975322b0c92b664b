# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Recording a promotion that was done: a signed statement for each digest, in the ledger and attached to the digest.

The ledger comes first, with one line for each service in one write; then the same statements are attached. A run that was killed between the two is
finished by running it again with the same plan: what the ledger holds is attached, not said anew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._errors import Conflict, InvalidInput
from ansible_collections.slipway.platform.plugins.module_utils._oci.access import Connect
from ansible_collections.slipway.platform.plugins.module_utils._oci.reference import Digest, Reference
from ansible_collections.slipway.platform.plugins.module_utils._oci.registry import Registry
from ansible_collections.slipway.platform.plugins.module_utils._records import ledger, statements
from ansible_collections.slipway.platform.plugins.module_utils._records.ledger import Record
from ansible_collections.slipway.platform.plugins.module_utils._records.plan import Change, Saved
from ansible_collections.slipway.platform.plugins.module_utils._sign import attached, dsse
from ansible_collections.slipway.platform.plugins.module_utils._sign.dsse import Signer, Trust
from ansible_collections.slipway.platform.plugins.module_utils._sign.public import fingerprint
from ansible_collections.slipway.platform.plugins.module_utils._sign.statement import PAYLOAD_TYPE, Statement, Subject, encode


@dataclass(frozen=True)
class Request:
    """``trust``: whose lines the ledger may hold; ``containers``: by service, the digest that each container of its pods was given."""

    saved: Saved
    ledger: Path
    trust: Trust
    signer: Signer
    containers: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    check_mode: bool = False


@dataclass(frozen=True)
class Recorded:
    """A record; ``reference``: where it is attached."""

    service: str
    version: str
    digest: str
    reference: str
    changed: bool


@dataclass(frozen=True)
class Result:
    """``head``: the hash of the ledger's last line."""

    plan: str
    head: str
    records: tuple[Recorded, ...]

    @property
    def changed(self) -> bool:
        return any(one.changed for one in self.records)


def record(request: Request, connect: Connect, now: datetime) -> Result:
    """Write what is not written yet. ``Conflict`` if the ledger is broken, or the destination has another digest than was planned."""
    plan = request.saved.plan
    check_signer(request.signer, request.trust, plan.environment)
    known = ledger.verify(request.ledger, request.trust, plan.environment)
    # A line that was cut off is what a killed run leaves; appending puts it aside. Anything else stops here.
    if known.problem and not known.torn:
        raise Conflict(f"{request.ledger}, line {known.line}: {known.problem}; nothing was recorded. Restore it from a copy", line=known.line)
    written = {_service(one.statement): one for one in known.records if one.statement.predicate.get("plan") == plan.hash}
    missing = [change for change in plan.changes if change.service not in written]
    fresh = {change.service: _statement(request, change, known.records, connect, now) for change in missing}
    head = known.head
    if fresh and not request.check_mode:
        envelopes = [dsse.envelope(PAYLOAD_TYPE, encode(statement), request.signer) for statement in fresh.values()]
        head = ledger.append(request.ledger, envelopes)[-1].hash
    done = [_attach(request, change, fresh, written, connect) for change in plan.changes]
    return Result(plan.hash, head, tuple(done))


def check_signer(signer: Signer, trust: Trust, environment: str) -> None:
    """``InvalidInput`` if nobody would believe a record by this signer: such a line of a ledger would be the last one."""
    keys = {name: fingerprint(key) for name, key in trust.keys.items()}
    if keys.get(signer.name) != signer.key_id:
        why = "another key has that name" if signer.name in keys else f"those that count are by {', '.join(sorted(keys)) or 'nobody'}"
        where = f"records of {environment}"
        raise InvalidInput(f"signer {signer.name!r} ({signer.key_id}) can write no {where}: {why}; see keys and records.by in the policy")


def _attach(request: Request, change: Change, fresh: Mapping[str, Statement], written: Mapping[str, Record], connect: Connect) -> Recorded:
    statement = fresh.get(change.service) or written[change.service].statement
    if change.service in written and written[change.service].signer != request.signer.name:
        who = written[change.service].signer
        raise Conflict(f"{change.service} was recorded by {who!r}, whose record is to be attached with the same key, not with that of {request.signer.name!r}")
    place = Reference.parse(change.destination)
    registry, digest = connect(place.registry), Digest.parse(change.digest)
    there = [one for one in attached.read(registry, place.repository, digest, request.trust).statements if one.statement == statement]
    where = there[0].reference if there else ""
    if not there and not request.check_mode:
        subject = registry.manifest(place.repository, change.digest).descriptor
        where = f"{change.destination}@{attached.attach(registry, place.repository, subject, statement, request.signer).digest}"
    return Recorded(change.service, change.version, change.digest, where, not there or change.service in fresh)


def _statement(request: Request, change: Change, before: Sequence[Record], connect: Connect, now: datetime) -> Statement:
    place, saved = Reference.parse(change.destination), request.saved
    verdicts = [verdict for verdict in saved.verdicts if verdict.get("service") == change.service]
    after = {
        "service": change.service,
        "version": change.version,
        "digest": change.digest,
        "reference": f"{change.destination}@{change.digest}",
        "tags": sorted(change.tags),
        "rollback": change.rollback,
        "contents": contents(connect(place.registry), place.repository, change.digest),
        "containers": dict(request.containers.get(change.service, {})),
    }
    fields = {
        "environment": saved.plan.environment,
        "from": saved.plan.upstream or None,
        "plan": saved.plan.hash,
        "gates": [{name: verdict[name] for name in ("gate", "outcome", "code", "reason")} for verdict in verdicts],
        "approvals": [dict(one) for one in saved.approvals if one.get("service") == change.service],
        "before": _before(change, before, saved),
        "after": after,
    }
    predicate = statements.predicate("promoted", fields, request.signer.name, now)
    return Statement(statements.predicate_type("promoted"), (Subject(place.repository, Digest.parse(change.digest)),), predicate)


def _before(change: Change, records: Sequence[Record], saved: Saved) -> dict[str, Any]:
    """What served before: by the record, else by what the cluster wanted when the plan was made."""
    last = next((one for one in reversed(records) if _service(one.statement) == change.service), None)
    if last:
        return {"version": last.statement.predicate["after"].get("version", ""), "digest": last.digest}
    running = saved.plan.state.running.get(change.service)
    return {"digest": running} if running else {}


def contents(registry: Registry, repository: str, digest: str) -> list[str]:
    """The digests by which a node may name an image beside its own: manifests for its platforms, and their configurations."""
    manifest = registry.manifest(repository, digest).json
    found = [manifest["config"]["digest"]] if manifest.get("config") else []
    for child in manifest.get("manifests") or []:
        found += [child["digest"], *contents(registry, repository, child["digest"])]
    return list(dict.fromkeys(found))


def _service(statement: Statement) -> str:
    return str((statement.predicate.get("after") or {}).get("service", ""))
