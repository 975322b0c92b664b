# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput
from ansible_collections.slipway.platform.plugins.module_utils._ports import Listener
from ansible_collections.slipway.platform.plugins.module_utils._preflight import GIB, Machine, Request, check, unreadable


def machine(**facts: Any) -> Machine:
    return Machine(
        uid=facts.get("uid", 0),
        which=lambda program: None if program in facts.get("missing", ()) else f"/usr/bin/{program}",
        listener=facts.get("listeners", {}).get,
        free_disk=lambda path: facts.get("free_disk", 100 * GIB),
        available_memory=facts.get("available_memory", 16 * GIB),
        unreadable=lambda path: facts.get("unreadable", {}).get(str(path), ""),
    )


NGINX = Listener(42, "nginx", "nginx: master process /usr/sbin/nginx")
OWN = Listener(43, "conmon", "/usr/bin/conmon -n slipway-local-registry --exit-dir /run")


@pytest.mark.parametrize(
    ("request_", "facts", "finding"),
    [
        (Request("prod", settings={"cluster_kubeconfig": ""}), {}, "cluster_kubeconfig is not set: write it into inventories/prod/group_vars/all.yml"),
        (Request("prod", settings={"cluster_kubeconfig": None}), {}, "cluster_kubeconfig is not set"),
        (
            Request("prod", files={"cluster_kubeconfig": "/k", "registry_ca_file": ""}),
            {"unreadable": {"/k": "Permission denied"}},
            "cluster_kubeconfig names /k, which cannot be read (Permission denied): correct it in inventories/prod/group_vars/all.yml",
        ),
        (Request("local", root=True), {"uid": 1000}, "run it again as root"),
        (Request("local", programs={"podman": "podman", "runc": "runc"}), {"missing": {"runc"}}, "apt-get install runc"),
        (Request("local", ports={8443: "ingress_https_port"}), {"listeners": {8443: NGINX}}, "port 8443 (ingress_https_port) is in use by nginx (process 42:"),
        (Request("local", disk={"/": 10}), {"free_disk": 3 * GIB}, "/ has 3.0 GiB free and 10 GiB are needed"),
        (Request("local", tags=["ingress", "kind"], asked=["all", "ingres"]), {}, "nothing here has the tag ingres: did you mean ingress?"),
        (Request("local", tags=["ingress", "kind"], asked=["x"]), {}, "nothing here has the tag x: choose from ingress, kind"),
        (Request("dev", absent=["a_result", "b_result"]), {}, "no a_result, b_result of an earlier run): make it first with: ansible-playbook site.yml -i dev"),
        (Request("local", memory=4), {"available_memory": GIB}, "1.0 GiB of memory are available and 4 GiB are needed"),
    ],
)
def test_each_finding_says_what_and_what_to_do(request_: Request, facts: dict[str, Any], finding: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        check(request_, machine(**facts))
    assert finding in caught.value.message
    assert caught.value.message.startswith("1 thing stands in the way of environment")


def test_tags_that_are_there_and_those_of_ansible_are_no_finding() -> None:
    check(Request("local", tags=["ingress"], asked=["all", "always", "ingress"]), machine())


def test_a_file_is_read_to_know_that_it_can_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    assert unreadable(tmp_path / "file") == ""
    assert unreadable(tmp_path / "none") == "No such file or directory"
    assert unreadable(tmp_path) == "Is a directory"


def test_all_findings_come_at_once() -> None:
    with pytest.raises(InvalidInput) as caught:
        check(Request("local", root=True, programs={"podman": "podman"}, memory=4), machine(uid=1, missing={"podman"}, available_memory=0))
    assert len(caught.value.facts["findings"]) == 3
    assert caught.value.message.startswith("3 things stand in the way")


def test_a_port_that_the_environment_itself_holds_is_no_finding() -> None:
    request = Request("local", ports={5001: "registry_port"}, own_processes="slipway-local")
    assert not check(request, machine(listeners={5001: OWN})).changed


def test_who_must_become_root_first_is_not_told_of_processes_that_only_root_can_see() -> None:
    request = Request("local", root=True, ports={5001: "registry_port", 8443: "ingress_https_port"})
    with pytest.raises(InvalidInput) as caught:
        check(request, machine(uid=1000, listeners={5001: Listener(0, "", ""), 8443: NGINX}))
    assert [finding.split(":")[0] for finding in caught.value.facts["findings"]] == [
        "this user is not root, and building images and the embedded cluster's nodes need root",
        "port 8443 (ingress_https_port) is in use by nginx (process 42",
    ]


def test_an_empty_marker_of_own_processes_excuses_nobody() -> None:
    with pytest.raises(InvalidInput):
        check(Request("local", ports={5001: "registry_port"}), machine(listeners={5001: NGINX}))


def test_a_path_that_does_not_exist_yet_is_measured_at_its_nearest_parent(tmp_path: Path) -> None:
    asked: list[Path] = []
    facts = machine()
    probe = Machine(facts.uid, facts.which, facts.listener, lambda path: asked.append(path) or 100 * GIB, facts.available_memory, facts.unreadable)  # type: ignore[func-returns-value]
    check(Request("local", disk={str(tmp_path / "not" / "yet"): 1}), probe)
    assert asked == [tmp_path]
