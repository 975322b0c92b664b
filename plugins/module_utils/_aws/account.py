# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who asks: the account, and the identity in IAM behind the credentials (STS GetCallerIdentity)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._aws.connection import Aws
from ansible_collections.slipway.platform.plugins.module_utils._aws.options import CONNECTION

OPTIONS: dict[str, Any] = {**CONNECTION}
_SESSION = re.compile(r"arn:[\w-]+:sts::\d{12}:assumed-role/(?P<role>[^/]+)/.+")


@dataclass(frozen=True)
class Result:
    """``arn`` may be that of a session; ``principal_arn`` is the role behind it, or the user, as policies and access entries name it."""

    account_id: str
    arn: str
    principal_arn: str
    partition: str
    region: str
    changed: bool = False


def caller(aws: Aws) -> Result:
    """One call, and another where a role was assumed: the ARN of its session has no path, and IAM knows it (which has to be allowed)."""
    found = aws.call("sts", "get_caller_identity")
    arn = str(found["Arn"])
    session = _SESSION.fullmatch(arn)
    principal = str(aws.call("iam", "get_role", RoleName=session["role"])["Role"]["Arn"]) if session else arn
    return Result(str(found["Account"]), arn, principal, arn.split(":")[1], aws.region)
