# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write docs/reference from what roles and modules say of themselves (meta/argument_specs.yml, DOCUMENTATION).

python scripts/docs.py            write the pages that differ, remove those that nothing stands behind
python scripts/docs.py --check    only name them; status 1 if there are any
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

CHECKOUT = Path(__file__).resolve().parent.parent
TARGET = CHECKOUT / "docs" / "reference"
sys.path[:0] = [str(CHECKOUT / "tests"), str(CHECKOUT / "collections")]

from support.tree import documentation, module_names, plugin  # noqa: E402  # found by the line above

GENERATED = "<!-- Written by `make docs`; change what it is written from. -->\n"


def pages() -> dict[Path, str]:
    """The text of every page, by its path below docs/reference."""
    roles = {path.parents[1].name: yaml.safe_load(path.read_text())["argument_specs"] for path in sorted(CHECKOUT.glob("roles/*/meta/argument_specs.yml"))}
    modules = {name: module_documents(name) for name in module_names()}
    written = {Path("roles") / f"{name}.md": role_page(name, specs) for name, specs in roles.items()}
    written |= {Path("modules") / f"{name}.md": module_page(name, *documents) for name, documents in modules.items()}
    role_lines = [f"| [{name}](roles/{name}.md) | {sentence(specs['main']['short_description'])} |" for name, specs in roles.items()]
    module_lines = [f"| [{name}](modules/{name}.md) | {sentence(documents[0]['short_description'])} |" for name, documents in modules.items()]
    index = ["# Reference", "", "| Role | |", "| --- | --- |", *role_lines, "", "| Module | |", "| --- | --- |", *module_lines]
    written[Path("README.md")] = "\n".join(index) + "\n"
    return {path: GENERATED + text for path, text in written.items()}


def role_page(name: str, specs: dict[str, Any]) -> str:
    lines = [f"# Role {name}", "", f"Purpose, an example and the result: [roles/{name}/README.md](../../../roles/{name}/README.md)."]
    for entry, spec in specs.items():
        lines += [
            "",
            f"## {'Inputs' if entry == 'main' else f'Entry point {entry}'}",
            "",
            *paragraphs(spec.get("description", "")),
            "",
            *options_table(spec["options"]),
        ]
    return "\n".join(lines) + "\n"


def module_documents(name: str) -> tuple[dict[str, Any], str, dict[str, Any]]:
    module = plugin("modules", name)
    return documentation(name), module.EXAMPLES.strip(), yaml.safe_load(module.RETURN) or {}


def module_page(name: str, document: dict[str, Any], examples: str, returned: dict[str, Any]) -> str:
    lines = [f"# Module {name}", "", sentence(document["short_description"]), "", *paragraphs(document["description"])]
    lines += ["", "## Options", "", *options_table(document.get("options", {}))]
    lines += ["", "## Attributes", "", "| Attribute | Support | |", "| --- | --- | --- |"]
    lines += [f"| {key} | {value['support']} | {cell(value['description'])} |" for key, value in document.get("attributes", {}).items()]
    lines += ["", "## Examples", "", "```yaml", examples, "```", "", "## Returns", "", "| Value | Type | Returned | |", "| --- | --- | --- | --- |"]
    for key, value, depth in walk(returned, "contains"):
        lines.append(f"| {indent(depth)}`{key}` | {kind(value)} | {value.get('returned', '')} | {cell(value.get('description', ''))} |")
    return "\n".join(lines) + "\n"


def options_table(options: dict[str, Any]) -> list[str]:
    lines = ["| Name | Type | Default | |", "| --- | --- | --- | --- |"]
    for name, option, depth in walk(options, "options", "suboptions"):
        default = "**required**" if option.get("required") else f"`{compact(option['default'])}`" if "default" in option else ""
        choices = f" One of {', '.join(f'`{choice}`' for choice in option['choices'])}." if "choices" in option else ""
        lines.append(f"| {indent(depth)}`{name}` | {kind(option)} | {default} | {cell(option.get('description', ''))}{choices} |")
    return lines if options else ["None."]


def walk(options: dict[str, Any], *inner: str, depth: int = 0) -> Iterator[tuple[str, dict[str, Any], int]]:
    for name, option in options.items():
        yield name, option, depth
        for key in inner:
            yield from walk(option.get(key) or {}, *inner, depth=depth + 1)


def indent(depth: int) -> str:
    return "&nbsp;&nbsp;&nbsp;" * depth


def kind(option: dict[str, Any]) -> str:
    elements = option.get("elements")
    return f"{option.get('type', 'str')} of {elements}" if elements else str(option.get("type", "str"))


def compact(value: object) -> str:
    if isinstance(value, str):
        return value.replace("|", "\\|") or '""'
    return yaml.safe_dump(value, default_flow_style=True, width=10**6).removesuffix("\n").removesuffix("\n...").replace("|", "\\|")


def paragraphs(description: str | list[str]) -> list[str]:
    items = [description] if isinstance(description, str) else description
    return [f"- {markdown(item)}" for item in items] if len(items) > 1 else [markdown(item) for item in items]


def cell(description: str | list[str]) -> str:
    return markdown(description if isinstance(description, str) else " ".join(description)).replace("|", "\\|")


def sentence(text: str) -> str:
    return markdown(text).rstrip(".") + "."


def markdown(text: str) -> str:
    """Ansible's markup (C, V, O, I, B, M, RV, U, L) as Markdown, on one line."""
    text = " ".join(str(text).split())
    text = re.sub(r"\b(?:C|V|O|RV|E|P)\(((?:[^()\\]|\\.|\([^()]*\))*)\)", r"`\1`", text)
    text = re.sub(r"\bI\(([^)]*)\)", r"*\1*", text)
    text = re.sub(r"\bB\(([^)]*)\)", r"**\1**", text)
    text = re.sub(r"\bM\(([^)]*)\)", r"`\1`", text)
    text = re.sub(r"\bL\(([^,)]*),\s*([^)]*)\)", r"[\1](\2)", text)
    return re.sub(r"\bU\(([^)]*)\)", r"<\1>", text)


def main(check: bool) -> int:
    wanted = {TARGET / path: text for path, text in pages().items()}
    stale = [path for path in TARGET.rglob("*.md") if path not in wanted]
    different = [path for path, text in wanted.items() if not path.exists() or path.read_text() != text]
    for path in sorted(stale + different):
        print(f"{path.relative_to(CHECKOUT)} {'differs: run make docs' if check else 'removed' if path in stale else 'written'}")
    if check:
        return 1 if stale or different else 0
    for path in stale:
        path.unlink()
    for path in different:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(wanted[path])
    return 0


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv[1:]))
