# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""botocore's service models, in the classes that moto's routers and parsers want. What moto adds to the models is left out: AWS is what botocore says."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

import botocore.session
from moto.core.model import ServiceModel
from moto.core.routing import ServiceOperationRouter

_SESSION = botocore.session.get_session()

# Services by the name that they are signed with, where that is not their name in botocore or where several share it. Reading it out of all four
# hundred models would take seconds; a test compares it with those models that it names.
_SIGNED: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "elasticloadbalancing": ("elbv2", "elb"),
        "monitoring": ("cloudwatch",),
        "rds": ("rds", "neptune", "docdb"),
        "s3": ("s3", "s3control"),
        "servicequotas": ("service-quotas",),
        "ses": ("ses", "sesv2"),
        "states": ("stepfunctions",),
        "tagging": ("resourcegroupstaggingapi",),
    }
)


GLOBAL = "us-east-1"
"""What is signed for services that have no regions; it is always there."""


@cache
def service_model(service: str) -> ServiceModel:
    """``service``: its name in botocore, as boto3.client() takes it."""
    return ServiceModel(_SESSION.get_component("data_loader").load_service_model(service, "service-2"), service)


@cache
def router(service: str) -> ServiceOperationRouter:
    return ServiceOperationRouter(service_model(service))


def services_signed_as(name: str) -> tuple[str, ...]:
    """Those that a request signed for ``name`` may be meant for; none, if botocore knows no such service."""
    return _SIGNED.get(name) or ((name,) if name in _available() else ())


@cache
def _available() -> frozenset[str]:
    return frozenset(_SESSION.get_available_services())


@cache
def regions() -> frozenset[str]:
    """The regions of the partition aws."""
    return frozenset(_SESSION.get_available_regions("ec2"))
