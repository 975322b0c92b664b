# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands where in the checkout, for the tests that hold its walls."""

from __future__ import annotations

import ast
import importlib
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml

CHECKOUT = Path(__file__).resolve().parents[2]
PLUGINS = CHECKOUT / "plugins"
CORE = PLUGINS / "module_utils"
DOCUMENTATION_NAMES = {"DOCUMENTATION", "EXAMPLES", "RETURN"}


def relative(path: Path) -> str:
    return path.relative_to(CHECKOUT).as_posix()


@cache
def project_files() -> tuple[Path, ...]:
    """Every file of the project that git knows or would add; in a checkout without git, every file outside hidden folders."""
    listed = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"], cwd=CHECKOUT, capture_output=True, text=True, check=False)
    if listed.returncode == 0:
        paths = [CHECKOUT / name for name in listed.stdout.split("\0") if name]
    else:
        paths = [path for path in CHECKOUT.rglob("*") if not any(part.startswith(".") for part in path.relative_to(CHECKOUT).parts)]
    return tuple(sorted(path for path in paths if path.is_file() and not path.is_symlink()))


def python_files(*folders: str) -> list[Path]:
    return [path for path in project_files() if path.suffix == ".py" and relative(path).startswith(folders)]


def role_names() -> list[str]:
    """Roles that have tasks; a folder that only holds files yet is not a role."""
    return sorted(path.parents[1].name for path in (CHECKOUT / "roles").glob("*/tasks/main.yml"))


def module_names() -> list[str]:
    return sorted(path.stem for path in (PLUGINS / "modules").glob("*.py"))


def action_names() -> list[str]:
    return sorted(path.stem for path in (PLUGINS / "action").glob("*.py"))


@cache
def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), filename=str(path))


def code_lines(path: Path) -> int:
    """Lines that do something: no blank ones, no comments, no docstrings, no DOCUMENTATION."""
    said: set[int] = set()
    for node in ast.walk(parse(path)):
        documentation = isinstance(node, ast.Assign) and {ast.unparse(target) for target in node.targets} & DOCUMENTATION_NAMES
        docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        if documentation or docstring:
            said |= set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    lines = enumerate(path.read_text().splitlines(), 1)
    return sum(1 for number, line in lines if number not in said and line.strip() and not line.strip().startswith("#"))


def load_yaml(path: Path) -> Any:
    return yaml.safe_load(path.read_text())


def plugin(kind: str, name: str) -> Any:
    """The Python module of a plugin, for example ``plugin("modules", "preflight")``."""
    return importlib.import_module(f"ansible_collections.slipway.platform.plugins.{kind}.{name}")


def documentation(name: str) -> dict[str, Any]:
    """A module's DOCUMENTATION with its documentation fragments merged in, as ansible-doc shows it."""
    document: dict[str, Any] = yaml.safe_load(plugin("modules", name).DOCUMENTATION)
    for reference in document.get("extends_documentation_fragment", []):
        fragment = reference.removeprefix("slipway.platform.")
        file, _, attribute = fragment.partition(".")
        source = yaml.safe_load(getattr(plugin("doc_fragments", file).ModuleDocFragment, (attribute or "documentation").upper()))
        for section in ("options", "attributes"):
            document[section] = source.get(section, {}) | document.get(section, {})
    return document


def tasks_of(path: Path) -> Iterator[dict[str, Any]]:
    """Every task of a file, those in blocks too."""

    def walk(items: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        for item in items:
            yield item
            for part in ("block", "rescue", "always"):
                yield from walk(item.get(part) or [])

    yield from walk(load_yaml(path) or [])
