# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading values from the simulated Secrets Manager, as the session of a store."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.secretsmanager.exceptions import ResourceNotFoundException, SecretHasNoValueException, SecretNotFoundException
from moto.secretsmanager.models import secretsmanager_backends

from simulator.world.eso import access, values
from simulator.world.eso.access import AccessError, Session
from simulator.world.eso.stores import StoreError
from simulator.world.eso.values import ContentError
from simulator.world.eso.wanted import Item, StoreRef, Wanted

_ABSENT = (ResourceNotFoundException, SecretNotFoundException, SecretHasNoValueException)
Opened = Callable[[StoreRef], tuple[Mapping[str, Any], Session]]


class ReadError(Exception):
    """Why there is no data; never with a value in it."""


class _AbsentError(Exception):
    pass


def read(wanted: Wanted, opened: Opened) -> dict[str, bytes]:
    """All data by key; dataFrom first, so that data wins. ``opened``: the store and its session. Raises ReadError."""
    found: dict[str, bytes] = {}
    for item in wanted.items:
        try:
            found |= _values(item, opened)
        except _AbsentError:
            if wanted.deletion == "Retain":
                raise ReadError(f"{item.where}, err: Secret does not exist") from None
        except (AccessError, StoreError, ContentError) as error:
            raise ReadError(f"{item.where}, err: {error}") from None
    return found


def _values(item: Item, opened: Opened) -> dict[str, bytes]:
    store, session = opened(item.store)
    aws = store["spec"]["provider"]["aws"]
    content = _content(session, str(aws["region"]), str(aws.get("prefix") or "") + item.key, item)
    if item.property:
        content = values.property_of(content.decode(errors="replace"), item.property, item.key)
    if item.secret_key:
        return {item.secret_key: values.decoded(content, item.decoding)}
    members = values.converted(values.members_of(content.decode(errors="replace"), item.key), item.conversion)
    return {key: values.decoded(value, item.decoding) for key, value in members.items()}


def _content(session: Session, region: str, key: str, item: Item) -> bytes:
    backend: Any = secretsmanager_backends[session.account][region]
    version = item.version.removeprefix("uuid/") if item.version.startswith("uuid/") else ""
    stage = "" if version else item.version
    secret = _secret(backend, key)
    access.may_read(session, secret or _nothing(session, region, key), stage)
    try:
        found = backend.get_secret_value(key, version or None, stage or None)
    except _ABSENT:
        raise _AbsentError from None
    except JsonRESTError as error:
        raise AccessError(f"{error.error_type}: {error.message}") from None
    if found.get("SecretString") is not None:
        return str(found["SecretString"]).encode()
    return base64.b64decode(found["SecretBinary"])  # as it came over the wire


def _secret(backend: Any, key: str) -> Any:
    return backend.secrets[key] if backend._is_valid_identifier(key) else None


def _nothing(session: Session, region: str, key: str) -> Any:
    """A secret that is not there: whoever may not read it is not told so."""
    arn = key if key.startswith("arn:") else f"arn:{session.partition}:secretsmanager:{region}:{session.account}:secret:{key}-000000"
    return SimpleNamespace(arn=arn, tags=(), policy=None, kms_key_id=None, account_id=session.account, region=region)
