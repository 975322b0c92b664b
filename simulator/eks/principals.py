# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ARNs of IAM principals: what they are, and the one form in which EKS compares them."""

from __future__ import annotations

import re
from dataclasses import dataclass

_IAM = re.compile(r"arn:(?P<partition>aws[\w-]*):iam::(?P<account>\d{12}):(?P<kind>role|user)/(?P<path>(?:[\w+=,.@-]+/)*)(?P<name>[\w+=,.@-]+)")
_STS = re.compile(
    r"arn:(?P<partition>aws[\w-]*):sts::(?P<account>\d{12}):(?:assumed-role/(?P<name>[\w+=,.@-]+)/(?P<session>[\w+=,.@-]+)|(?P<kind>user|federated-user)/(?P<user>[\w+=,.@-]+))"
)


@dataclass(frozen=True)
class Principal:
    """``kind``: role or user; ``session``: the session's name when a role is assumed; ``path``: of an IAM ARN, "" or with a slash at its end.

    The ARN of an assumed role has no path, and names of roles are unique in an account: two principals are one if ``key`` is the same.
    """

    partition: str
    account: str
    kind: str
    name: str
    path: str = ""
    session: str = ""

    @property
    def key(self) -> tuple[str, str, str]:
        return self.account, self.kind, self.name

    @property
    def arn(self) -> str:
        """The ARN in IAM: the role of an assumed role, as far as its ARN tells it."""
        return f"arn:{self.partition}:iam::{self.account}:{self.kind}/{self.path}{self.name}"

    @property
    def service_linked(self) -> bool:
        return self.path.startswith("aws-service-role/")


def parse(arn: str) -> Principal | None:
    """None for what is no user, no role and no session of one (root, groups, services)."""
    found = _IAM.fullmatch(arn)
    if found:
        return Principal(found["partition"], found["account"], found["kind"], found["name"], found["path"])
    found = _STS.fullmatch(arn)
    if found is None or found["kind"] == "federated-user":
        return None
    if found["name"]:
        return Principal(found["partition"], found["account"], "role", found["name"], session=found["session"])
    return Principal(found["partition"], found["account"], "user", found["user"])


def of_iam(arn: str) -> Principal | None:
    """Only what an access entry can be for: sessions are no identities that last."""
    return parse(arn) if ":iam:" in arn else None
