# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from pathlib import Path

from ansible_collections.slipway.platform.plugins.module_utils._summary import Service, Stage, Summary, first_url, lines, services_of, stages_of, write

DIGEST = "sha256:" + "a" * 64
SUMMARY = Summary(
    environment="local",
    url="https://hello.localhost:8443/",
    ca_file="/state/tls/ca.crt",
    kubeconfig="/state/kubeconfig",
    namespace="hello",
    services=(Service("hello", "https://hello.localhost:8443/", f"localhost:5001/hello@{DIGEST}", DIGEST),),
    versions={"Kubernetes": "v1.35.4"},
    stages=(Stage("build", 1.5), Stage("deploy", 2.0)),
    notes=("network policies are not enforced",),
    next_steps=("make verify",),
)


def test_a_stage_ends_where_the_next_begins() -> None:
    marks = [{"name": "build", "started": 100.0}, {"name": "deploy", "started": 101.26}]
    assert stages_of(marks, finished=103.0) == (Stage("build", 1.3), Stage("deploy", 1.7))


def test_no_marks_are_no_stages() -> None:
    assert stages_of([], finished=1.0) == ()


def test_the_lines_name_what_a_person_needs_next() -> None:
    text = "\n".join(lines(SUMMARY))
    for expected in (
        SUMMARY.url,
        DIGEST,
        SUMMARY.ca_file,
        SUMMARY.kubeconfig,
        "Kubernetes v1.35.4",
        "took                   3.5 s",
        "not enforced",
        "try: make verify",
    ):
        assert expected in text


def test_the_document_is_what_was_given_and_nothing_else_is_left(tmp_path: Path) -> None:
    write(SUMMARY, tmp_path / "summary.json")
    document = json.loads((tmp_path / "summary.json").read_text())
    assert [path.name for path in tmp_path.iterdir()] == ["summary.json"]
    assert document["services"][0]["digest"] == DIGEST
    assert document["stages"] == [{"name": "build", "seconds": 1.5}, {"name": "deploy", "seconds": 2.0}]
    assert {"url", "ca_file", "kubeconfig", "namespace"} <= document.keys()


def test_services_without_an_address_come_last() -> None:
    released = {"worker": {"url": None, "image": f"r/worker@{DIGEST}"}, "hello": {"url": "https://hello.localhost/", "image": f"r/hello@{DIGEST}"}}
    services = services_of(released)
    assert [service.name for service in services] == ["hello", "worker"]
    assert services[0].digest == DIGEST
    assert first_url(services) == "https://hello.localhost/"
    assert first_url(services[1:]) == ""
