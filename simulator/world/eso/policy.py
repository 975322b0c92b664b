# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""IAM policies, read as far as access to a secret needs it; what can't be decided is said, never guessed.

IAM User Guide: "Policy evaluation logic", "IAM JSON policy elements: Condition operators", "IAM policy elements: Variables and tags".
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

_LIKE = ("StringLike", "StringNotLike", "ArnLike", "ArnNotLike", "ArnEquals", "ArnNotEquals")
_EXACT = ("StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "Bool")
_VARIABLE = re.compile(r"\$\{([^}]+)\}")


class UndecidedError(Exception):
    """A policy has something that is not understood here."""


@dataclass(frozen=True)
class Ask:
    """``principals``: the ARNs that a policy of a resource may name. ``context``: condition keys in lower case; one that is not there is
    absent, and several values have a line each."""

    action: str
    resource: str
    principals: frozenset[str] = frozenset()
    context: Mapping[str, str] = field(default_factory=dict)


def verdict(documents: Iterable[Any], ask: Ask) -> str:
    """Deny, Allow, or "" if no statement fits. Raises UndecidedError."""
    effects = {str(statement.get("Effect")) for document in documents for statement in _statements(document) if _fits(statement, ask)}
    return "Deny" if "Deny" in effects else "Allow" if "Allow" in effects else ""


def _statements(document: Any) -> list[dict[str, Any]]:
    try:
        parsed = json.loads(document) if isinstance(document, str) else document
    except ValueError:
        raise UndecidedError("a policy is not JSON") from None
    return _list(parsed.get("Statement", []))


def _fits(statement: Mapping[str, Any], ask: Ask) -> bool:
    principal = statement.get("Principal")
    if "NotPrincipal" in statement:
        raise UndecidedError("a policy has NotPrincipal, which is not understood here")
    if principal is not None and not _principal(principal, ask):
        return False
    actions = _list(statement.get("Action", [])) or _list(statement.get("NotAction", []))
    if any(_like(ask.action.lower(), str(each).lower()) for each in actions) is ("NotAction" in statement):
        return False
    resources = _list(statement.get("Resource", [])) or _list(statement.get("NotResource", []))
    if resources and any(_like(ask.resource, _filled(str(each), ask)) for each in resources) is ("NotResource" in statement):
        return False
    return all(_condition(operator, key, _list(values), ask) for operator, keys in (statement.get("Condition") or {}).items() for key, values in keys.items())


def _principal(principal: Any, ask: Ask) -> bool:
    named = _list(principal) if not isinstance(principal, dict) else _list(principal.get("AWS", [])) + _list(principal.get("Service", []))
    return "*" in named or any(name in ask.principals for name in named)


def _condition(operator: str, key: str, values: list[Any], ask: Ask) -> bool:
    if operator.startswith("ForAllValues:"):
        given = [each for each in ask.context.get(key.lower(), "").split("\n") if each]
        return all(_condition(operator.partition(":")[2], key, values, replace(ask, context={**ask.context, key.lower(): each})) for each in given)
    plain = operator.removesuffix("IfExists")
    actual = ask.context.get(key.lower())
    if plain == "Null":
        return (actual is None) is (str(values[0]).lower() == "true")
    if plain not in (*_LIKE, *_EXACT):
        raise UndecidedError(f"a policy has the condition operator {operator}, which is not understood here")
    negative = "Not" in plain
    if actual is None:
        return negative or operator.endswith("IfExists")
    wanted = [_filled(str(value).lower() if plain == "Bool" else str(value), ask) for value in values]
    if plain in _LIKE:
        found = any(_like(actual, each) for each in wanted)
    elif plain == "StringEqualsIgnoreCase":
        found = actual.lower() in [each.lower() for each in wanted]
    else:
        found = actual in wanted
    return found is not negative


def _filled(text: str, ask: Ask) -> str:
    """Policy variables by their value; one without a value fits nothing."""
    return _VARIABLE.sub(lambda found: ask.context.get(found[1].lower(), "\0") if found[1] not in "*?$" else found[1], text)


def _like(actual: str, pattern: str) -> bool:
    expression = "".join(".*" if each == "*" else "." if each == "?" else re.escape(each) for each in pattern)
    return re.fullmatch(expression, actual, re.DOTALL) is not None


def _list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list) else [value]
