# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A document against a JSON schema: every deviation as a problem that says what to write instead."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, cast

from ansible_collections.slipway.platform.plugins.module_utils._document.document import Document
from ansible_collections.slipway.platform.plugins.module_utils._document.problems import KeyPath, Problem
from ansible_collections.slipway.platform.plugins.module_utils._document.schema import Schema
from ansible_collections.slipway.platform.plugins.module_utils._document.suggest import did_you_mean, nearest
from ansible_collections.slipway.platform.plugins.module_utils._errors import Missing

_KINDS = {"string": "a text", "integer": "a whole number", "number": "a number", "boolean": "true or false", "array": "a list", "object": "a map of keys"}


@dataclass(frozen=True)
class Deviation:
    """One finding of the validator: where, which keyword of which schema, what the keyword asks for, what is there."""

    path: KeyPath
    keyword: str
    rule: Any
    instance: Any
    schema: Schema
    message: str
    in_name: bool


def check(document: Document, schema: Schema, path: KeyPath = ()) -> list[Problem]:
    """What in the document (or in its part at ``path``) does not fit the schema."""
    value = functools.reduce(lambda data, step: data[step], path, document.data)
    return [problem for deviation in _deviations(value, schema) for problem in _translate(document, path, deviation)]


def faulty(document: Document, schema: Schema) -> list[KeyPath]:
    """The places that would have to go for the rest to fit the schema."""
    found: list[KeyPath] = []
    for deviation in _deviations(document.data, schema):
        if deviation.keyword == "additionalProperties":
            found += [(*deviation.path, key) for key in deviation.instance if key not in deviation.schema["properties"]]
        else:
            found.append((*deviation.path, str(deviation.instance)) if deviation.in_name else deviation.path)
    return found


def _deviations(value: Any, schema: Schema) -> list[Deviation]:
    try:
        from jsonschema import Draft202012Validator
    except ImportError as error:
        raise Missing("the Python package jsonschema is not installed; install it with: pip install -r requirements.txt", package="jsonschema") from error
    return [
        Deviation(
            tuple(error.absolute_path),
            str(error.validator),
            error.validator_value,
            error.instance,
            cast(Schema, error.schema),
            error.message,
            "propertyNames" in error.absolute_schema_path,
        )
        for error in Draft202012Validator(schema).iter_errors(value)
    ]


def _translate(document: Document, base: KeyPath, error: Deviation) -> Iterator[Problem]:
    path = (*base, *error.path)
    if error.in_name:
        yield document.at_key((*path, str(error.instance)), f"the key `{error.instance}` is not {_expected(error)}")
        return
    translate = _TRANSLATORS.get(error.keyword)
    if translate is None:
        yield document.at_value(path, f"is not {_expected(error)}")
    else:
        yield from translate(document, path, error)


def _expected(error: Deviation) -> str:
    return str(error.schema.get("x-expected") or error.message)


def _unknown(document: Document, path: KeyPath, error: Deviation) -> Iterator[Problem]:
    known = error.schema["properties"]
    for key in error.instance:
        if key not in known:
            hint = error.schema.get("x-unknown", {}).get(key) or did_you_mean(key, known)
            yield document.at_key((*path, key), "unknown key", hint)


def _required(document: Document, path: KeyPath, error: Deviation) -> Iterator[Problem]:
    # A key that is there under a misspelt name is reported once, as misspelt: here, if unknown keys are allowed.
    known = error.schema.get("properties", {})
    spare = [key for key in error.instance if key not in known]
    for key in error.rule:
        if key in error.instance or not error.message.startswith(repr(key)):
            continue
        misspelt = next((other for other in spare if nearest(other, [key])), None)
        if misspelt is None:
            what = known.get(key, {}).get("x-expected")
            yield document.at_key(path, f"`{key}` is missing", f"it takes {what}" if what else "")
        elif error.schema.get("additionalProperties", True):
            yield document.at_key((*path, misspelt), "unknown key", f"did you mean `{key}`?")


def _type(document: Document, path: KeyPath, error: Deviation) -> Iterator[Problem]:
    wanted = error.rule if isinstance(error.rule, list) else [error.rule]
    place = document.place(path)
    raw, hint = place.raw, ""
    if raw is not None and "string" in wanted and error.instance is not None:
        hint = f"write it in quotes: {json.dumps(raw, ensure_ascii=False)}"
    elif isinstance(error.instance, str) and {"integer", "number"} & set(wanted) and error.instance.strip().isdigit():
        hint = f"write it without quotes: {error.instance.strip()}"
    elif error.schema.get("x-expected"):
        hint = f"it takes {error.schema['x-expected']}"
    kinds = " or ".join(_KINDS[kind] for kind in wanted)
    yield document.at_value(path, f"is {_kind(error.instance)}, not {kinds}", hint)


def _kind(value: Any) -> str:
    if value is None:
        return "empty"
    for kinds, words in ((bool, "true or false"), (int, "a number"), (float, "a number"), (str, "a text"), (list, "a list")):
        if isinstance(value, kinds):
            return words
    return "a map of keys"


def _enum(document: Document, path: KeyPath, error: Deviation) -> Iterator[Problem]:
    allowed = [str(value) for value in error.rule]
    yield document.at_value(path, f"`{error.instance}` is not one of {', '.join(allowed)}", _suggestion(str(error.instance), allowed))


def _suggestion(word: str, allowed: list[str]) -> str:
    near = nearest(word, allowed)
    return f"did you mean `{near}`?" if near else ""


def _const(document: Document, path: KeyPath, error: Deviation) -> Iterator[Problem]:
    yield document.at_value(path, f"`{error.instance}` is not known here", f"write `{error.rule}`")


def _text(document: Document, path: KeyPath, error: Deviation) -> Iterator[Problem]:
    shown = "an empty text" if error.instance == "" else f"`{error.instance}`"
    yield document.at_value(path, f"{shown} is not {_expected(error)}")


def _one_of(document: Document, path: KeyPath, error: Deviation) -> Iterator[Problem]:
    keys = error.schema.get("x-one-of", [])
    given = [key for key in keys if key in error.instance] if isinstance(error.instance, dict) else []
    if given:
        yield document.at_key((*path, given[1]), f"only one of {_list(keys)} may be given, and `{given[0]}` is there already")
    elif isinstance(error.instance, dict) and not any(nearest(key, keys) for key in error.instance):
        yield document.at_key(path, f"needs {'one of ' if len(keys) > 2 else ''}{_list(keys)}")


def _list(keys: list[str]) -> str:
    return ", ".join(f"`{key}`" for key in keys[:-1]) + f" or `{keys[-1]}`"


def _empty(document: Document, path: KeyPath, _: Deviation) -> Iterator[Problem]:
    yield document.at_key(path, "is empty", "it needs at least one entry")


_TRANSLATORS: dict[str, Callable[[Document, KeyPath, Deviation], Iterator[Problem]]] = {
    "additionalProperties": _unknown,
    "required": _required,
    "type": _type,
    "enum": _enum,
    "const": _const,
    "pattern": _text,
    "minLength": _text,
    "maxLength": _text,
    "minimum": _text,
    "maximum": _text,
    "exclusiveMinimum": _text,
    "exclusiveMaximum": _text,
    "oneOf": _one_of,
    "anyOf": _one_of,
    "minProperties": _empty,
    "minItems": _empty,
}
