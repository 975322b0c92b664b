# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A YAML file with the place of every key and value.

One document a file; duplicate keys are problems; anchors, aliases and merge keys work. Values are JSON: a date stays a
string: whoever wants one reads the text as it was written. Source: YAML 1.1 as PyYAML reads it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml
from ansible_collections.slipway.platform.plugins.module_utils._document.problems import KeyPath, Problem, path_text

MAX_BYTES = 1024 * 1024
MAX_NODES = 10_000
_TAGS = ("map", "seq", "str", "int", "float", "bool", "null")


@dataclass(frozen=True, order=True)
class Mark:
    """A place in a file; both count from 1."""

    line: int
    column: int


@dataclass(frozen=True)
class Place:
    """Where a value stands: its key, the value itself, and its text as it was written (scalars only)."""

    key: Mark
    value: Mark
    raw: str | None
    block: bool


@dataclass(frozen=True)
class Document:
    """The contents of a file (JSON values) and the place of each by its key path."""

    file: str
    data: Any
    places: Mapping[KeyPath, Place]

    def place(self, path: KeyPath) -> Place:
        """The place of a path, or of the nearest thing around it that exists."""
        while path and path not in self.places:
            path = path[:-1]
        return self.places.get(path, Place(Mark(1, 1), Mark(1, 1), None, False))

    def at_value(self, path: KeyPath, message: str, hint: str = "") -> Problem:
        mark = self.place(path).value
        return Problem(self.file, mark.line, mark.column, path_text(path), message, hint)

    def at_key(self, path: KeyPath, message: str, hint: str = "") -> Problem:
        mark = self.place(path).key
        return Problem(self.file, mark.line, mark.column, path_text(path), message, hint)


class _Loader(yaml.SafeLoader):
    """SafeLoader without dates and without numbers to the base of 60: ``22:00`` is a time of day and not 1320."""


def _resolvers(resolvers: list[tuple[str, re.Pattern[str]]]) -> list[tuple[str, re.Pattern[str]]]:
    plain = re.compile(r"(?![-+0-9._]*:)")
    return [(tag, re.compile(plain.pattern + f"(?:{pattern.pattern})", pattern.flags)) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]


_Loader.yaml_implicit_resolvers = {first: _resolvers(resolvers) for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()}


class _Refused(Exception):
    def __init__(self, mark: yaml.error.Mark | None, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.mark, self.message, self.hint = mark, message, hint


def parse(text: str, file: str, start: str = "") -> tuple[Document | None, list[Problem]]:
    """The document, and what is wrong with its YAML; no document if it cannot be read at all. ``start`` says how such a file begins."""
    if len(text.encode()) > MAX_BYTES:
        return None, [Problem(file, 1, 1, "", "is larger than 1 MiB")]
    if bad := yaml.reader.Reader.NON_PRINTABLE.search(text):
        before = text[: bad.start()]
        column = bad.start() - before.rfind("\n")
        return None, [Problem(file, before.count("\n") + 1, column, "", f"holds the unprintable character {bad.group()!r}", "remove it")]
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return None, [Problem(file, 1, 1, "", "is empty", f"start with `{start}`" if start else "")]
        reader = _Reader(loader, file)
        data = reader.read(node, (), node, ())
    except _Refused as error:
        return None, [_problem(file, error.mark, error.message, error.hint)]
    except yaml.MarkedYAMLError as error:
        return None, [_problem(file, error.problem_mark, f"is not YAML: {error.problem or error.context}", _advice(text, error.problem_mark))]
    finally:
        loader.dispose()
    return Document(file, data, reader.places), reader.problems


def _problem(file: str, mark: yaml.error.Mark | None, message: str, hint: str) -> Problem:
    place = Mark(1, 1) if mark is None else _mark(mark)
    return Problem(file, place.line, place.column, "", message, hint)


def _advice(text: str, mark: yaml.error.Mark | None) -> str:
    lines = text.splitlines()
    if mark is not None and mark.line < len(lines) and "\t" in lines[mark.line][: mark.column + 1]:
        return "indent with spaces, not with tabs"
    return ""


def _mark(mark: yaml.error.Mark) -> Mark:
    return Mark(mark.line + 1, mark.column + 1)


class _Reader:
    """Walks the nodes once; every alias is walked where it is used, so each use has its own path."""

    def __init__(self, loader: _Loader, file: str) -> None:
        self.loader, self.file = loader, file
        self.places: dict[KeyPath, Place] = {}
        self.problems: list[Problem] = []
        self.nodes = 0

    def read(self, node: yaml.Node, path: KeyPath, key: yaml.Node, above: tuple[int, ...]) -> Any:
        self.nodes += 1
        if id(node) in above:
            raise _Refused(node.start_mark, "an anchor contains itself")
        if self.nodes > MAX_NODES:
            raise _Refused(node.start_mark, f"holds more than {MAX_NODES} values once its aliases are written out")
        scalar = node if isinstance(node, yaml.ScalarNode) else None
        # A plain mapping starts at its first key: that is where its value is.
        self.places[path] = Place(_mark(key.start_mark), _mark(node.start_mark), scalar.value if scalar else None, bool(scalar and scalar.style in ("|", ">")))
        if node.tag.removeprefix("tag:yaml.org,2002:") not in _TAGS:
            raise _Refused(node.start_mark, f"{path_text(path)} has the tag {node.tag}", "write a plain value")
        above = (*above, id(node))
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path, above)
        if isinstance(node, yaml.SequenceNode):
            return [self.read(item, (*path, index), item, above) for index, item in enumerate(node.value)]
        try:
            return self.loader.construct_object(node)
        except ValueError:
            raise _Refused(node.start_mark, f"{path_text(path)}: `{node.value}` is not {node.tag.rsplit(':', 1)[1]}") from None

    def _mapping(self, node: yaml.MappingNode, path: KeyPath, above: tuple[int, ...]) -> dict[str, Any]:
        result: dict[str, Any] = {}
        seen: dict[str, Mark] = {}
        merged: list[yaml.Node] = []
        for key_node, value_node in node.value:
            if key_node.tag == "tag:yaml.org,2002:merge":
                merged.append(value_node)
                continue
            if not isinstance(key_node, yaml.ScalarNode):
                raise _Refused(key_node.start_mark, f"{path_text(path) or 'the document'} has a key that is not a word")
            name, mark = key_node.value, _mark(key_node.start_mark)
            if name in seen:
                where = path_text((*path, name))
                self.problems.append(Problem(self.file, mark.line, mark.column, where, f"is written twice, first on line {seen[name].line}", "keep one"))
                continue
            seen[name] = mark
            result[name] = self.read(value_node, (*path, name), key_node, above)
        for value_node in merged:
            self._merge(value_node, path, above, result)
        return result

    def _merge(self, node: yaml.Node, path: KeyPath, above: tuple[int, ...], result: dict[str, Any]) -> None:
        """``<<``: what the mapping does not say itself comes from the other one, the first of several winning."""
        if isinstance(node, yaml.SequenceNode):
            for item in node.value:
                self._merge(item, path, above, result)
            return
        if not isinstance(node, yaml.MappingNode) or id(node) in above:
            raise _Refused(node.start_mark, "`<<` takes another mapping, or a list of them")
        kept = {place: self.places[place] for place in self.places if len(place) > len(path) and place[: len(path)] == path and place[len(path)] in result}
        for name, value in self._mapping(node, path, (*above, id(node))).items():
            result.setdefault(name, value)
        self.places.update(kept)
