# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The access keys that moto's IAM and STS know, for whoever verifies tokens."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from moto.iam.models import iam_backends
from moto.sts.models import sts_backends

from simulator.corrections.sts import USER
from simulator.eks.tokens import Key

_NONE: Mapping[str, str] = MappingProxyType({})


def of_moto(account: str, access_key: str, partition: str = "aws", others: Mapping[str, str] = _NONE) -> Key | None:
    """A user's lasting key, or the key of a session; None: it was not made here.

    ``others``: secrets of keys that nobody made, by their ids; whoever has one is the simulator's own user, as STS says.
    """
    session: Any = sts_backends[account][partition].get_assumed_role_from_access_key(access_key)
    if session:
        return Key(session.arn, session.secret_access_key, session.session_token)
    user: Any = iam_backends[account][partition].get_user_from_access_key_id(access_key)
    for key in user.access_keys if user else ():
        if key.access_key_id == access_key and key.status == "Active":
            return Key(user.arn, key.secret_access_key)
    return Key(f"arn:{partition}:iam::{account}:user/{USER}", others[access_key]) if access_key in others else None
