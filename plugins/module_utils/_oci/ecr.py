# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Credentials for Amazon ECR: one GetAuthorizationToken per account and region (Amazon ECR API reference). boto3 is optional."""

from __future__ import annotations

import base64
import importlib
import re
from collections.abc import Callable
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._errors import Denied, Missing
from ansible_collections.slipway.platform.plugins.module_utils._oci.credentials import Credential

_HOST = re.compile(r"(?P<account>\d{12})\.dkr[.-]ecr(?:-fips)?\.(?P<region>[a-z0-9-]+)\.(?:amazonaws\.com(?:\.cn)?|on\.aws)")


def is_ecr(registry: str) -> bool:
    return _HOST.fullmatch(registry) is not None


def connect(region: str) -> Any:
    """boto3's client, with the credentials that boto3 finds. Raises ``Missing`` if boto3 is not installed."""
    try:
        boto3 = importlib.import_module("boto3")
    except ImportError:
        raise Missing("credentials for Amazon ECR need the Python package boto3, which is not installed; or give auth_file") from None
    return boto3.client("ecr", region_name=region)


def credential(registry: str, client: Callable[[str], Any] = connect) -> Credential | None:
    """What ECR gives for this registry (valid for 12 h); None if it is not one of ECR."""
    match = _HOST.fullmatch(registry)
    if match is None:
        return None
    ecr = client(match["region"])
    try:
        data = ecr.get_authorization_token(registryIds=[match["account"]])["authorizationData"][0]
        user, _, password = base64.b64decode(data["authorizationToken"]).decode().partition(":")
    except Exception as error:
        # botocore's errors are made at run time and its import is optional; their text names operations and codes, never keys.
        raise Denied(f"AWS gives no credentials for {registry}: {type(error).__name__}: {error}", host=registry) from None
    return Credential(user, password)
