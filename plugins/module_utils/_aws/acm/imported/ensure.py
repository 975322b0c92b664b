# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A certificate of ours is in ACM as it is in its files: imported under an ARN that load balancers keep, and again when it was renewed.

API reference: ImportCertificate. ACM User Guide, "Reimport a certificate": kind and size of the key can't change, and tags are set apart.
"""

from __future__ import annotations

from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._aws import tags
from ansible_collections.slipway.platform.plugins.module_utils._aws.acm import tagging
from ansible_collections.slipway.platform.plugins.module_utils._aws.acm.imported import local, read
from ansible_collections.slipway.platform.plugins.module_utils._aws.acm.imported.options import NAME, Request
from ansible_collections.slipway.platform.plugins.module_utils._aws.acm.result import Result
from ansible_collections.slipway.platform.plugins.module_utils._aws.connection import Aws
from ansible_collections.slipway.platform.plugins.module_utils._aws.result import LATER
from ansible_collections.slipway.platform.plugins.module_utils._aws.steps import take
from ansible_collections.slipway.platform.plugins.module_utils._aws.wait import Seen, until_done
from ansible_collections.slipway.platform.plugins.module_utils._errors import Conflict, wrong_at
from ansible_collections.slipway.platform.plugins.module_utils._tls.certificate import describe
from cryptography import x509

_SERVED = 60.0  # seconds until ACM shows what was imported; it takes about one


def ensure(aws: Aws, request: Request, check_mode: bool) -> Result:
    """Files are read, and what ACM has, before anything is imported or deleted."""
    if not request.present:
        return _absent(aws, request, read.find(aws, request), check_mode)
    with wrong_at(request.title):
        ours = local.read(request, aws.clock.now())
    theirs = read.find(aws, request)
    if theirs and local.kind(theirs.leaf) != local.kind(ours.leaf):
        raise Conflict(
            f"{request.title}: its key is {local.kind(ours.leaf)}, and what {theirs.arn} has is {local.kind(theirs.leaf)}, which ACM can't change; "
            f"import it under another name, and have what uses {theirs.arn} take that one",
            arn=theirs.arn,
        )
    return _present(aws, request, ours, theirs, check_mode)


def _present(aws: Aws, request: Request, ours: local.Local, theirs: read.Given | None, check_mode: bool) -> Result:
    before, after = _state(theirs.leaf, theirs.chain) if theirs else {}, _state(ours.leaf, ours.chain)
    done = [] if before == after else [f"import {after['serial']} as {request.title}"]
    if request.tags is not None:
        now = theirs.tags if theirs else {}
        after["tags"] = tags.wanted(now, request.tags, request.purge_tags)
        before |= {"tags": dict(now)} if theirs else {}
    arn = theirs.arn if theirs else LATER
    if done and not check_mode:
        arn = _import(aws, request, ours, theirs.arn if theirs else "")
    steps = tagging.steps(request.title, arn, before["tags"], after["tags"]) if theirs and "tags" in after else []
    if not check_mode:
        take(aws, steps)
    facts = ours.facts
    return Result(
        before={request.title: before},
        after={request.title: after},
        actions=(*done, *(step.text for step in steps)),
        arn=arn,
        domain=facts.dns[0] if facts.dns else "",
        status="ISSUED",
        serial=facts.serial,
        not_after=f"{facts.not_after:%Y-%m-%dT%H:%M:%SZ}",
        in_use_by=list(theirs.in_use_by) if theirs else [],
    )


def _state(leaf: x509.Certificate, chain: tuple[x509.Certificate, ...]) -> dict[str, Any]:
    facts = describe(leaf)
    behind = [describe(each) for each in chain]
    # The same serial number may be another certificate, and the same issuer one that was signed by another.
    return {"serial": facts.serial, "sha256": facts.sha256, "chain": [f"{each.subject} sha256 {each.sha256}" for each in behind]}


def _import(aws: Aws, request: Request, ours: local.Local, arn: str) -> str:
    """Import, and see that ACM gives this one from now on."""
    new = request.tags or {NAME: request.name}
    where: dict[str, Any] = {"CertificateArn": arn} if arn else {"Tags": tags.pairs(new)}
    chain = {"CertificateChain": local.pem(ours.chain)} if ours.chain else {}
    made = aws.call("acm", "import_certificate", Certificate=local.pem((ours.leaf,)), PrivateKey=ours.key, **chain, **where)["CertificateArn"]

    def look() -> Seen[None]:
        leaf, behind = read.held(aws, made)
        return Seen(None, f"serial {describe(leaf).serial}", (leaf, behind) == (ours.leaf, ours.chain))

    until_done(aws, f"certificate {request.title}", look, _SERVED)
    return str(made)


def _absent(aws: Aws, request: Request, theirs: read.Given | None, check_mode: bool) -> Result:
    if theirs and theirs.in_use_by:
        raise Conflict(
            f"certificate {request.title} ({theirs.arn}) is in use by {', '.join(theirs.in_use_by)}; delete these first, or have them use another",
            in_use_by=list(theirs.in_use_by),
        )
    if theirs and not check_mode:
        aws.call("acm", "delete_certificate", CertificateArn=theirs.arn)
    return Result(
        before={request.title: _state(theirs.leaf, theirs.chain) if theirs else {}},
        after={request.title: {}},
        actions=(f"delete certificate {theirs.arn}",) if theirs else (),
    )
