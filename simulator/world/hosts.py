# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which host names are AWS's."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

import botocore.session

# Names of registries: API reference of Amazon ECR, "Making requests over IPv6" for on.aws.
_REGISTRY = re.compile(
    r"(?P<account>\d{12})\.dkr[.-]ecr(?:-fips)?\.(?P<region>[a-z]{2}(?:-[a-z]+)+-\d)\.(?:amazonaws\.(?:com(?:\.cn)?|eu)|on\.(?:aws|amazonwebservices\.com\.cn))"
)
_BESIDE = ("on.aws", "on.amazonwebservices.com.cn")  # botocore's models don't have them: registries, functions


@dataclass(frozen=True)
class Registry:
    """A private registry of ECR."""

    account: str
    region: str


def is_aws(host: str) -> bool:
    """Whether a name belongs to AWS: a run against a simulated AWS never reaches the real one, not even for a service that nobody knows."""
    return host.lower().rstrip(".").endswith(_suffixes())


def is_instance(host: str) -> bool:
    """Whether it is the name of a database or a load balancer, and not of an API: those have no names like these."""
    return host.lower().rstrip(".").endswith((".rds.amazonaws.com", ".elb.amazonaws.com"))


def registry_of(host: str) -> Registry | None:
    found = _REGISTRY.fullmatch(host.lower().rstrip("."))
    return Registry(found["account"], found["region"]) if found else None


@cache
def _suffixes() -> tuple[str, ...]:
    """Of every partition, with those of FIPS and dual-stack endpoints, out of what botocore resolves its endpoints with."""
    loader = botocore.session.get_session().get_component("data_loader")
    found = set(_BESIDE)
    for partition in loader.load_data("endpoints")["partitions"]:
        found |= {partition["dnsSuffix"], *(variant.get("dnsSuffix", partition["dnsSuffix"]) for variant in partition["defaults"].get("variants", ()))}
    for partition in loader.load_data("partitions")["partitions"]:
        found |= {partition["outputs"]["dnsSuffix"], partition["outputs"]["dualStackDnsSuffix"]}
    return tuple(sorted(f".{suffix}" for suffix in found))
