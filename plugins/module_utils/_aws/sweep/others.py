# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is left outside of EC2: logs, records of external-dns, and whatever else the tagging API knows.

What holds data or a secret, and what a module of its own removes, is told and never deleted here: an environment's key may be what its last snapshot
is encrypted with.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from types import MappingProxyType
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._aws import tags
from ansible_collections.slipway.platform.plugins.module_utils._aws.connection import Aws
from ansible_collections.slipway.platform.plugins.module_utils._aws.kms.options import MARK
from ansible_collections.slipway.platform.plugins.module_utils._aws.sweep import ec2
from ansible_collections.slipway.platform.plugins.module_utils._aws.sweep.model import Kind, Left, Query, Zone
from ansible_collections.slipway.platform.plugins.module_utils._errors import NotFound

Raw = Mapping[str, Any]
_OWNED = ("A", "AAAA", "CNAME")
_HERITAGE = re.compile(r"heritage=external-dns.*external-dns/owner=(?P<owner>[^,\"]+)")


# -- logs


def log_groups(aws: Aws, query: Query) -> list[Left]:
    """By what their names begin with, and by tags; those that only the tagging API still knows are gone."""
    reasons = {prefix: f"its name begins with {prefix}" for prefix in query.log_groups}
    labelled = _tagged(aws, query, ["logs"]) if query.tags else {}
    names = (arn.split(":", 6)[6].removesuffix(":*") for arn in labelled if ":log-group:" in arn)
    reasons |= {name: "tags" for name in names if not name.startswith(query.log_groups)}
    pages = aws.together(lambda begin: aws.listed("logs", "describe_log_groups", "logGroups", logGroupNamePrefix=begin), reasons)
    found = {each["logGroupName"]: reasons[begin] for begin, page in zip(reasons, pages, strict=True) for each in page if _is_meant(each, begin, reasons)}
    return [Left("log group", name, because=because) for name, because in found.items()]


def _is_meant(group: Raw, begin: str, reasons: Mapping[str, str]) -> bool:
    """One that has the tags is meant by its whole name."""
    return reasons[begin] != "tags" or group["logGroupName"] == begin


# -- records


def records(aws: Aws, query: Query) -> list[Left]:
    """Those that external-dns says are its own, by a TXT record beside each (external-dns, TXT registry). A zone that is gone has none."""
    return [left for zone in query.zones for left in _records(zone, _listed(aws, zone))]


def _listed(aws: Aws, zone: Zone) -> list[Raw]:
    try:
        return aws.listed("route53", "list_resource_record_sets", "ResourceRecordSets", HostedZoneId=zone.id)
    except NotFound:
        return []


def _records(zone: Zone, everything: list[Raw]) -> Iterator[Left]:
    by_name: dict[tuple[str, str], list[Raw]] = {}
    for each in everything:
        by_name.setdefault((each["Name"], each["Type"]), []).append(each)
    said: set[tuple[str, str]] = set()
    for name, kind in by_name:
        if kind == "TXT" and any(_owner(each) == zone.owner for each in by_name[name, kind]):
            said |= {(name, kind), *(key for key in _names(name, zone.prefix) if key in by_name)}
    for key in sorted(said):
        for each in by_name[key]:
            identifier = f"{each['Name']} {each['Type']}{' ' + each['SetIdentifier'] if 'SetIdentifier' in each else ''}"
            yield Left("record", identifier, because=f"external-dns/owner={zone.owner}", raw={"zone": zone.id, "record": each})


def _owner(record: Raw) -> str:
    matches = (_HERITAGE.search(each["Value"]) for each in record.get("ResourceRecords") or ())
    return next((match["owner"] for match in matches if match), "")


def _names(name: str, prefix: str) -> Iterator[tuple[str, str]]:
    """Records that a TXT record stands for: of the same name, or of what follows the type that it begins with (a-www, cname-www)."""
    plain = name.removeprefix(prefix)
    for kind in _OWNED:
        yield plain, kind
        if plain.startswith(f"{kind.lower()}-"):
            yield plain.removeprefix(f"{kind.lower()}-"), kind


def delete_record(aws: Aws, left: Left) -> None:
    change = {"Changes": [{"Action": "DELETE", "ResourceRecordSet": left.raw["record"]}]}
    aws.find("route53", "change_resource_record_sets", HostedZoneId=left.raw["zone"], ChangeBatch=change)


# -- all else that has the tags


@dataclass(frozen=True)
class _Asked:
    """How it is asked whether something is still there, since the tagging API goes on to list what is gone.

    ``by``: what the parameter is: the ARN, the rest of it behind the type, or its cluster, with which that begins; alone in a list for a parameter in the
    plural. ``listed``: the list in the answer that is empty for what is gone, "" where AWS says NotFound.
    """

    kind: str
    service: str
    operation: str
    parameter: str
    by: str = "rest"
    listed: str = ""


def _of_cluster(kind: str) -> _Asked:
    """What is part of a cluster goes with it."""
    return _Asked(kind, "eks", "describe_cluster", "name", by="cluster")


# By service and type as ARNs have them.
_ASKED: Mapping[str, _Asked] = MappingProxyType(
    {
        "acm:certificate": _Asked("certificate", "acm", "describe_certificate", "CertificateArn", by="arn"),
        "ec2:vpc-flow-log": _Asked("flow log", "ec2", "describe_flow_logs", "FlowLogIds", listed="FlowLogs"),
        "ecr:repository": _Asked("repository", "ecr", "describe_repositories", "repositoryNames"),
        "eks:access-entry": _of_cluster("access entry"),
        "eks:addon": _of_cluster("add-on"),
        "eks:cluster": _Asked("cluster", "eks", "describe_cluster", "name"),
        "eks:identityproviderconfig": _of_cluster("identity provider"),
        "eks:nodegroup": _of_cluster("node group"),
        "eks:podidentityassociation": _of_cluster("pod identity association"),
        "kms:key": _Asked("key", "kms", "describe_key", "KeyId", by="arn"),
        "rds:auto-backup": _Asked("database backups", "rds", "describe_db_instance_automated_backups", "DBInstanceAutomatedBackupsArn", by="arn"),
        "rds:db": _Asked("database", "rds", "describe_db_instances", "DBInstanceIdentifier"),
        "rds:pg": _Asked("database parameters", "rds", "describe_db_parameter_groups", "DBParameterGroupName"),
        "rds:snapshot": _Asked("database snapshot", "rds", "describe_db_snapshots", "DBSnapshotIdentifier"),
        "rds:subgrp": _Asked("database subnets", "rds", "describe_db_subnet_groups", "DBSubnetGroupName"),
        "s3:": _Asked("bucket", "s3", "head_bucket", "Bucket"),
        "secretsmanager:secret": _Asked("secret", "secretsmanager", "describe_secret", "SecretId", by="arn"),
    }
)
_COVERED = {"elasticloadbalancing", "logs"}  # which are listed by themselves


def tagged(aws: Aws, query: Query) -> list[Left]:
    if not query.tags:
        return []
    arns = _tagged(aws, query)
    found = aws.together(lambda arn: _existing(aws, arn, _name(arns[arn])), arns)
    return [left for left in found if left]


def _name(labels: Mapping[str, str]) -> str:
    alias = labels.get(MARK)
    return f"alias/{alias}" if alias else labels.get("Name", "")


def _tagged(aws: Aws, query: Query, types: Sequence[str] = ()) -> dict[str, dict[str, str]]:
    """Tags by ARN, of everything that has all tags that are looked for."""
    asked: dict[str, Any] = {"TagFilters": [{"Key": key, "Values": [value]} for key, value in query.tags.items()]}
    if types:
        asked["ResourceTypeFilters"] = list(types)
    listed = aws.listed("resourcegroupstaggingapi", "get_resources", "ResourceTagMappingList", **asked)
    return {each["ResourceARN"]: tags.mapping(each["Tags"]) for each in listed}


def _existing(aws: Aws, arn: str, name: str) -> Left | None:
    _arn, _partition, service, _region, _account, resource = arn.split(":", 5)
    kind, _mark, rest = resource.partition(":" if ":" in resource.partition("/")[0] else "/")
    if service in _COVERED or (service == "ec2" and kind in ec2.TYPES):
        return None
    asked = _ASKED.get(f"{service}:{kind if rest else ''}")
    if not asked:
        return Left(f"{service} {kind}", arn, name, "listed", "tags")
    value = {"arn": arn, "rest": rest or kind, "cluster": rest.partition("/")[0]}[asked.by]
    answer = aws.find(asked.service, asked.operation, **{asked.parameter: [value] if asked.parameter.endswith("s") else value})
    if answer is None or (asked.listed and not answer.get(asked.listed)):
        return None
    return Left(asked.kind, arn, name or (rest or kind), "there", "tags", ends=_ends(answer))


def _ends(answer: Raw) -> str:
    """The day on which a key or a secret goes that waits for its deletion; "" for what stays."""
    date = answer.get("DeletedDate") or (answer.get("KeyMetadata") or {}).get("DeletionDate")
    return date.astimezone(UTC).date().isoformat() if date else ""


# -- roles, which the tagging API does not know


def roles(aws: Aws, query: Query) -> list[Left]:
    if not query.tags:
        return []
    found = aws.listed("iam", "get_account_authorization_details", "RoleDetailList", Filter=["Role"], PaginationConfig={"PageSize": 1000})
    return [Left("role", each["RoleName"], because="tags") for each in found if query.tags.items() <= tags.mapping(each.get("Tags")).items()]


KINDS: tuple[Kind, ...] = (
    Kind("record", 0, records, delete_record),
    Kind("log group", 1, log_groups, lambda aws, left: aws.find("logs", "delete_log_group", logGroupName=left.id)),
    Kind("tagged", 7, tagged),
    Kind("role", 7, roles),
)
