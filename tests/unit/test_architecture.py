# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The walls of the house (docs/architecture.md). A failure says what to move where."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import jinja2
import jinja2.meta
import pytest
import yaml
from support.tree import CHECKOUT, CORE, PLUGINS, action_names, code_lines, module_names, parse, project_files, python_files, relative, role_names, tasks_of

CORE_FILES = sorted(CORE.rglob("*.py"))
ROLES = CHECKOUT / "roles"
MODULE_LINES = 60
CORE_LINES = 250
FUNCTION_LINES = 40
HEADER = ["# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)", "# SPDX-License-Identifier: GPL-3.0-or-later"]


def imports(path: Path) -> Iterator[tuple[int, str]]:
    for node in ast.walk(parse(path)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, name.name) for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.lineno, "." * node.level + (node.module or "")


@pytest.mark.parametrize("path", CORE_FILES, ids=relative)
def test_the_core_knows_nothing_of_ansible(path: Path) -> None:
    own = "ansible_collections.slipway.platform.plugins."
    foreign = [
        f"line {line}: {name}"
        for line, name in imports(path)
        if name.startswith(".") or name.split(".")[0] == "ansible" or (name.startswith(own) and not name.startswith(f"{own}module_utils"))
    ]
    if relative(path) == "plugins/module_utils/_ansible.py":
        return
    assert not foreign, (
        f"{relative(path)} imports {', '.join(foreign)}: pass in what it needs as an argument; only _ansible.py meets Ansible, and imports are absolute"
    )


@pytest.mark.parametrize("path", CORE_FILES, ids=relative)
def test_time_is_an_argument(path: Path) -> None:
    calls = [
        f"line {node.lineno}: {ast.unparse(node.func)}()"
        for node in ast.walk(parse(path))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("time.sleep", "sleep_for", "datetime.utcnow", "datetime.datetime.utcnow")
    ]
    assert not calls, f"{relative(path)}, {'; '.join(calls)}: take sleep and clock as arguments, so that tests neither wait nor depend on the date"


@pytest.mark.parametrize("path", CORE_FILES, ids=relative)
def test_core_files_are_private(path: Path) -> None:
    first = path.relative_to(CORE).parts[0]
    assert first.startswith("_"), f"{relative(path)}: name it _{first}; what others may call is a module, not its parts"


@pytest.mark.parametrize("path", [*CORE_FILES, *python_files("simulator")], ids=relative)
def test_files_are_short(path: Path) -> None:
    lines = code_lines(path)
    assert lines <= CORE_LINES, f"{relative(path)} has {lines} lines of code, more than {CORE_LINES}: it has more than one idea; give each its file"


@pytest.mark.parametrize("path", [path for path in python_files("plugins", "simulator") if "doc_fragments" not in path.parts], ids=relative)
def test_functions_are_short(path: Path) -> None:
    long = []
    for node in ast.walk(parse(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            docstring = ast.get_docstring(node, clean=False)
            lines = (node.end_lineno or node.lineno) - node.lineno + 1 - (docstring.count("\n") + 1 if docstring else 0)
            if lines > FUNCTION_LINES:
                long.append(f"{node.name} (line {node.lineno}) has {lines} lines")
    assert not long, f"{relative(path)}: {', '.join(long)}, more than {FUNCTION_LINES}: split by what happens, and give each step a name"


@pytest.mark.parametrize("path", [path for kind in ("modules", "action") for path in sorted((PLUGINS / kind).glob("*.py"))], ids=relative)
def test_modules_are_thin(path: Path) -> None:
    lines = code_lines(path)
    assert lines <= MODULE_LINES, f"{relative(path)} has {lines} lines of code, more than {MODULE_LINES}: what decides or acts belongs in module_utils"


@pytest.mark.parametrize("name", action_names())
def test_an_action_has_its_documentation(name: str) -> None:
    assert name in module_names(), f"plugins/action/{name}.py needs plugins/modules/{name}.py with DOCUMENTATION, EXAMPLES and RETURN"


@pytest.mark.parametrize("path", python_files("plugins", "tests", "molecule", "scripts", "benchmarks", "simulator"), ids=relative)
def test_files_say_their_licence(path: Path) -> None:
    lines = [line for line in path.read_text().splitlines() if not line.startswith("#!")]
    assert not lines or lines[:2] == HEADER, f"{relative(path)} must begin with:\n" + "\n".join(HEADER)


def texts(*folders: str) -> Iterator[tuple[Path, str]]:
    for path in project_files():
        if relative(path).startswith(folders) and path.stat().st_size < 1_000_000:
            try:
                yield path, path.read_text()
            except UnicodeDecodeError:
                continue


def test_nothing_is_latest() -> None:
    pattern = re.compile(r"""[\w"'}]:latest\b|@latest\b|\b(version|state|tag):\s*["']?latest\b""")
    found = [
        f"{relative(path)}:{number}"
        for path, text in texts("roles", "plugins", "playbooks", "inventories", "molecule", "examples", "scripts")
        for number, line in enumerate(text.splitlines(), 1)
        if pattern.search(line)
    ]
    assert not found, f"{', '.join(found)}: name a version and a digest; what is latest tomorrow is not what was tested"


def test_no_file_names_the_machine_it_was_written_on() -> None:
    here = {str(CHECKOUT), str(Path(sys.prefix).resolve()), str(Path.home() / ".pyenv")} - {"/usr"}
    found = [f"{relative(path)} ({name})" for path, text in texts("") for name in here if re.search(re.escape(name) + r"(?![\w-])", text)]
    assert not found, f"{', '.join(found)}: make the path relative to the checkout, or take it from the environment"


# --- roles

# What Ansible gives to every task; everything else that a role reads is its own.
MAGIC = re.compile(r"(ansible_\w+|item|omit|vars|role_path|role_name|inventory_hostname|hostvars|lookup|query|now|undef|range|dict|namespace|true|false|none)$")
BARE = ("when", "failed_when", "changed_when", "until", "that", "loop")


def expressions(value: object, key: str = "") -> Iterator[str]:
    """Every string of a role that Ansible reads as Jinja; ``when`` and its like are expressions without braces."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from expressions(inner, str(name))
    elif isinstance(value, list):
        for inner in value:
            yield from expressions(inner, key)
    elif isinstance(value, str):
        yield "{{ " + value + " }}" if key in BARE and "{{" not in value else value


def read_variables(text: str) -> set[str]:
    environment = jinja2.Environment(autoescape=False, extensions=["jinja2.ext.do"])
    return set(jinja2.meta.find_undeclared_variables(environment.parse(_without_unknown_plugins(text, environment))))


def _without_unknown_plugins(text: str, environment: jinja2.Environment) -> str:
    # Ansible's filters and tests are not Jinja's own; parsing needs no more than that the names exist.
    for name in re.findall(r"(?:\||\bis\s+(?:not\s+)?)\s*([\w.]+)", text):
        environment.filters.setdefault(name, str)
        environment.tests.setdefault(name, bool)
    # Nor do escapes inside strings matter, which Ansible reads differently.
    return text.replace("\\", "\\\\")


@pytest.mark.parametrize("role", role_names())
def test_a_role_reads_only_its_own_variables(role: str) -> None:
    own = re.compile(rf"((__)?{role}_\w+|__{role})$")
    found = []
    for path in sorted((ROLES / role).rglob("*")):
        folder = path.relative_to(ROLES / role).parts[0]
        if not path.is_file() or folder not in ("defaults", "vars", "tasks", "templates", "handlers"):
            continue
        texts_of_file = [path.read_text()] if path.suffix == ".j2" else expressions(yaml.safe_load(path.read_text()))
        names = {name for text in texts_of_file for name in read_variables(text)}
        found += [f"{path.relative_to(ROLES)} reads {name}" for name in sorted(names) if not own.match(name) and not MAGIC.match(name)]
    assert not found, f"{'; '.join(found)}: make it an input ({role}_...) that the playbook fills, or a value of its own (__{role}_...)"


@pytest.mark.parametrize("role", role_names())
def test_a_role_stands_alone(role: str) -> None:
    found = []
    for path in sorted((ROLES / role / "tasks").glob("*.yml")):
        for task in tasks_of(path):
            name = f"{path.relative_to(ROLES)}, «{task.get('name')}»"
            keys = {key.removeprefix("ansible.builtin.").removeprefix("ansible.legacy.") for key in task}
            found += [f"{name} uses {key}" for key in keys & {"include_role", "import_role", "delegate_to", "become", "import_playbook"}]
    for path, text in texts(f"roles/{role}/"):
        found += [f"{relative(path)} reads {folder}" for folder in ("inventories/", "molecule/") if folder in text and path.suffix != ".md"]
    meta = ROLES / role / "meta/main.yml"
    if meta.exists() and (yaml.safe_load(meta.read_text()) or {}).get("dependencies"):
        found.append("meta/main.yml has dependencies")
    assert not found, f"{'; '.join(found)}: a role works on what it is given, on localhost, without another role; playbooks put roles together"
