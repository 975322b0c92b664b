# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Several services at once: what is wrong between them."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput
from ansible_collections.slipway.platform.plugins.module_utils._score.validate import Source, load

PORTS = "service:\n  ports:\n    http: {port: 80}\n"
PROBE = "    readinessProbe: {httpGet: {port: 80, path: /}}\n"


def service(folder: Path, name: str, more: str = "", ports: str = PORTS) -> Source:
    path = folder / name / "score.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'apiVersion: score.dev/v1b1\nmetadata: {{name: {name}}}\ncontainers:\n  web:\n    image: "."\n{PROBE}{ports}{more}')
    return Source(path)


def calls(name: str, text: str = "{type: service}") -> str:
    return f"resources:\n  {name}: {text}\n"


def refused(*sources: Source) -> str:
    with pytest.raises(InvalidInput) as caught:
        load(sources)
    return caught.value.message


def test_a_call_to_another_service(tmp_path: Path) -> None:
    found = load([service(tmp_path, "hello", calls("herald")), service(tmp_path, "herald")])
    assert [workload.name for workload in found] == ["hello", "herald"]


def test_an_unknown_dependency(tmp_path: Path) -> None:
    message = refused(service(tmp_path, "hello", calls("heralt")), service(tmp_path, "herald"))
    assert f"{tmp_path}/hello/score.yaml:11:3: resources.heralt: there is no other service `heralt` in this environment; did you mean `herald`?" in message


def test_a_dependency_by_parameter_and_by_id(tmp_path: Path) -> None:
    herald = service(tmp_path, "herald")
    load([service(tmp_path, "a1", calls("greeter", "{type: service, params: {workload: herald, port: http}}")), herald])
    load([service(tmp_path, "a2", calls("greeter", "{type: service, id: team.herald}")), herald])


@pytest.mark.parametrize(
    ("ports", "resource", "expected"),
    [
        ("", "{type: service}", "the service `herald` has no ports that could be called; declare them under `service.ports` there"),
        (PORTS + "    admin: {port: 81}\n", "{type: service}", "the service `herald` has several ports; choose one in `params.port`: http, admin"),
        (PORTS, "{type: service, params: {port: htp}}", "`htp` is not a port of the service `herald`; did you mean `http`?"),
    ],
)
def test_ports_of_a_dependency(tmp_path: Path, ports: str, resource: str, expected: str) -> None:
    assert expected in refused(service(tmp_path, "hello", calls("herald", resource)), service(tmp_path, "herald", ports=ports))


def test_two_services_of_one_name(tmp_path: Path) -> None:
    message = refused(service(tmp_path / "a", "hello"), service(tmp_path / "b", "hello"))
    assert f"{tmp_path}/b/hello/score.yaml:2:18: metadata.name: `hello` is the name of {tmp_path}/a/hello/score.yaml already" in message


def test_the_inventory_calls_it_otherwise(tmp_path: Path) -> None:
    source = service(tmp_path, "hello")
    assert "metadata.name: the inventory calls this service `hallo`; use one name in both" in refused(Source(source.path, "hallo"))


def test_no_file(tmp_path: Path) -> None:
    assert f"{tmp_path}/score.yaml:1:1: there is no such file; a service is a folder with a score.yaml" in refused(Source(tmp_path / "score.yaml"))


def test_a_folder_where_the_file_should_be(tmp_path: Path) -> None:
    (tmp_path / "score.yaml").mkdir()
    assert "cannot be read: Is a directory" in refused(Source(tmp_path / "score.yaml"))


def test_not_text(tmp_path: Path) -> None:
    (tmp_path / "score.yaml").write_bytes(b"\xff\xfe\x00")
    assert "is not UTF-8 text" in refused(Source(tmp_path / "score.yaml"))


def test_no_services() -> None:
    assert "no services were given" in refused()


def test_all_files_are_told_at_once_and_as_values(tmp_path: Path) -> None:
    first = service(tmp_path, "hello", calls("herald") + "wrong: 1\n")
    second = service(tmp_path, "herald", "also: 1\n")
    with pytest.raises(InvalidInput) as caught:
        load([first, second])
    assert caught.value.message.startswith(f"2 problems in {first.path}, {second.path}:\n  {first.path}:12:1: wrong: unknown key")
    assert [(item["path"], item["line"]) for item in caught.value.facts["problems"]] == [("wrong", 12), ("also", 10)]


def test_a_broken_neighbour_is_not_an_unknown_one(tmp_path: Path) -> None:
    """Whether `herald` exists cannot be known while its file has errors."""
    message = refused(service(tmp_path, "hello", calls("herald")), service(tmp_path, "herald", "also: 1\n"))
    assert "there is no other service" not in message
