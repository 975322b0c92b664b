# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A certificate that ACM issues is as wanted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._aws import tags
from ansible_collections.slipway.platform.plugins.module_utils._aws.acm import tagging
from ansible_collections.slipway.platform.plugins.module_utils._aws.acm.issued import validate
from ansible_collections.slipway.platform.plugins.module_utils._aws.acm.issued.delete import absent
from ansible_collections.slipway.platform.plugins.module_utils._aws.acm.issued.options import Request
from ansible_collections.slipway.platform.plugins.module_utils._aws.acm.issued.read import Found, Listed, read
from ansible_collections.slipway.platform.plugins.module_utils._aws.acm.result import Result
from ansible_collections.slipway.platform.plugins.module_utils._aws.acm.summaries import describe
from ansible_collections.slipway.platform.plugins.module_utils._aws.connection import Aws
from ansible_collections.slipway.platform.plugins.module_utils._aws.result import LATER
from ansible_collections.slipway.platform.plugins.module_utils._aws.route53 import zones
from ansible_collections.slipway.platform.plugins.module_utils._aws.steps import Step, take


@dataclass
class State:
    """What a run finds and does, piece by piece."""

    before: dict[str, Any] = field(default_factory=dict)
    after: dict[str, Any] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)


def ensure(aws: Aws, request: Request, check_mode: bool) -> Result:
    found = read(aws, request)
    if not request.present:
        return absent(aws, request, found, check_mode)
    if request.place:
        zones.find(aws, request.place)  # before a certificate is requested that nobody could validate
    now = describe(aws, found.chosen.arn) if found.chosen else None
    return _requested(aws, request, found, now, check_mode)


def _requested(aws: Aws, request: Request, found: Found, now: Mapping[str, Any] | None, check_mode: bool) -> Result:
    state = State()
    if found.chosen is None:
        state.after = {"names": list(request.names), "key_algorithm": request.key_algorithm, "tags": dict(request.tags)}
        if request.transparency_logging is not None:
            state.after["transparency_logging"] = request.transparency_logging
        arn = LATER if check_mode else aws.call("acm", "request_certificate", **_request(aws, request))["CertificateArn"]
        done = [f"request certificate {request.domain}"]
    else:
        assert now
        arn, done = found.chosen.arn, []
        _update(request, found.chosen, now, state)
        if not check_mode:
            take(aws, state.steps)
    return _validated(aws, request, found, arn, now, state, done, check_mode)


def _request(aws: Aws, request: Request) -> dict[str, Any]:
    ask: dict[str, Any] = {"DomainName": request.domain, "ValidationMethod": "DNS", "KeyAlgorithm": request.key_algorithm}
    # One for a run: when boto3 tries again, there is still one certificate; when it was deleted, the next run gets a new one.
    ask["IdempotencyToken"] = f"slipway{aws.clock.now():%Y%m%d%H%M%S%f}"
    others = [name for name in request.names if name != request.domain]
    ask |= {"SubjectAlternativeNames": others} if others else {}
    ask |= {"Tags": tags.pairs(request.tags)} if request.tags else {}
    if request.transparency_logging is not None:
        ask["Options"] = _logging(request)
    return ask


def _logging(request: Request) -> dict[str, str]:
    return {"CertificateTransparencyLoggingPreference": "ENABLED" if request.transparency_logging else "DISABLED"}


def _update(request: Request, chosen: Listed, now: Mapping[str, Any], state: State) -> None:
    state.before = {"names": list(chosen.names), "key_algorithm": chosen.key_algorithm}
    state.after = dict(state.before)
    if request.transparency_logging is not None:
        logged = (now.get("Options") or {}).get("CertificateTransparencyLoggingPreference") != "DISABLED"
        state.before["transparency_logging"], state.after["transparency_logging"] = logged, request.transparency_logging
        if logged != request.transparency_logging:
            ask = {"CertificateArn": chosen.arn, "Options": _logging(request)}
            state.steps.append(Step(f"set transparency logging of certificate {request.domain}", "acm", "update_certificate_options", ask))
    _tags(request, chosen, state)


def _tags(request: Request, chosen: Listed, state: State) -> None:
    after = tags.wanted(chosen.tags, request.tags, request.purge_tags)
    state.before["tags"], state.after["tags"] = dict(chosen.tags), after
    state.steps += tagging.steps(request.domain, chosen.arn, chosen.tags, after)


def _validated(aws: Aws, request: Request, found: Found, arn: str, now: Mapping[str, Any] | None, state: State, done: list[str], check_mode: bool) -> Result:
    """With its records in the zone and, if that is waited for, issued."""
    pending = now is None or now["Status"] == "PENDING_VALIDATION"
    if pending and arn != LATER:
        now = validate.known(aws, arn, request.domain) if not check_mode else now
    made = validate.make(aws, request, validate.records(now) if now else (), check_mode)
    done += [*(step.text for step in state.steps), *(made.actions if made else ())]
    if request.place and now is None:
        done.append(f"set the validation records of {request.domain}")
    if request.wait:
        state.after["status"] = "ISSUED"
        if found.chosen:
            state.before["status"] = found.chosen.status
        if pending and not check_mode:
            now = validate.issued(aws, request, arn)
    if made and made.changed and found.chosen:
        state.before["validation_records"], state.after["validation_records"] = dict(made.before), dict(made.after)
    return _result(request, found, arn, now, state, done)


def _result(request: Request, found: Found, arn: str, now: Mapping[str, Any] | None, state: State, done: list[str]) -> Result:
    records = validate.records(now) if now else ()
    ends = now.get("NotAfter") if now else None
    return Result(
        before={request.domain: state.before},
        after={request.domain: state.after},
        actions=tuple(done),
        arn=arn,
        domain=request.domain,
        status=now["Status"] if now else LATER,
        not_after=f"{ends:%Y-%m-%dT%H:%M:%SZ}" if ends else "",
        in_use_by=sorted(now.get("InUseBy") or ()) if now else [],
        validation_records=[{"name": each.name, "type": each.type, "value": each.values[0]} for each in records],
        superseded=sorted(each.arn for each in found.ours if each.arn != arn),
    )
