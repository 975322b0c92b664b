# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Credentials for Amazon ECR: one GetAuthorizationToken per account and region (Amazon ECR API reference). boto3 is imported only for such a host."""

from __future__ import annotations

import base64
import re
from dataclasses import replace

from ansible_collections.slipway.platform.plugins.module_utils._aws.connection import Access, Aws
from ansible_collections.slipway.platform.plugins.module_utils._oci.credentials import Credential, Keychain

_HOST = re.compile(r"(?P<account>\d{12})\.dkr[.-]ecr(?:-fips)?\.(?P<region>[a-z0-9-]+)\.(?:amazonaws\.com(?:\.cn)?|on\.aws)")
_ATTEMPTS = 3


def is_ecr(registry: str) -> bool:
    return _HOST.fullmatch(registry) is not None


def credential(registry: str, profile: str = "") -> Credential | None:
    """What ECR gives for this registry (valid for 12 h) to the profile, or to whom boto3 finds; None if it is not one of ECR."""
    match = _HOST.fullmatch(registry)
    if match is None:
        return None
    answer = Aws(Access(match["region"], profile, attempts=_ATTEMPTS)).call("ecr", "get_authorization_token", registryIds=[match["account"]])
    user, _, password = base64.b64decode(answer["authorizationData"][0]["authorizationToken"]).decode().partition(":")
    return Credential(user, password)


def keychain_of(keychain: Keychain, host: str, profile: str) -> Keychain:
    """What is known of a registry; AWS is asked for those of ECR that nothing is known of as a whole. ``profile``: as whom, "" for whom boto3 finds."""
    known = keychain.of(host)
    if is_ecr(host) and known.find(host) is None:
        return replace(known, helpers={"": lambda _: credential(host, profile)})
    return known
