# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of a KMS key: an option may have its ARN, its id or an alias, while services answer with an ARN, or with what they were given."""

from __future__ import annotations

from ansible_collections.slipway.platform.plugins.module_utils._aws.connection import Aws
from ansible_collections.slipway.platform.plugins.module_utils._aws.result import LATER


def same(aws: Aws, wanted: str, found: str) -> bool:
    """Whether both name one key; KMS is only asked for an alias. One that is known later is not known to differ."""
    if wanted in (LATER, found):
        return True
    if not wanted or not found:
        return False
    ids = [_id(aws, name) for name in (wanted, found)]
    return ids[0] == ids[1]


def _id(aws: Aws, name: str) -> str:
    if name.startswith("alias/") or ":alias/" in name:
        name = str(aws.call("kms", "describe_key", KeyId=name)["KeyMetadata"]["Arn"])
    return name.rpartition("/")[2]
