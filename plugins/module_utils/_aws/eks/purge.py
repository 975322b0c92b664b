# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of the resources that nobody wants may go: never what AWS made itself, and only those of ours if it is said which those are."""

from __future__ import annotations

from collections.abc import Mapping

from ansible_collections.slipway.platform.plugins.module_utils._aws.tags import texts


def carries(tags: Mapping[str, str], only: Mapping[str, str]) -> bool:
    """Whether a resource has all these tags; with none every resource has."""
    return texts(only).items() <= tags.items()


def is_caller(principal: str, caller: str) -> bool:
    """Whether an IAM ARN is that of who asks. ``caller``: as GetCallerIdentity has it, where a role has lost its path and got a session."""
    if principal == caller:
        return True
    _, _, service, _, account, resource = (*caller.split(":", 5), *[""] * 6)[:6]
    if service != "sts" or not resource.startswith("assumed-role/"):
        return False
    ours = principal.split(":", 5)
    return len(ours) == 6 and ours[4] == account and ours[5].startswith("role/") and ours[5].rpartition("/")[2] == resource.split("/")[1]
