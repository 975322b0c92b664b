# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of the placeholders of one document: every one is read, and names something that exists."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._document.document import Document
from ansible_collections.slipway.platform.plugins.module_utils._document.problems import KeyPath, Problem
from ansible_collections.slipway.platform.plugins.module_utils._document.suggest import did_you_mean, nearest
from ansible_collections.slipway.platform.plugins.module_utils._score import reading
from ansible_collections.slipway.platform.plugins.module_utils._score.placeholders import PlaceholderError, Reference, Template, parse
from ansible_collections.slipway.platform.plugins.module_utils._score.resource_types import TYPES


@dataclass(frozen=True)
class Names:
    """What placeholders of a document may mean: its resources with their types, and its metadata."""

    resources: Mapping[str, str]
    metadata: Mapping[str, Any]


def names(data: Mapping[str, Any]) -> Names:
    return Names({name: value["type"] for name, value in data.get("resources", {}).items()}, data["metadata"])


def check(document: Document) -> Iterator[Problem]:
    """Problems with the placeholders of variables, files and parameters, and with those where none is expanded."""
    known = names(document.data)
    for container, value in document.data["containers"].items():
        base: KeyPath = ("containers", container)
        for key, text in value.get("variables", {}).items():
            yield from _check_text(document, (*base, "variables", key), text, known)
        for key, _, details in reading.mounts(value.get("files")):
            yield from _check_file(document, (*base, "files", key), details, known)
        for field in ("command", "args"):
            yield from _check_plain(document, (*base, field), value.get(field, []))
    for resource, value in document.data.get("resources", {}).items():
        yield from _check_params(document, resource, value.get("params", {}), known)


def _check_file(document: Document, path: KeyPath, details: Mapping[str, Any], known: Names) -> Iterator[Problem]:
    text = details.get("content")
    if text is None or details.get("noExpand"):
        return  # the contents of `source` are checked where the file is read
    yield from _check_text(document, (*path, "content"), text, known)
    yield from mixed_secret(document, (*path, "content"), text, known)


def source_text(document: Document, path: KeyPath, text: str, known: Names) -> Iterator[Problem]:
    """The same checks for the contents of a ``source`` file: the place is the key, the line is in the message."""
    for problem in (*_check_text(document, path, text, known), *mixed_secret(document, path, text, known)):
        mark = document.place(path).value
        hint = problem.hint + (", or set `noExpand: true`" if "`$${" in problem.hint else "")
        yield replace(problem, line=mark.line, column=mark.column, hint=hint)


def mixed_secret(document: Document, path: KeyPath, text: str, known: Names) -> Iterator[Problem]:
    """A secret may be a whole file, but not a part of one: that file would have to lie in a ConfigMap."""
    try:
        template = parse(text)
    except PlaceholderError:
        return
    for reference in template.references:
        if is_secret(reference, known) and template.only_reference is None:
            hint = f"read it from /bindings/{reference.path[1]}/{reference.path[2]} or from a variable, or make it the whole content"
            yield _place(document, path, text, reference.offset, f"the secret `{reference}` cannot be a part of a file", hint)


def is_secret(reference: Reference, known: Names) -> bool:
    kind = TYPES.get(known.resources.get(reference.path[1], "")) if reference.path[0] == "resources" and len(reference.path) == 3 else None
    output = kind.outputs.get(reference.path[2]) if kind else None
    return output is not None and output.secret


def _check_params(document: Document, resource: str, params: Mapping[str, Any], known: Names) -> Iterator[Problem]:
    for key, text in params.items():
        if not isinstance(text, str):
            continue
        path: KeyPath = ("resources", resource, "params", key)
        found = list(_check_text(document, path, text, known))
        yield from found
        for reference in () if found else parse(text).references:
            if reference.path[0] == "resources" and known.resources[reference.path[1]] != "dns":
                yield document.at_value(path, f"`{reference}` cannot be used in a parameter", "parameters take outputs of `dns` resources and metadata")


def _check_plain(document: Document, path: KeyPath, values: list[str]) -> Iterator[Problem]:
    for index, text in enumerate(values):
        if "${resources." in text.replace("$${", "") or "${metadata." in text.replace("$${", ""):
            hint = f"put it into `variables` and write `$(NAME)` in `{path[-1]}`"
            yield document.at_value((*path, index), "placeholders are not expanded here", hint)


def _check_text(document: Document, path: KeyPath, text: str, known: Names) -> Iterator[Problem]:
    try:
        template = parse(text)
    except PlaceholderError as error:
        yield _place(document, path, text, error.offset, error.message, error.hint)
        return
    yield from _check_template(document, path, text, template, known)


def _check_template(document: Document, path: KeyPath, text: str, template: Template, known: Names) -> Iterator[Problem]:
    for reference in template.references:
        check_root = _ROOTS.get(reference.path[0])
        if check_root is None:
            near = nearest(reference.path[0], _ROOTS)
            escape = f"write `$${str(reference)[1:]}` for the characters themselves"
            hint = f"did you mean `{near}`?" if near else escape
            yield _place(document, path, text, reference.offset, f"`{reference}` begins neither with `resources.` nor with `metadata.`", hint)
        elif fault := check_root(reference, known):
            yield _place(document, path, text, reference.offset, *fault)


def _check_resource(reference: Reference, known: Names) -> tuple[str, str] | None:
    if len(reference.path) < 2 or reference.path[1] not in known.resources:
        name = reference.path[1] if len(reference.path) > 1 else ""
        return f"`{reference}` names no resource of this file", did_you_mean(name, known.resources) or "declare it under `resources`"
    kind = TYPES.get(known.resources[reference.path[1]])
    if kind is None:
        return None  # the unknown type is reported where it is written
    if len(reference.path) != 3:
        outputs = did_you_mean("", kind.outputs)
        return f"`{reference}` names no output", outputs or f"a resource of type {kind.name} has none"
    if reference.path[2] not in kind.outputs:
        return f"a resource of type {kind.name} has no output `{reference.path[2]}`", did_you_mean(reference.path[2], kind.outputs)
    return None


def _check_metadata(reference: Reference, known: Names) -> tuple[str, str] | None:
    value: Any = known.metadata
    for step in reference.path[1:]:
        if not isinstance(value, dict) or step not in value:
            return f"`{reference}` is not in the metadata", did_you_mean(step, value) if isinstance(value, dict) else ""
        value = value[step]
    return None if isinstance(value, str | int | float) else (f"`{reference}` is not a single value", "")


_ROOTS: dict[str, Callable[[Reference, Names], tuple[str, str] | None]] = {"resources": _check_resource, "metadata": _check_metadata}


def _place(document: Document, path: KeyPath, text: str, offset: int, message: str, hint: str) -> Problem:
    """In a block scalar, the line of the placeholder itself; else the place of the value."""
    problem = document.at_value(path, message, hint)
    if document.place(path).block:
        return replace(problem, line=problem.line + 1 + text.count("\n", 0, offset), column=1)
    return problem
