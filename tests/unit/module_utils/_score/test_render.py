# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each thing a service asks for becomes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput
from support.score import DIGEST, GATEWAY, POSTGRES, REDIS, images, only, render, write

BASE = """\
apiVersion: score.dev/v1b1
metadata:
  name: hello
SLIPWAY
containers:
  web:
    image: "."
    readinessProbe: {httpGet: {port: 8080, path: /readyz}}
CONTAINER
service:
  ports:
    http: {port: 80, targetPort: 8080}
RESOURCES
"""


def hello(folder: Path, slipway: str = "", container: str = "", resources: str = "") -> dict[str, Any]:
    parts = {
        "SLIPWAY": f"  slipway: {{{slipway}}}" if slipway else "",
        "CONTAINER": "\n".join(f"    {line}" for line in container.splitlines()),
        "RESOURCES": "resources:\n" + "\n".join(f"  {line}" for line in resources.splitlines()) if resources else "",
    }
    text = BASE
    for name, value in parts.items():
        text = text.replace(name, value)
    return write(folder, text)


def container(rendered: Any) -> dict[str, Any]:
    found: dict[str, Any] = only(rendered, "Deployment")["spec"]["template"]["spec"]["containers"][0]
    return found


def refused(services: list[dict[str, Any]], **more: Any) -> str:
    with pytest.raises(InvalidInput) as caught:
        render(services, **more)
    return caught.value.message


# -- how many ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("slipway", "inventory", "setting", "expected"),
    [
        ("", {}, 2, 2),
        ("", {}, 3, 3),
        ("", {"replicas": 5}, 2, 5),
        ("", {"replicas": 1}, 2, 1),
    ],
)
def test_replicas(tmp_path: Path, slipway: str, inventory: dict[str, Any], setting: int, expected: int) -> None:
    found = render([hello(tmp_path, slipway) | inventory], settings={"replicas": setting})
    assert only(found, "Deployment")["spec"]["replicas"] == expected
    assert found.services["hello"]["replicas"] == expected


@pytest.mark.parametrize(
    ("slipway", "inventory", "setting", "low"),
    [
        ("autoscaling: {max: 4}", {}, 2, 2),
        ("autoscaling: {max: 4, min: 3}", {}, 2, 3),
        ("autoscaling: {max: 4, min: 3}", {"replicas": 1}, 2, 1),
        ("autoscaling: {max: 2}", {}, 6, 2),
    ],
)
def test_an_autoscaler_owns_the_number_of_replicas(tmp_path: Path, slipway: str, inventory: dict[str, Any], setting: int, low: int) -> None:
    found = render([hello(tmp_path, slipway) | inventory], settings={"replicas": setting})
    assert "replicas" not in only(found, "Deployment")["spec"]
    assert only(found, "HorizontalPodAutoscaler")["spec"]["minReplicas"] == low


def test_more_replicas_than_the_workload_allows(tmp_path: Path) -> None:
    message = refused([hello(tmp_path, "autoscaling: {max: 4}") | {"replicas": 5}])
    assert "the inventory gives service hello 5 replicas, more than autoscaling.max (4)" in message


@pytest.mark.parametrize("replicas", [1, 2, 3, 10])
def test_a_budget_never_blocks_a_drain(tmp_path: Path, replicas: int) -> None:
    found = render([hello(tmp_path) | {"replicas": replicas}])
    budgets = [item for item in found.definitions if item["kind"] == "PodDisruptionBudget"]
    assert len(budgets) == (replicas > 1)
    for budget in budgets:
        assert budget["spec"]["maxUnavailable"] == 1
        assert budget["spec"]["unhealthyPodEvictionPolicy"] == "AlwaysAllow"


# -- the pod -----------------------------------------------------------------------------------------------------------


def test_the_image_is_the_digest(tmp_path: Path) -> None:
    assert container(render([hello(tmp_path)]))["image"] == f"localhost:5001/hello@{DIGEST}"


def test_no_image_was_given(tmp_path: Path) -> None:
    assert "service hello is built from source, but no image was given for it; run the image role first" in refused([hello(tmp_path)], images={})


def test_a_retagged_image_replaces_no_pod(tmp_path: Path) -> None:
    service = [hello(tmp_path, "migrate: {command: [m]}")]
    first, second = (render(service, images={"hello": {"reference": f"r/hello@{DIGEST}", "tag": tag}}) for tag in ("sha-1", "sha-2"))
    assert only(first, "Deployment")["metadata"] != only(second, "Deployment")["metadata"]
    assert only(first, "Deployment")["spec"] == only(second, "Deployment")["spec"]
    assert only(first, "Job") == only(second, "Job")


@pytest.mark.parametrize(("slipway", "leave", "grace"), [("", 5, 30), ("drainSeconds: 60", 5, 70), ("drainSeconds: 0", 10, 15)])
def test_a_pod_has_the_time_to_leave(tmp_path: Path, slipway: str, leave: int, grace: int) -> None:
    found = render([hello(tmp_path, slipway)], settings={"leave_seconds": leave})
    assert container(found)["lifecycle"]["preStop"]["sleep"]["seconds"] == leave
    assert only(found, "Deployment")["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] == grace


@pytest.mark.parametrize(
    ("text", "inventory", "requests", "limits"),
    [
        ("", {}, {"cpu": "50m", "memory": "64Mi"}, {"cpu": "1", "memory": "256Mi"}),
        ("resources: {requests: {memory: 1Gi}}", {}, {"cpu": "50m", "memory": "1Gi"}, {"cpu": "1", "memory": "1Gi"}),
        ("resources: {limits: {memory: 32Mi}}", {}, {"cpu": "50m", "memory": "32Mi"}, {"cpu": "1", "memory": "32Mi"}),
        ("resources: {limits: {memory: 900K}}", {}, {"cpu": "50m", "memory": "900k"}, {"cpu": "1", "memory": "900k"}),
        ("resources: {requests: {cpu: 100m}}", {"resources": {"requests": {"cpu": "3"}}}, {"cpu": "3", "memory": "64Mi"}, {"cpu": "3", "memory": "256Mi"}),
    ],
)
def test_amounts(tmp_path: Path, text: str, inventory: dict[str, Any], requests: dict[str, str], limits: dict[str, str]) -> None:
    assert container(render([hello(tmp_path, container=text) | inventory]))["resources"] == {"requests": requests, "limits": limits}


@pytest.mark.parametrize(
    ("slipway", "text", "expected"),
    [
        ("", "", None),
        ("", "livenessProbe: {httpGet: {port: 1, path: /livez}}", "/livez"),
        ("startupProbe: {httpGet: {port: 1, path: /startupz}}", "livenessProbe: {httpGet: {port: 1, path: /livez}}", "/startupz"),
        ("startupProbe: {httpGet: {port: 1, path: /startupz}}", "", "/startupz"),
    ],
)
def test_the_startup_probe_is_ours_else_the_liveness_probe(tmp_path: Path, slipway: str, text: str, expected: str | None) -> None:
    """Never the readiness probe: a database that is away must not restart the service."""
    probe = container(render([hello(tmp_path, slipway, text)])).get("startupProbe")
    assert (probe["httpGet"]["path"] if probe else None) == expected


def test_of_two_handlers_exec_is_preferred(tmp_path: Path) -> None:
    text = "livenessProbe: {httpGet: {port: 1, path: /}, exec: {command: [check]}}"
    assert container(render([hello(tmp_path, container=text)]))["livenessProbe"]["exec"] == {"command": ["check"]}


def test_the_user_of_the_image(tmp_path: Path) -> None:
    security = only(render([hello(tmp_path, "user: 1001")]), "Deployment")["spec"]["template"]["spec"]["securityContext"]
    assert (security["runAsUser"], security["runAsGroup"], security["fsGroup"]) == (1001, 1001, 1001)


@pytest.mark.parametrize(("setting", "expected"), [("required", "DoNotSchedule"), ("preferred", "ScheduleAnyway")])
def test_zone_spread(tmp_path: Path, setting: str, expected: str) -> None:
    zone = only(render([hello(tmp_path)], settings={"zone_spread": setting}), "Deployment")["spec"]["template"]["spec"]["topologySpreadConstraints"][0]
    assert (zone["topologyKey"], zone["whenUnsatisfiable"]) == ("topology.kubernetes.io/zone", expected)


def test_a_foreign_container_gets_no_binding(tmp_path: Path) -> None:
    item = write(
        tmp_path,
        f"""\
apiVersion: score.dev/v1b1
metadata: {{name: hello}}
containers:
  web: {{image: "."}}
  proxy: {{image: "r/proxy@{DIGEST}"}}
resources:
  db: {{type: postgres}}
""",
    )
    spec = only(render([item]), "Deployment")["spec"]["template"]["spec"]
    mounted = {entry["name"]: [mount["mountPath"] for mount in entry["volumeMounts"]] for entry in spec["containers"]}
    assert mounted == {"web": ["/tmp", "/bindings/db"], "proxy": ["/tmp"]}


def test_containers_start_in_their_order(tmp_path: Path) -> None:
    item = write(
        tmp_path,
        """\
apiVersion: score.dev/v1b1
metadata: {name: hello}
containers:
  web: {image: "."}
  third: {image: ".", before: {web: {ready: started}}}
  first: {image: ".", before: {second: {ready: complete}}}
  second: {image: ".", before: {third: {ready: complete}}}
""",
    )
    spec = only(render([item]), "Deployment")["spec"]["template"]["spec"]
    assert [(entry["name"], entry.get("restartPolicy")) for entry in spec["initContainers"]] == [("first", None), ("second", None), ("third", "Always")]
    assert [entry["name"] for entry in spec["containers"]] == ["web"]


# -- variables and files -----------------------------------------------------------------------------------------------


def config_map(rendered: Any, prefix: str) -> dict[str, Any]:
    found = [item for item in rendered.definitions if item["kind"] == "ConfigMap" and item["metadata"]["name"].rsplit("-", 1)[0] == prefix]
    assert len(found) == 1
    return found[0]


def test_what_holds_no_secret_lies_in_a_config_map(tmp_path: Path) -> None:
    text = "variables: {A: '1', B: '${resources.db.host}:${resources.db.port}', C: '$${x} $$ $(A)'}"
    found = render([hello(tmp_path, container=text, resources="db: {type: postgres}")])
    assert config_map(found, "hello-web")["data"] == {"A": "1", "B": "postgres.postgres.svc:5432", "C": "${x} $ $(A)"}
    assert config_map(found, "hello-web")["immutable"] is True
    assert container(found)["envFrom"] == [{"configMapRef": {"name": config_map(found, "hello-web")["metadata"]["name"]}}]


@pytest.mark.parametrize("output", ["username", "password", "uri"])
def test_a_secret_is_referred_to(tmp_path: Path, output: str) -> None:
    found = render([hello(tmp_path, container=f"variables: {{A: '${{resources.db.{output}}}'}}", resources="db: {type: postgres}")])
    variable = next(item for item in container(found)["env"] if item["name"] == "A")
    assert variable["valueFrom"] == {"secretKeyRef": {"name": "hello-db", "key": output}}


def test_a_variable_that_contains_secrets_is_put_together_in_the_pod(tmp_path: Path) -> None:
    found = render([hello(tmp_path, container="variables: {A: '$(x)/${resources.cache.password}'}", resources="cache: {type: redis}")])
    env = [(item["name"], item.get("value")) for item in container(found)["env"]]
    assert env.index(("SLIPWAY_HELLO_CACHE_PASSWORD", None)) < env.index(("A", "$$(x)/$(SLIPWAY_HELLO_CACHE_PASSWORD)"))


def test_an_unknown_host_comes_from_the_secret(tmp_path: Path) -> None:
    delivered = {"bindings": [{**POSTGRES, "host": None}]}
    found = render([hello(tmp_path, container="variables: {A: '${resources.db.host}'}", resources="db: {type: postgres}")], **delivered)
    assert next(item for item in container(found)["env"] if item["name"] == "A")["valueFrom"]["secretKeyRef"]["key"] == "host"


def test_variables_of_the_inventory_win_and_are_plain_text(tmp_path: Path) -> None:
    item = hello(tmp_path, container="variables: {A: '1', B: '2'}") | {"variables": {"B": "${resources.db.host}", "C": 3}}
    assert config_map(render([item]), "hello-web")["data"] == {"A": "1", "B": "${resources.db.host}", "C": "3"}


def test_a_container_knows_its_pod_zone_and_image_unless_it_says_otherwise(tmp_path: Path) -> None:
    env = {item["name"]: item for item in container(render([hello(tmp_path, container="variables: {ZONE: mine}")]))["env"]}
    assert set(env) == {"IMAGE_DIGEST", "POD_NAME"}
    assert env["IMAGE_DIGEST"]["value"] == DIGEST


def test_files(tmp_path: Path) -> None:
    text = "files:\n  /etc/a: {content: 'x ${metadata.name}', mode: '0400'}\n  /opt/a: {binaryContent: AAE=}\n  /etc/p: {content: '${resources.db.password}'}"
    found = render([hello(tmp_path, container=text, resources="db: {type: postgres}")])
    data = config_map(found, "hello-web-files")
    assert list(data["data"].values()) == ["x hello"]
    assert list(data["binaryData"].values()) == ["AAE="]
    mounts = {item["mountPath"]: item for item in container(found)["volumeMounts"]}
    assert mounts["/etc/p"] == {"name": "binding-db", "mountPath": "/etc/p", "subPath": "password", "readOnly": True}
    volume = next(item for item in only(found, "Deployment")["spec"]["template"]["spec"]["volumes"] if item["name"] == "files-web")
    assert {item["key"]: item["mode"] for item in volume["configMap"]["items"]}[mounts["/etc/a"]["subPath"]] == 0o400
    assert {item["key"]: item["mode"] for item in volume["configMap"]["items"]}[mounts["/opt/a"]["subPath"]] == 0o444


def test_the_old_list_form_means_the_same(tmp_path: Path) -> None:
    new = hello(tmp_path / "new", container="files:\n  /etc/a: {content: x}\nvolumes:\n  /d: {source: '${resources.data}'}", resources="data: {type: volume}")
    old = hello(
        tmp_path / "old",
        container="files:\n- {target: /etc/a, content: x}\nvolumes:\n- {target: /d, source: '${resources.data}'}",
        resources="data: {type: volume}",
    )
    assert render([new]).definitions == render([old]).definitions


# -- what makes pods roll ----------------------------------------------------------------------------------------------


def test_changed_configuration_is_a_new_config_map_and_a_new_pod(tmp_path: Path) -> None:
    first, second = (render([hello(tmp_path, container=f"variables: {{A: '{value}'}}")]) for value in (1, 2))
    assert config_map(first, "hello-web")["metadata"]["name"] != config_map(second, "hello-web")["metadata"]["name"]
    assert only(first, "Deployment")["spec"]["template"] != only(second, "Deployment")["spec"]["template"]
    assert first.services["hello"]["config_hash"] != second.services["hello"]["config_hash"]


def test_a_new_version_of_a_secret_is_a_new_pod_but_no_new_migration(tmp_path: Path) -> None:
    service = [hello(tmp_path, "migrate: {command: [m]}", resources="db: {type: postgres}")]
    newer = {**POSTGRES, "bindings": [{**POSTGRES["bindings"][0], "version": "new"}]}  # type: ignore[index,dict-item]
    first, second = render(service), render(service, bindings=[newer])
    assert only(first, "Deployment")["spec"]["template"] != only(second, "Deployment")["spec"]["template"]
    assert only(first, "Job") == only(second, "Job")
    assert second.services["hello"]["secret_versions"] == {"hello-db": "new"}


# -- migration ---------------------------------------------------------------------------------------------------------


def test_a_migration_has_the_same_image_variables_and_bindings(tmp_path: Path) -> None:
    text = "command: [serve]\nvariables: {A: '1'}"
    found = render([hello(tmp_path, "migrate: {command: [migrate, up], timeoutSeconds: 60}", text, "db: {type: postgres}")])
    job = only(found, "Job")
    assert job["metadata"]["name"].startswith("hello-migrate-")
    assert job["spec"]["activeDeadlineSeconds"] == 60
    own, serving = job["spec"]["template"]["spec"]["containers"][0], container(found)
    assert own["command"] == ["migrate", "up"]
    assert "args" not in own
    assert {key: own[key] for key in ("image", "env", "envFrom", "volumeMounts")} == {key: serving[key] for key in ("image", "env", "envFrom", "volumeMounts")}
    assert not {"livenessProbe", "readinessProbe", "ports", "lifecycle"} & set(own)


def test_migration_by_arguments_keeps_the_command(tmp_path: Path) -> None:
    own = only(render([hello(tmp_path, "migrate: {args: [migrate]}", "command: [hello]\nargs: [serve]")]), "Job")["spec"]["template"]["spec"]["containers"][0]
    assert (own["command"], own["args"]) == (["hello"], ["migrate"])


def test_another_image_is_another_migration(tmp_path: Path) -> None:
    service = [hello(tmp_path, "migrate: {command: [m]}")]
    names = {only(render(service, images={"hello": f"r/hello@sha256:{digit * 64}"}), "Job")["metadata"]["name"] for digit in "12"}
    assert len(names) == 2


def test_a_long_name_still_fits(tmp_path: Path) -> None:
    name = "h" * 63
    item = write(
        tmp_path, BASE.replace("SLIPWAY", "  slipway: {migrate: {command: [m]}}").replace("CONTAINER", "").replace("RESOURCES", "").replace("hello", name)
    )
    found = render([item], images=images(name))
    assert all(len(entry["metadata"]["name"]) <= 253 for entry in found.definitions)
    assert len(only(found, "Job")["metadata"]["name"]) <= 63


def test_pods_of_a_migration_are_not_behind_the_service(tmp_path: Path) -> None:
    found = render([hello(tmp_path, "migrate: {command: [m]}")])
    labels = only(found, "Job")["spec"]["template"]["metadata"]["labels"]
    assert not only(found, "Service")["spec"]["selector"].items() <= labels.items()


# -- volumes -----------------------------------------------------------------------------------------------------------


def test_a_persistent_volume_is_held_by_one_pod(tmp_path: Path) -> None:
    found = render([hello(tmp_path, container="volumes: {/d: {source: '${resources.data}'}}", resources="data: {type: volume, params: {size: 2Gi}}")])
    assert only(found, "PersistentVolumeClaim")["spec"]["resources"]["requests"]["storage"] == "2Gi"
    assert only(found, "Deployment")["spec"]["strategy"] == {"type": "Recreate"}
    assert only(found, "Deployment")["spec"]["replicas"] == 1
    assert "keeps a persistent volume" in refused([hello(tmp_path, resources="data: {type: volume}") | {"replicas": 2}])


def test_a_volume_at_tmp_takes_the_place_of_ours(tmp_path: Path) -> None:
    text = "volumes: {/tmp: {source: '${resources.data}'}}"
    mounts = container(render([hello(tmp_path, container=text, resources="data: {type: volume, class: ephemeral}")]))["volumeMounts"]
    assert [(item["name"], item["mountPath"]) for item in mounts] == [("volume-data", "/tmp")]


# -- routes ------------------------------------------------------------------------------------------------------------

ROUTE = "dns: {type: dns}\npublic: {type: route, params: {host: '${resources.dns.host}', port: 80}}"


@pytest.mark.parametrize(
    ("inventory", "settings", "host"),
    [({}, {}, "hello.localhost"), ({}, {"domain": "example.org"}, "hello.example.org"), ({"host": "www.example.org"}, {}, "www.example.org")],
)
def test_where_a_service_answers(tmp_path: Path, inventory: dict[str, Any], settings: dict[str, Any], host: str) -> None:
    found = render([hello(tmp_path, resources=ROUTE) | inventory], settings=settings)
    spec = only(found, "HTTPRoute")["spec"]
    assert spec["hostnames"] == [host]
    assert spec["parentRefs"] == [{"name": "gateway", "namespace": "ingress", "sectionName": "https"}]
    assert spec["rules"][0]["backendRefs"] == [{"name": "hello", "port": 80}]
    assert found.services["hello"]["url"] == f"https://{host}:8443/"


def test_several_host_names(tmp_path: Path) -> None:
    resources = "aa: {type: dns}\nbb: {type: dns}\ncc: {type: dns}"
    item = hello(tmp_path, container="variables: {A: '${resources.aa.host} ${resources.bb.host} ${resources.cc.url}'}", resources=resources)
    found = render([item | {"hosts": {"cc": "c.example.org"}}])
    assert config_map(found, "hello-web")["data"]["A"] == "hello.localhost bb-hello.localhost https://c.example.org:8443"


def test_a_route_needs_a_gateway(tmp_path: Path) -> None:
    assert "service hello has a route, but no gateway was given; run the ingress role first" in refused([hello(tmp_path, resources=ROUTE)], gateway=None)


def test_two_services_cannot_have_one_address(tmp_path: Path) -> None:
    items = [hello(tmp_path / "a", resources=ROUTE) | {"host": "x.localhost"}]
    other = (tmp_path / "a" / "score.yaml").read_text().replace("name: hello", "name: herald")
    items.append(write(tmp_path / "b", other) | {"host": "x.localhost"})
    assert "herald.public and hello.public are both routes for https://x.localhost/" in refused(items)


# -- network -----------------------------------------------------------------------------------------------------------


def policy(rendered: Any, name: str = "hello") -> dict[str, Any]:
    found: dict[str, Any] = only(rendered, "NetworkPolicy", name)["spec"]
    return found


def test_a_service_alone_reaches_dns_and_nobody_reaches_it(tmp_path: Path) -> None:
    spec = policy(render([hello(tmp_path)]))
    assert spec["policyTypes"] == ["Ingress", "Egress"]
    assert "ingress" not in spec
    assert [[port["port"] for port in rule["ports"]] for rule in spec["egress"]] == [[53, 53]]


def test_names_are_resolved_by_pods_and_where_auto_mode_has_none(tmp_path: Path) -> None:
    pods = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}}, "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}}}
    assert policy(render([hello(tmp_path)]))["egress"][0]["to"] == [pods]
    there = policy(render([hello(tmp_path)], settings={"dns": ["172.20.0.10", "fd30:1c53:5f8a::a"]}))["egress"][0]
    assert there["to"] == [pods, {"ipBlock": {"cidr": "172.20.0.10/32"}}, {"ipBlock": {"cidr": "fd30:1c53:5f8a::a/128"}}]
    assert there["ports"] == [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}]
    with pytest.raises(InvalidInput, match=r"settings.dns: '172.20.0.0/16' is no address; write where names are resolved, such as 172.20.0.10"):
        render([hello(tmp_path)], settings={"dns": ["172.20.0.0/16"]})


def test_flows_to_what_is_bound(tmp_path: Path) -> None:
    rules = policy(render([hello(tmp_path, resources="db: {type: postgres}\ncache: {type: redis}")]))["egress"][1:]
    assert [(rule["ports"], rule["to"]) for rule in rules] == [
        (
            [{"port": result["port"], "protocol": "TCP"}],
            [
                {
                    "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": result["namespace"]}},
                    "podSelector": {"matchLabels": result["pod_labels"]},
                }
            ],
        )
        for result in (REDIS, POSTGRES)
    ]


def test_a_database_outside_is_reached_by_address(tmp_path: Path) -> None:
    outside = {"host": "db.example.org", "port": 5432, "cidrs": ["10.0.0.0/16"], "bindings": POSTGRES["bindings"]}
    rule = policy(render([hello(tmp_path, resources="db: {type: postgres}")], bindings=[outside]))["egress"][1]
    assert rule["to"] == [{"ipBlock": {"cidr": "10.0.0.0/16"}}]


def test_never_anywhere(tmp_path: Path) -> None:
    nowhere = {"host": "db.example.org", "port": 5432, "bindings": POSTGRES["bindings"]}
    assert "says neither the namespace of its pods nor its addresses" in refused([hello(tmp_path, resources="db: {type: postgres}")], bindings=[nowhere])


def test_a_gateway_outside_the_cluster_comes_from_its_networks(tmp_path: Path) -> None:
    outside = {"gateway": {"name": "gateway", "namespace": "ingress"}, "https_port": 443, "namespace": "ingress", "pod_labels": {}, "cidrs": ["10.20.0.0/16"]}
    rules = policy(render([hello(tmp_path, resources=ROUTE)], gateway=outside))["ingress"]
    assert rules == [{"from": [{"ipBlock": {"cidr": "10.20.0.0/16"}}], "ports": [{"port": 8080, "protocol": "TCP"}]}]


def test_flows_from_the_gateway_to_the_routed_port_only(tmp_path: Path) -> None:
    rules = policy(render([hello(tmp_path, resources=ROUTE)]))["ingress"]
    assert [rule["ports"] for rule in rules] == [[{"port": 8080, "protocol": "TCP"}]]
    peer = rules[0]["from"][0]
    assert peer["namespaceSelector"]["matchLabels"] == {"kubernetes.io/metadata.name": "ingress"}
    assert peer["podSelector"]["matchLabels"] == GATEWAY["pod_labels"]


def test_flows_between_services_are_on_both_sides(tmp_path: Path) -> None:
    caller = hello(tmp_path / "a", "migrate: {command: [m]}", resources="herald: {type: service}")
    called = write(tmp_path / "b", (tmp_path / "a" / "score.yaml").read_text().replace("name: hello", "name: herald").split("resources:")[0])
    found = render([caller, called])
    out = policy(found)["egress"][-1]
    into = policy(found, "herald")["ingress"][0]
    assert out["ports"] == into["ports"] == [{"port": 8080, "protocol": "TCP"}]
    assert out["to"][0]["podSelector"]["matchLabels"] == policy(found, "herald")["podSelector"]["matchLabels"]
    assert into["from"][0]["podSelector"]["matchLabels"] == policy(found)["podSelector"]["matchLabels"]
    assert len(policy(found, "hello-migrate")["egress"]) == 1


# -- bindings ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "tag"), [("postgres", "postgres"), ("redis", "redis"), ("secret", "secrets")])
def test_a_binding_that_nobody_made(tmp_path: Path, kind: str, tag: str) -> None:
    message = refused([hello(tmp_path, resources=f"it: {{type: {kind}}}")], bindings=[], secrets=[])
    assert message == f"service hello asks for the {kind} resource `it`, but no binding for it was given; run the role that makes it first (--tags {tag})"


# -- the namespace -----------------------------------------------------------------------------------------------------


def test_the_namespace(tmp_path: Path) -> None:
    found = render([hello(tmp_path)], namespace_objects=True, settings={"quota": {"pods": 20, "limits.cpu": 8}})
    kinds = [item["kind"] for item in found.definitions[:4]]
    assert kinds == ["Namespace", "LimitRange", "ResourceQuota", "NetworkPolicy"]
    labels = found.definitions[0]["metadata"]["labels"]
    assert {labels[f"pod-security.kubernetes.io/{mode}"] for mode in ("enforce", "audit", "warn")} == {"restricted"}
    assert found.definitions[2]["spec"]["hard"] == {"limits.cpu": "8", "pods": "20"}
    assert found.definitions[3]["spec"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


def test_one_name_twice_is_refused(tmp_path: Path) -> None:
    """A service `hello-migrate` and the migration of `hello` would both own the policy of that name."""
    other = write(tmp_path / "b", BASE.replace("SLIPWAY", "").replace("CONTAINER", "").replace("RESOURCES", "").replace("hello", "hello-migrate"))
    message = refused([hello(tmp_path / "a", "migrate: {command: [m]}"), other], images=images("hello", "hello-migrate"))
    assert "two services both make the NetworkPolicy hello-migrate" in message


@pytest.mark.parametrize(
    ("setting", "expected"), [({}, [{"name": "registry-pull"}]), ({"pull_secret": "other"}, [{"name": "other"}]), ({"pull_secret": ""}, None)]
)
def test_nodes_that_may_pull_by_themselves_need_no_secret(tmp_path: Path, setting: dict[str, str], expected: list[dict[str, str]] | None) -> None:
    pod = only(render([hello(tmp_path)], settings=setting), "Deployment")["spec"]["template"]["spec"]
    assert pod.get("imagePullSecrets") == expected
