# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is promised and what is there agree: inputs of roles with their defaults, options of modules with their documentation."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.module_utils import basic
from ansible_collections.slipway.platform.plugins.module_utils._oci.access import OPTIONS
from support.tree import CHECKOUT, action_names, documentation, load_yaml, module_names, plugin, role_names, tasks_of

ROLES = CHECKOUT / "roles"
TYPES: dict[str, tuple[type, ...]] = {
    "bool": (bool,),
    "dict": (dict,),
    "float": (float, int),
    "int": (int,),
    "list": (list,),
    "path": (str,),
    "raw": (object,),
    "str": (str,),
}
roles = pytest.mark.parametrize("role", role_names())


# --- roles


def entry_points(role: str) -> dict[str, Any]:
    path = ROLES / role / "meta/argument_specs.yml"
    assert path.exists(), f"roles/{role}/meta/argument_specs.yml is missing: it types and describes every input"
    specs: dict[str, Any] = load_yaml(path)["argument_specs"]
    assert next(iter(specs)) == "main", f"{role}: the first entry point is main"
    without_tasks = [name for name in specs if not (ROLES / role / f"tasks/{name}.yml").exists()]
    assert not without_tasks, f"{role}: entry point {', '.join(without_tasks)} has no file in tasks/"
    return specs


def inputs(role: str) -> dict[str, Any]:
    """The inputs of every entry point; one that several take is the same in all."""
    options: dict[str, Any] = {}
    for entry, spec in entry_points(role).items():
        for name, option in spec["options"].items():
            assert same(options.setdefault(name, option), option), f"{role}: {name} is another in entry point {entry}; a YAML anchor keeps them the same"
    return options


def defaults_of(role: str) -> dict[str, Any]:
    path = ROLES / role / "defaults/main.yml"
    return dict(load_yaml(path) or {}) if path.exists() else {}


@roles
def test_defaults_are_what_the_specification_says(role: str) -> None:
    options = inputs(role)
    defaults = defaults_of(role)
    optional = {name: option for name, option in options.items() if not option.get("required")}
    problems = [
        f"{name} is required and has a default: leave one of them out"
        for name in options
        if options[name].get("required") and (name in defaults or "default" in options[name])
    ]
    problems += [f"{name} is optional and has no default in meta/argument_specs.yml" for name, option in optional.items() if "default" not in option]
    problems += [f"{name} is optional and not in defaults/main.yml" for name in optional if name not in defaults]
    problems += [f"{name} is in defaults/main.yml and not in meta/argument_specs.yml" for name in defaults if name not in options]
    problems += [
        f"{name}: defaults/main.yml says {defaults[name]!r} and meta/argument_specs.yml {option['default']!r}"
        for name, option in optional.items()
        if name in defaults and "default" in option and not same(defaults[name], option["default"])
    ]
    assert not problems, f"role {role}: " + "; ".join(problems)
    assert list(defaults) == list(optional), f"role {role}: put defaults/main.yml into the order of meta/argument_specs.yml: {list(optional)}"


def same(left: object, right: object) -> bool:
    """Equal, and of equal types all the way down: 1 is not true, and "1" is not 1."""
    if type(left) is not type(right):
        return False
    if isinstance(left, dict) and isinstance(right, dict):
        return list(left) == list(right) and all(same(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    return left == right


def described(options: dict[str, Any], where: str) -> Iterator[str]:
    """What is wrong with the options of a role, those inside options too."""
    for name, option in options.items():
        label = f"{where}{name}"
        kind = option.get("type")
        if kind not in TYPES:
            yield f"{label} has no type, or an unknown one: {kind}"
            continue
        if not option.get("description"):
            yield f"{label} has no description"
        if kind == "list" and "elements" not in option:
            yield f"{label} is a list of what? (elements)"
        value = option.get("default")
        templated = isinstance(value, str) and "{{" in value
        if value is not None and not templated and (not isinstance(value, TYPES[kind]) or (isinstance(value, bool) and kind in ("int", "float"))):
            yield f"{label} is of type {kind}, and its default is {value!r}"
        if "choices" in option and value is not None and value not in option["choices"]:
            yield f"{label}: its default {value!r} is none of its choices"
        yield from described(option.get("options", {}), f"{label}.")


@roles
def test_every_input_is_typed_described_and_prefixed(role: str) -> None:
    options = inputs(role)
    problems = list(described(options, ""))
    problems += [f"{name} must begin with {role}_" for name in options if not name.startswith(f"{role}_")]
    problems += [
        f"entry point {entry} has no {key}" for entry, spec in entry_points(role).items() for key in ("short_description", "description") if not spec.get(key)
    ]
    problems += [
        f"{name} in vars/ must begin with __{role}_"
        for path in (ROLES / role).glob("vars/*.yml")
        for name in load_yaml(path) or {}
        if not name.startswith(f"__{role}_")
    ]
    assert not problems, f"role {role}: " + "; ".join(problems)


@roles
def test_a_role_returns_exactly_one_result(role: str) -> None:
    result = f"{role}_result"
    problems = []
    setting = set()
    for path in sorted((ROLES / role / "tasks").rglob("*.yml")):
        tasks = list(tasks_of(path))
        for number, task in enumerate(tasks, 1):
            facts = {name for name in task.get("ansible.builtin.set_fact", {}) if not name.startswith(f"__{role}_") and name != "cacheable"}
            problems += [f"{path.name} sets {fact}: the one fact that leaves a role is {result}" for fact in facts - {result}]
            if result in facts:
                setting.add(path.name)
                problems += [f"{path.name} does more after it has set {result}"] if number < len(tasks) else []
    last = load_yaml(ROLES / role / "tasks/main.yml")[-1]
    if "main.yml" not in setting and not (setting and "ansible.builtin.include_tasks" in last):
        problems.append(f"{result} is set by the last task of tasks/main.yml, or of what it includes last")
    assert not problems, f"role {role}: " + "; ".join(problems)


@roles
def test_tasks_read_as_a_table_of_contents(role: str) -> None:
    lines = len((ROLES / role / "tasks/main.yml").read_text().splitlines())
    assert lines <= 60, f"roles/{role}/tasks/main.yml has {lines} lines, more than 60: give each step a file and keep the table of contents"


@roles
def test_the_readme_shows_purpose_example_and_result(role: str) -> None:
    path = ROLES / role / "README.md"
    assert path.exists(), f"roles/{role}/README.md is missing: purpose, one example, the result"
    text = path.read_text()
    missing = [word for word in (f"slipway.platform.{role}", f"{role}_result") if word not in text]
    assert not missing, f"roles/{role}/README.md does not mention {', '.join(missing)}: show one example and what the role returns"
    unknown = set(re.findall(rf"\b{role}_\w+", text)) - set(inputs(role)) - {f"{role}_result"} - set(module_names())
    assert not unknown, f"roles/{role}/README.md mentions {', '.join(sorted(unknown))}, which the role does not take"


@roles
def test_every_role_has_a_scenario(role: str) -> None:
    missing = [name for name in ("molecule.yml", "vars.yml", "verify.yml") if not (CHECKOUT / "molecule" / role / name).exists()]
    assert not missing, f"molecule/{role}/ lacks {', '.join(missing)} (molecule/README.md says what stands in them)"
    assert not load_yaml(CHECKOUT / "molecule" / role / "molecule.yml"), (
        f"molecule/{role}/molecule.yml is empty: what scenarios share is in .config/molecule/config.yml"
    )
    given = set(load_yaml(CHECKOUT / "molecule" / role / "vars.yml") or {}) - {"molecule_needs"}
    options = inputs(role)
    unknown = given - set(options)
    assert not unknown, f"molecule/{role}/vars.yml gives {', '.join(sorted(unknown))}, which the role does not take"
    forgotten = {name for name, option in options.items() if option.get("required")} - given
    assert not forgotten, f"molecule/{role}/vars.yml does not give {', '.join(sorted(forgotten))}, which the role needs"


@pytest.mark.parametrize("scenario", sorted(path.name for path in (CHECKOUT / "molecule").glob("*_aws")))
def test_a_scenario_on_aws_gives_its_role_what_it_takes(scenario: str) -> None:
    options = inputs(scenario.removesuffix("_aws"))
    given = set(load_yaml(CHECKOUT / "molecule" / scenario / "vars.yml")) - {"molecule_needs"}
    assert given <= set(options), f"molecule/{scenario}/vars.yml gives {', '.join(sorted(given - set(options)))}, which the role does not take"
    assert (CHECKOUT / "molecule" / scenario / "verify.yml").exists()


def role_tasks() -> Iterator[tuple[str, dict[str, Any], str]]:
    for path in sorted((CHECKOUT / "playbooks").glob("*.yml")):
        for play in load_yaml(path):
            if not isinstance(play, dict):
                continue
            for part in ("pre_tasks", "tasks", "post_tasks"):
                for task in with_imported(play.get(part, [])):
                    for key in ("ansible.builtin.import_role", "ansible.builtin.include_role"):
                        if key in task:
                            yield f"playbooks/{path.name}", task, key


def with_imported(tasks: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The tasks, and those of the files that they bring in, with the variables that are given there."""
    for task in tasks:
        yield task
        given = task.get("ansible.builtin.import_tasks") or task.get("ansible.builtin.include_tasks")
        if given:
            file = given if isinstance(given, str) else given["file"]
            for inner in load_yaml(CHECKOUT / "playbooks" / file):
                yield {**inner, "vars": {**task.get("vars", {}), **inner.get("vars", {})}}


@pytest.mark.parametrize(("where", "task", "key"), [pytest.param(*case, id=f"{case[0]}-{case[1].get('name')}") for case in role_tasks()])
def test_playbooks_give_a_role_its_tag_and_its_inputs(where: str, task: dict[str, Any], key: str) -> None:
    role = str(task[key]["name"]).removeprefix("slipway.platform.")
    reached = key.endswith("import_role") or task[key].get("apply") == {"tags": role}
    assert reached, f"{where}, role {role}: import it, or include it with apply: {{tags: {role}}}, so that --tags {role} reaches the tasks inside"
    tags = task.get("tags", [])
    stages = {f"playbooks/{stage['ansible.builtin.import_playbook']}" for stage in load_yaml(CHECKOUT / "playbooks/site.yml")}
    assert where not in stages or tags in (role, [role]), f"{where}, role {role}: its only tag is {role}, and here is {tags}"
    if role in role_names():
        options = inputs(role)
        given = set(task.get("vars", {}))
        assert given <= set(options), f"{where} gives role {role} {', '.join(sorted(given - set(options)))}, which it does not take"


def modules_reached(path: Path, tasks: Iterable[dict[str, Any]]) -> set[str]:
    """The modules of these tasks (of the file at ``path``), of the files that they bring in, and of the roles."""
    found: set[str] = set()
    for task in tasks:
        found |= {key.removeprefix("slipway.platform.") for key in task if key.startswith("slipway.platform.")}
        for kind in ("include", "import"):
            if given := task.get(f"ansible.builtin.{kind}_tasks"):
                file = path.parent / (given if isinstance(given, str) else given["file"])
                found |= modules_reached(file, tasks_of(file))
            if role := task.get(f"ansible.builtin.{kind}_role"):
                files = (ROLES / role["name"].removeprefix("slipway.platform.") / "tasks").rglob("*.yml")
                found |= {key.removeprefix("slipway.platform.") for file in files for inner in tasks_of(file) for key in inner}
    return found


@pytest.mark.parametrize("path", sorted((CHECKOUT / "playbooks").glob("*.yml")), ids=lambda path: path.stem)
def test_a_play_says_how_aws_is_reached_if_it_reaches_aws(path: Path) -> None:
    group = set(load_yaml(CHECKOUT / "meta/runtime.yml")["action_groups"]["aws"])
    for play in load_yaml(path):
        if "hosts" in play:
            tasks = [task for part in ("pre_tasks", "tasks", "post_tasks") for task in play.get(part, [])]
            reached = modules_reached(path, tasks) & group
            says = "group/slipway.platform.aws" in play.get("module_defaults", {})
            assert says == bool(reached), f"{path.name} reaches AWS by {sorted(reached)}: its region and profile are in module_defaults then, and else not"


def test_the_playbooks_know_every_image_that_roles_bring() -> None:
    files = [file for folder in ("tasks", "vars") for file in ROLES.glob(f"*/{folder}/**/*.yml")]
    brought = {name for file in files for name in re.findall(r"^ +repository: (slipway/\S+)$", file.read_text(), re.MULTILINE)}
    listed = load_yaml(CHECKOUT / "playbooks/vars.yml")["__slipway_own_repositories"]
    assert listed == sorted(brought - {"slipway/registry"}), "the registry's own image is in no registry"


# --- modules


def test_every_module_that_reaches_registries_takes_the_defaults_of_their_group() -> None:
    group = load_yaml(CHECKOUT / "meta/runtime.yml")["action_groups"]["registry_access"]
    assert group == [name for name in module_names() if set(OPTIONS) <= set(documentation(name).get("options", {}))]


class Captured(Exception):
    def __init__(self, spec: dict[str, Any]) -> None:
        super().__init__()
        self.spec = spec


def options_in_code(name: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    if name in action_names():
        spec: dict[str, Any] = plugin("action", name).ActionModule.argument_spec
        return spec

    def capture(_self: object, argument_spec: dict[str, Any], **_: object) -> None:
        raise Captured(argument_spec)

    monkeypatch.setattr(basic.AnsibleModule, "__init__", capture)
    with pytest.raises(Captured) as caught:
        plugin("modules", name).main()
    return caught.value.spec


def plain(options: dict[str, Any]) -> dict[str, Any]:
    """An option's type, elements, default, choices, whether it is required and what is inside, as code and documentation both say it."""
    return {
        name: {
            "type": option.get("type", "str"),
            "elements": option.get("elements"),
            "required": bool(option.get("required", False)),
            "default": option.get("default"),
            "choices": sorted(map(str, option.get("choices") or [])),
            "aliases": sorted(option.get("aliases") or []),
            "options": plain(option.get("options") or option.get("suboptions") or {}),
        }
        for name, option in options.items()
    }


@pytest.mark.parametrize("name", module_names())
def test_a_module_takes_what_its_documentation_says(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    written, real = plain(documentation(name).get("options", {})), plain(options_in_code(name, monkeypatch))
    differences = [f"{option} is documented and not taken" for option in written.keys() - real.keys()]
    differences += [f"{option} is taken and not documented" for option in real.keys() - written.keys()]
    differences += [
        f"{option}.{key}: documented {written[option][key]!r}, taken {real[option][key]!r}"
        for option in written.keys() & real.keys()
        for key in written[option]
        if written[option][key] != real[option][key]
    ]
    assert not differences, f"{name}: " + "; ".join(sorted(differences))


@pytest.mark.parametrize("name", module_names())
def test_a_module_documents_itself(name: str) -> None:
    module = plugin("modules", name)
    document = documentation(name)
    problems = [f"{key} is missing" for key in ("short_description", "description", "author", "version_added", "attributes") if not document.get(key)]
    problems += [f"attribute {key} is missing" for key in ("check_mode", "diff_mode") if key not in document.get("attributes", {})]
    problems += [f"module is {document.get('module')}"] if document.get("module") != name else []
    examples = yaml.safe_load(module.EXAMPLES) or []
    used = {key for task in examples for key in task if "." in key}
    problems += [] if f"slipway.platform.{name}" in used else [f"no example calls slipway.platform.{name}"]
    problems += [f"example {task} has no name" for task in examples if "name" not in task]
    taken = documentation(name).get("options", {})
    problems += [
        f"an example gives {option}, which is no option" for task in examples for option in task.get(f"slipway.platform.{name}") or {} if option not in taken
    ]
    returned = yaml.safe_load(module.RETURN) or {}
    problems += [f"RETURN: {key} lacks {part}" for key, value in returned.items() for part in ("description", "returned", "type") if part not in value]
    assert not problems, f"{name}: " + "; ".join(problems)
