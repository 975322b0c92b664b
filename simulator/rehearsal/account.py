# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an account has before anybody runs anything: the hosted zone, and the roles and users that people are. No playbook makes them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import boto3
from botocore.config import Config

from simulator.rehearsal.facts import Facts, RehearsalError


def prepare(url: str, credentials: str, facts: Facts) -> list[str]:
    """Makes what is missing, by the simulated API at ``url``; says of all of it what was assumed. Raises RehearsalError."""
    client = clients(url, credentials, facts.region)
    said = [_zone(client("route53"), facts.zone)] if facts.zone else []
    return said + [_principal(client("iam"), arn, facts.account) for arn in facts.people]


def clients(url: str, credentials: str, region: str) -> Callable[[str], Any]:
    """boto3's clients by service, straight to the simulated API. ``credentials``: the content of the file with the access key."""
    session = boto3.session.Session(**_keys(credentials), region_name=region)
    config = Config(proxies={}, retries={"total_max_attempts": 1})
    return lambda service: session.client(service, endpoint_url=url, config=config)


def with_profile(credentials: str, profile: str) -> str:
    """The file with the access key, which is that of the profile that the inventory names, and of no other."""
    return credentials.replace("[default]", f"[{profile}]") if profile else credentials


def _keys(credentials: str) -> Mapping[str, str]:
    lines = dict(line.split(" = ", 1) for line in credentials.splitlines() if " = " in line)
    return {name: lines[name] for name in ("aws_access_key_id", "aws_secret_access_key")}


def _zone(route53: Any, name: str) -> str:
    name = f"{name.rstrip('.')}."
    if not any(each["Name"] == name for each in route53.list_hosted_zones_by_name(DNSName=name)["HostedZones"]):
        route53.create_hosted_zone(Name=name, CallerReference=f"rehearsal {name}")
    return f"the hosted zone {name.rstrip('.')}, delegated"


def _principal(iam: Any, arn: str, account: str) -> str:
    partition, service, _, owner, resource = (arn.split(":", 5) + [""] * 5)[1:6]
    kind, _, path = resource.partition("/")
    if (partition, service) != ("aws", "iam") or kind not in ("role", "user") or not path:
        raise RehearsalError(f"eks_access: {arn} is no role and no user; write arn:aws:iam::{account}:role/NAME")
    if owner != account:
        raise RehearsalError(f"eks_access: {arn} belongs to account {owner}, and the simulated AWS has {account} only")
    folder, _, name = f"/{path}".rpartition("/")
    present = [each[f"{kind.title()}Name"] for page in iam.get_paginator(f"list_{kind}s").paginate() for each in page[f"{kind.title()}s"]]
    if name not in present and kind == "role":
        trust = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{account}:root"}, "Action": "sts:AssumeRole"}
        iam.create_role(RoleName=name, Path=f"{folder}/", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}))
    elif name not in present:
        iam.create_user(UserName=name, Path=f"{folder}/")
    return f"the {kind} {name}"
