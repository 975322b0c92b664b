# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates of ours in AWS Certificate Manager: imported under an ARN that load balancers keep, and imported again when they were renewed.

API references: ImportCertificate, DescribeCertificate, GetCertificate, ListCertificates, ListTagsForCertificate.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._aws.connection import Aws
from ansible_collections.slipway.platform.plugins.module_utils._aws.result import LATER, Converged
from ansible_collections.slipway.platform.plugins.module_utils._aws.wait import Seen, until_done
from ansible_collections.slipway.platform.plugins.module_utils._errors import Conflict, InvalidInput, NotFound, wrong_at
from ansible_collections.slipway.platform.plugins.module_utils._tls.certificate import Certificate, describe, public_key_sha256
from cryptography import x509
from cryptography.hazmat.primitives import serialization

_SERVED = 60.0  # seconds until ACM shows what was imported; it takes about one
_NAME = "Name"


@dataclass(frozen=True)
class Wanted:
    """One certificate: ``arn`` of what there is, or ``name`` (the tag Name), under which one is imported that is not there."""

    certificate_file: Path
    key_file: Path
    arn: str = ""
    name: str = ""

    @property
    def title(self) -> str:
        return self.name or self.arn


@dataclass(frozen=True)
class Local:
    """What the files hold. The key is read again when it is sent, and kept nowhere."""

    leaf: bytes
    chain: bytes
    facts: Certificate


@dataclass(frozen=True)
class Result(Converged):
    """``certificates``: arn, name, action (unchanged, imported, renewed), serial, not_after, in_use_by of each, in the order asked for."""

    certificates: list[dict[str, Any]] = field(default_factory=list)


def wanted(params: Mapping[str, Any]) -> tuple[Wanted, ...]:
    """What module arguments describe. Raises ``InvalidInput``."""
    found = [Wanted(Path(each["certificate_file"]), Path(each["key_file"]), each["arn"], each["name"]) for each in params["certificates"]]
    for number, each in enumerate(found, 1):
        if bool(each.arn) == bool(each.name):
            raise InvalidInput(f"certificates, entry {number}: give arn, or name, which is its tag Name")
        if each.arn and ":acm:" not in each.arn:
            raise InvalidInput(f"certificates, entry {number}: {each.arn} is no ARN of a certificate in ACM (arn:aws:acm:<region>:<account>:certificate/<id>)")
        if f":{params['region']}:" not in (each.arn or f":{params['region']}:"):
            raise InvalidInput(f"certificates, entry {number}: {each.arn} is not in {params['region']}, which this task is for")
    return tuple(found)


def ensure(aws: Aws, request: Sequence[Wanted], now: datetime, check_mode: bool) -> Result:
    """Have ACM hold what the files hold. All files are read, and all that is in ACM, before anything is imported."""
    local = [_read(each, now) for each in request]
    arns = _by_name(aws, [each.name for each in request if each.name])
    there = [_there(aws, each.arn or arns.get(each.name, "")) for each in request]
    before, after, entries = {}, {}, []
    for each, ours, theirs in zip(request, local, there, strict=True):
        old = theirs["facts"].serial if theirs else ""
        same = bool(theirs) and theirs["facts"].sha256 == ours.facts.sha256
        arn = theirs["arn"] if theirs else LATER
        if not same and not check_mode:
            arn = _import(aws, each, ours, theirs["arn"] if theirs else "")
        action = "unchanged" if same else "renewed" if theirs else "imported"
        before[each.title] = {"arn": theirs["arn"], "serial": old} if theirs else {}
        after[each.title] = {"arn": arn, "serial": ours.facts.serial}
        entries.append(_entry(each, arn, action, ours.facts, theirs["in_use_by"] if theirs else []))
    actions = tuple(f"import {entry['serial']} as {entry['name'] or entry['arn']}" for entry in entries if entry["action"] != "unchanged")
    return Result(before, after, actions, entries)


def _entry(each: Wanted, arn: str, action: str, facts: Certificate, in_use_by: list[str]) -> dict[str, Any]:
    until = facts.not_after.strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"arn": arn, "name": each.name, "action": action, "serial": facts.serial, "not_after": until, "dns": list(facts.dns), "in_use_by": in_use_by}


def _read(each: Wanted, now: datetime) -> Local:
    with wrong_at(each.title):
        try:
            certificates = x509.load_pem_x509_certificates(each.certificate_file.read_bytes())
            key = serialization.load_pem_private_key(each.key_file.read_bytes(), password=None)
        except OSError as error:
            raise InvalidInput(f"{error.filename} cannot be read: {error.strerror}") from None
        except (ValueError, TypeError):
            raise InvalidInput(f"{each.certificate_file} must hold certificates, and {each.key_file} an unencrypted key, both in PEM") from None
        facts = describe(certificates[0])
        if public_key_sha256(key.public_key()) != facts.public_key_sha256:
            raise InvalidInput(f"the key in {each.key_file} does not belong to the first certificate in {each.certificate_file}")
        if facts.not_after <= now:
            raise InvalidInput(f"{each.certificate_file} ended at {facts.not_after:%Y-%m-%d}; renew it first")
    pem = [certificate.public_bytes(serialization.Encoding.PEM) for certificate in certificates]
    return Local(pem[0], b"".join(pem[1:]), facts)


def summaries(aws: Aws) -> list[dict[str, Any]]:
    """All certificates of the region, as ListCertificates has them."""
    # Without all key types named only RSA of 1024 and 2048 bits is listed. The model knows them, also those to come.
    kinds = list(aws.client("acm").meta.service_model.shape_for("KeyAlgorithm").enum)
    return aws.listed("acm", "list_certificates", "CertificateSummaryList", Includes={"keyTypes": kinds})


def _by_name(aws: Aws, names: Sequence[str]) -> dict[str, str]:
    """The ARNs of imported certificates with these names. ACM lists no tags, so each that was imported is asked for its own."""
    if not names:
        return {}
    imported = [each["CertificateArn"] for each in summaries(aws) if each.get("Type", "IMPORTED") == "IMPORTED"]
    tags = aws.together(lambda arn: aws.call("acm", "list_tags_for_certificate", CertificateArn=arn).get("Tags", ()), imported)
    found: dict[str, str] = {}
    for arn, pairs in zip(imported, tags, strict=True):
        for name in (pair.get("Value", "") for pair in pairs if pair["Key"] == _NAME):
            if name in found and name in names:
                raise Conflict(f"{name}: two certificates in {aws.region} have this name, {found[name]} and {arn}; give the arn, or rename one")
            found[name] = arn
    return found


def _there(aws: Aws, arn: str) -> dict[str, Any]:
    """What ACM holds under an ARN; {} without one. Raises ``Conflict`` for what ACM issued: it renews that itself."""
    if not arn:
        return {}
    try:
        detail = aws.call("acm", "describe_certificate", CertificateArn=arn)["Certificate"]
    except NotFound:
        raise NotFound(f"{arn} is not in {aws.region}; correct it, or give a name, and it is imported", arn=arn) from None
    if detail.get("Type") != "IMPORTED":
        raise Conflict(f"{arn} ({detail.get('DomainName', '')}) was issued by ACM, which renews it itself; nothing is imported over it", arn=arn)
    return {"arn": arn, "facts": _held(aws, arn), "in_use_by": list(detail.get("InUseBy") or ())}


def _held(aws: Aws, arn: str) -> Certificate:
    return describe(x509.load_pem_x509_certificate(aws.call("acm", "get_certificate", CertificateArn=arn)["Certificate"].encode()))


def _import(aws: Aws, each: Wanted, ours: Local, arn: str) -> str:
    """Import, and see that ACM gives this one from now on."""
    where: dict[str, Any] = {"CertificateArn": arn} if arn else {"Tags": [{"Key": _NAME, "Value": each.name}]}
    chain = {"CertificateChain": ours.chain} if ours.chain else {}
    made = aws.call("acm", "import_certificate", Certificate=ours.leaf, PrivateKey=each.key_file.read_bytes(), **chain, **where)["CertificateArn"]

    def look() -> Seen[None]:
        serial = _held(aws, made).serial
        return Seen(None, f"serial {serial}", serial == ours.facts.serial)

    until_done(aws, f"certificate {each.title}", look, _SERVED)
    return str(made)
