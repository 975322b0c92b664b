# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading score.yaml files: everything wrong with all of them at once, or the workloads."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._document import structure
from ansible_collections.slipway.platform.plugins.module_utils._document.document import Document, parse
from ansible_collections.slipway.platform.plugins.module_utils._document.problems import KeyPath, Problem, path_text, refuse
from ansible_collections.slipway.platform.plugins.module_utils._document.suggest import did_you_mean
from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput
from ansible_collections.slipway.platform.plugins.module_utils._score import reading, semantics
from ansible_collections.slipway.platform.plugins.module_utils._score.schema import WORKLOAD
from ansible_collections.slipway.platform.plugins.module_utils._score.workload import Workload

FILE_NAME = "score.yaml"


@dataclass(frozen=True)
class Source:
    """A score.yaml to read. ``name`` is what the inventory calls the service, if it says so."""

    path: Path
    name: str | None = None


def check_text(text: str, file: str, folder: Path) -> tuple[Document | None, list[Problem]]:
    """The document and its problems, sorted by line. Meaning is looked at as far as the form allows."""
    document, problems = parse(text, file, "apiVersion: score.dev/v1b1")
    if document is None:
        return None, problems
    form = structure.check(document, WORKLOAD)
    problems += [*form, *(_meaning_of_the_rest(document, folder) if form else semantics.check(document, folder))]
    return document, sorted(set(problems))


def _meaning_of_the_rest(document: Document, folder: Path) -> Iterator[Problem]:
    """Problems of meaning in what remains without the faulty places, if those lie inside containers.

    A fault elsewhere takes a name away that others use, and one mistake would be told many times.
    """
    # Of a list, all goes: what follows a missing item would stand at the place of another.
    faulty = [tuple(itertools.takewhile(lambda step: isinstance(step, str), path)) for path in structure.faulty(document, WORKLOAD)]
    if not all(path[0] == "containers" and len(path) > 2 for path in faulty if path) or () in faulty:
        return
    rest = Document(document.file, _without(document.data, faulty), document.places)
    if structure.check(rest, WORKLOAD):
        return
    around = {path_text(path[:depth]) for path in faulty for depth in range(len(path) + 1)}
    yield from (problem for problem in semantics.check(rest, folder) if problem.path not in around)


def _without(value: Any, faulty: Sequence[KeyPath], path: KeyPath = ()) -> Any:
    if isinstance(value, dict):
        return {key: _without(child, faulty, (*path, key)) for key, child in value.items() if (*path, key) not in faulty}
    return value


def load(sources: Sequence[Source]) -> list[Workload]:
    """The workloads of these files in the order given; raises ``InvalidInput`` with the problems of all of them."""
    if not sources:
        raise InvalidInput("no services were given; list at least one in slipway_services")
    problems: list[Problem] = []
    documents: list[tuple[Document, Workload]] = []
    for source in sources:
        document, found = _read(source)
        problems += found
        if document is not None and not found:
            documents.append((document, reading.workload(document.data, document.file, source.path.parent)))
    problems += _set_problems(documents, complete=len(documents) == len(sources))
    if problems:
        raise refuse(problems)
    return [workload for _, workload in documents]


def _read(source: Source) -> tuple[Document | None, list[Problem]]:
    file = str(source.path)
    try:
        text = source.path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None, [Problem(file, 1, 1, "", "there is no such file", f"a service is a folder with a {FILE_NAME}")]
    except UnicodeDecodeError:
        return None, [Problem(file, 1, 1, "", "is not UTF-8 text")]
    except OSError as error:
        return None, [Problem(file, 1, 1, "", f"cannot be read: {error.strerror}")]
    document, problems = check_text(text, file, source.path.parent)
    if document is not None and not problems and source.name not in (None, document.data["metadata"]["name"]):
        hint = "use one name in both"
        problems = [document.at_value(("metadata", "name"), f"the inventory calls this service `{source.name}`", hint)]
    return document, problems


def _set_problems(documents: Sequence[tuple[Document, Workload]], complete: bool) -> Iterator[Problem]:
    """What is wrong between the services. Whether a dependency exists is known only if every file could be read."""
    by_name: dict[str, Workload] = {}
    for document, workload in documents:
        if workload.name in by_name:
            yield document.at_value(("metadata", "name"), f"`{workload.name}` is the name of {by_name[workload.name].file} already")
        by_name.setdefault(workload.name, workload)
    for document, workload in documents:
        if complete:
            yield from _dependencies(document, workload, by_name)


def _dependencies(document: Document, workload: Workload, by_name: Mapping[str, Workload]) -> Iterator[Problem]:
    for resource in workload.of_type("service"):
        base: KeyPath = ("resources", resource.name)
        name = workload.dependency(resource)
        target = by_name.get(name)
        others = set(by_name) - {workload.name}
        if target is None or target is workload:
            hint = did_you_mean(name, others) or "add it to slipway_services"
            yield document.at_key(base, f"there is no other service `{name}` in this environment", hint)
        elif not target.ports:
            yield document.at_key(base, f"the service `{name}` has no ports that could be called", "declare them under `service.ports` there")
        elif target.port(resource.params.get("port")) is None:
            wanted = resource.params.get("port")
            names = [port.name for port in target.ports]
            if wanted is None:
                yield document.at_key(base, f"the service `{name}` has several ports", f"choose one in `params.port`: {', '.join(names)}")
            else:
                yield document.at_value((*base, "params", "port"), f"`{wanted}` is not a port of the service `{name}`", did_you_mean(str(wanted), names))
