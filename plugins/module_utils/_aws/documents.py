# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Policies and other documents that AWS keeps as JSON text: compared by what they mean, since AWS writes them down anew."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput

_ACCOUNT = re.compile(r"arn:aws[\w-]*:iam::(\d{12}):root")
_SETS = {"Action", "NotAction", "Resource", "NotResource", "AWS", "Service", "Federated", "CanonicalUser", "tagPrefixList", "tagPatternList"}
"""Members whose order means nothing, and where one value may stand for a list of one (IAM policy grammar)."""


def document(value: Any, where: str) -> dict[str, Any] | None:
    """What an option says, as a dict or as JSON text; None where it says nothing. ``where``: the option. Raises ``InvalidInput``."""
    if value is None or isinstance(value, Mapping):
        return None if value is None else dict(value)
    try:
        read = (json.loads(value) if value.strip() else {}) if isinstance(value, str) else None
    except ValueError as error:
        raise InvalidInput(f"{where}: is no JSON ({error}); write a dict, or JSON text") from None
    if not isinstance(read, dict):
        raise InvalidInput(f"{where}: write a dict, or JSON text of one")
    return read


def policy(found: Any) -> Any:
    """An IAM policy in its one form: single values as lists, sets sorted, an account as its twelve digits, statements as a list."""
    if not isinstance(found, Mapping):
        return found
    statements = found.get("Statement", [])
    statements = statements if isinstance(statements, list) else [statements]
    return {**found, "Statement": [_statement(each) for each in statements]}


def lifecycle(found: Any) -> Any:
    """A lifecycle policy of ECR in its one form: rules by priority, lists of tags sorted."""
    if not isinstance(found, Mapping):
        return found
    return {**found, "rules": sorted((_plain(rule) for rule in found.get("rules", [])), key=lambda rule: rule.get("rulePriority", 0))}


def text(value: Mapping[str, Any]) -> str:
    """As AWS is told."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def _statement(statement: Any) -> Any:
    """Its members; a condition's values are a set, and true is "true" to AWS."""
    if not isinstance(statement, Mapping):
        return statement
    plain = {key: _plain({key: each})[key] for key, each in statement.items() if key != "Condition"}
    if plain.get("Principal") in ("*", {"AWS": ["*"]}):
        plain["Principal"] = {"AWS": ["*"]}
    conditions = statement.get("Condition")
    if isinstance(conditions, Mapping):
        plain["Condition"] = {
            operator: {key: sorted(_word(each) for each in _several(values)) for key, values in keys.items()} for operator, keys in conditions.items()
        }
    return plain


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: sorted(_word(each) for each in _several(inner)) if key in _SETS and not _nested(inner) else _plain(inner) for key, inner in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list) else value


def _nested(value: Any) -> bool:
    return isinstance(value, Mapping) or (isinstance(value, list) and any(isinstance(each, Mapping | list) for each in value))


def _several(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    account = _ACCOUNT.fullmatch(str(value))
    return account[1] if account else str(value)
