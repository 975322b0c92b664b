# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventories, and environments that share a cluster and an account: no two things of dev and stage have one name, unless both say the same of it."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from ansible.plugins.loader import init_plugin_loader
from support import aws, eks_role
from support.actions import run
from support.environments import Environment
from support.playbooks import ansible_playbook
from support.roles import trusted, variable
from support.tree import CHECKOUT, load_yaml

INVENTORIES = CHECKOUT / "inventories"
SHARING = ("dev", "stage")
Things = dict[tuple[str, ...], Any]
"""What is said of each thing, by kind, namespace and name."""


@pytest.fixture(scope="module", autouse=True)
def _plugins() -> None:
    init_plugin_loader()


@cache
def environment(name: str) -> Environment:
    """As in a run in which every role has done its work, with a secret beside what the services have."""
    first = Environment(name)
    services, namespace, domain = (first.of(f"slipway_{key}") for key in ("services", "namespace", "domain"))
    score = run("score_info", services=services, project_dir=str(CHECKOUT), namespace=namespace, domain=domain)
    bindings = {kind: [_binding(each, kind) for each in score["resources"][kind]] for kind in ("postgres", "redis")}
    network = {
        "vpc": {"id": "vpc-1", "cidr": first.of("eks_cidr")},
        "subnets": {
            "private": {"a": "subnet-1", "b": "subnet-2"},
            "isolated": {each: {"ids": {"a": f"subnet-{each}"}, "cidrs": [f"range of {each}"]} for each in first.of("eks_isolated_subnets | default([])")},
        },
        "security_group": "sg-1",
    }
    return Environment(
        name,
        slipway_secrets=[{"name": "mail", "deliver": {"service": "hello", "namespace": namespace}}],
        __slipway_score=score,
        eks_result=network | {"kubeconfig": "kubeconfig"},
        registry_result={"host": "registry.example", "ca_file": "", "auth_file": "", "pull_secret_file": ""},
        postgres_result={"bindings": bindings["postgres"]},
        redis_result={"bindings": bindings["redis"]},
    )


def _binding(item: dict[str, str], kind: str) -> dict[str, str]:
    return {**item, "secret": f"{item['service']}-{item['resource']}", "type": kind, "version": "1"}


@cache
def in_cluster(environment: Environment) -> Things:
    """The objects of roles that an environment on AWS has, each with the set that it is of."""
    ingress = {"__ingress_acm": {"arn": "arn:certificate"}}
    image = {"images": {name: {"reference": name} for name in ("postgres-client", "redis")}}
    redis = {"__redis_image": image}
    deliveries = environment.role("redis", "__redis_deliveries")
    redis["__redis_store"] = {"deliveries": [{**each, "version": "1"} for each in deliveries], "secrets": []}
    secrets = {
        "__secrets_account": {"account_id": "111122223333", "partition": "aws", "region": "eu-central-1"},
        "__secrets_manager": {"secrets": [{"name": each["name"], "version_id": "1"} for each in environment.role("secrets", "__secrets_in_aws")]},
        "__secrets_iam": {"roles": {environment.role("secrets", "__secrets_role"): {"arn": "arn:role"}}},
    }
    postgres = {"__postgres_image": image, "__postgres_instance": {"endpoint": "database.example"}}
    made = [
        *environment.role("ingress", "__ingress_aws_class_objects"),
        *environment.role("ingress", "__ingress_aws_objects", **ingress),
        *environment.role("postgres", "__postgres_client_objects", **postgres),
        *environment.role("redis", "__redis_objects", **redis),
        *environment.role("secrets", "__secrets_operator_objects", **secrets),
        *environment.role("secrets", "__secrets_delivery_objects", **secrets),
    ]
    found: Things = {(each["kind"], each["metadata"].get("namespace", ""), each["metadata"]["name"]): each for each in made}
    for role in ("postgres", "redis"):
        for item in environment.role("secrets", "secrets_deliveries"):
            found["secret of the store", environment.inputs(role)[f"{role}_store_namespace"], item["secret"]] = environment.name
    for item in (*deliveries, *environment.role("secrets", "__secrets_binding_deliveries")):
        found["Secret", item["namespace"], item["secret"]] = environment.name
    return found | {("release", environment.of("slipway_namespace"), environment.of("slipway_namespace")): environment.name}


@cache
def in_account(environment: Environment) -> Things:
    """What roles make in AWS. A name that belongs to one environment is described by it alone."""
    name = environment.name
    tags = environment.of("__slipway_registry_tags")
    found: Things = {("repository", each["name"]): (each, tags) for each in environment.role("registry", "__registry_repositories")}
    eks = {key: value for key, value in environment.inputs("eks").items() if key not in ("eks_kubeconfig", "eks_result")}
    found["cluster", eks["eks_name"]] = eks
    postgres = environment.inputs("postgres")["postgres_name"]
    found |= {(kind, f"{postgres}{rest}"): name for kind, rest in (("instance", ""), ("security group", "-database"), ("key", "-database"))}
    found |= {("log group", each["name"]): name for each in environment.role("postgres", "__postgres_log_groups")}
    found |= {("secret", each["name"]): name for each in environment.role("secrets", "__secrets_in_aws")}
    found["role", environment.role("secrets", "__secrets_role")] = name
    found["pod identity", environment.inputs("secrets")["secrets_operator_namespace"]] = name
    return found | {("record", host): name for host in environment.inputs("ingress")["ingress_hostnames"]}


@pytest.mark.parametrize("look", [in_cluster, in_account], ids=["in the cluster", "in the account"])
def test_two_environments_have_no_thing_in_common_of_which_they_say_different_things(look: Any) -> None:
    dev, stage = (look(environment(name)) for name in SHARING)
    assert len(dev) > 12
    different = {name: (dev[name], stage[name]) for name in dev.keys() & stage.keys() if dev[name] != stage[name]}
    assert not different, f"dev and stage take these from each other: {sorted(different)}"


def test_what_they_share_is_the_cluster_the_images_and_definitions() -> None:
    dev, stage = ({**in_cluster(environment(name)), **in_account(environment(name))} for name in SHARING)
    assert {name[0] for name in dev.keys() & stage.keys()} == {"cluster", "repository", "GatewayClass"}


def test_everything_of_one_environment_says_so_in_its_tags_and_what_is_shared_says_of_whom() -> None:
    for name in SHARING:
        tags = {role: environment(name).inputs(role)[f"{role}_tags"] for role in ("postgres", "secrets", "ingress")}
        assert {role: each["slipway:environment"] for role, each in tags.items()} == dict.fromkeys(tags, name)
        assert environment(name).inputs("registry")["registry_tags"]["slipway:environment"] == "nonprod"
        assert environment(name).role("eks", "__eks_tags")["slipway:environment"] == "nonprod"


def test_one_variable_gives_each_a_cluster_of_its_own() -> None:
    for name in SHARING:
        alone = Environment(name, aws_cluster_environment=name)
        assert alone.of("eks_name") == f"slipway-{name}"
        assert alone.of("__slipway_namespaces") == Environment("prod").of("__slipway_namespaces")
        assert alone.of("__slipway_namespaces.ingress") == "ingress"
        assert alone.of("__slipway_registry_tags")["slipway:environment"] == "nonprod", "the account has one registry all the same"


@pytest.mark.parametrize("name", ["local", "prod"])
def test_an_environment_with_a_cluster_of_its_own_has_the_roles_own_names(name: str) -> None:
    names = {**Environment(name).of("__slipway_namespaces")}
    assert names == {
        "ingress": variable("ingress", "ingress_namespace"),
        "postgres": variable("postgres", "postgres_namespace"),
        "redis": variable("redis", "redis_namespace"),
        "operator": variable("secrets", "secrets_operator_namespace"),
        "store": variable("secrets", "secrets_store_namespace"),
    }


def test_the_second_environment_finds_the_cluster_as_it_would_make_it(tmp_path: Path) -> None:
    with aws.running() as simulated, eks_role.site(simulated, tmp_path) as site:
        for role in ("slipway-admins", "slipway-developers"):
            simulated.client("iam").create_role(RoleName=role, AssumeRolePolicyDocument="{}")

        def have(name: str) -> eks_role.Run:
            inputs = Environment(name, aws_account_id=simulated.account_id, slipway_state_dir=str(tmp_path / name)).inputs("eks")
            (tmp_path / name).mkdir(exist_ok=True)
            made = site.run(**inputs)
            assert not made.failed, made.shown
            return made

        assert have("dev").writes
        stage = have("stage")
        assert stage.writes == []
        assert "changed=1 " in stage.shown, "its kubeconfig"
        assert "changed=0 " in have("dev").shown
        assert set(stage.result["subnets"]["isolated"]) == set(SHARING)
        namespaces = {path.rpartition("/")[2] for path in site.kube.objects if re.fullmatch("/api/v1/namespaces/[^/]+", path)}
        assert {"hello-dev", "hello-stage"} <= namespaces


def test_nobody_of_one_environment_is_let_to_the_pods_of_another() -> None:
    """Whatever a policy lets in or out by namespace is of the environment itself, or the cluster's own."""
    for name in SHARING:
        own = {environment(name).of("slipway_namespace"), *environment(name).of("__slipway_namespaces").values(), "kube-system", "observability"}
        policies = [each for (kind, *_), each in in_cluster(environment(name)).items() if kind == "NetworkPolicy"]
        named = set(re.findall('kubernetes[.]io/metadata[.]name": "([a-z-]+)', json.dumps(policies)))
        assert policies
        assert named <= own
        closed = {each["metadata"]["namespace"] for each in policies if each["spec"]["podSelector"] == {}}
        spaces = environment(name).of("__slipway_namespaces")
        assert closed == {spaces[each] for each in ("postgres", "redis", "operator")}


def test_nobody_of_one_environment_is_let_to_the_database_of_another() -> None:
    for name in SHARING:
        network = environment(name).inputs("postgres")["postgres_network"]
        assert (network["subnets"], network["cidrs"]) == ([f"subnet-{name}"], [f"range of {name}"])
        client = in_cluster(environment(name))["NetworkPolicy", f"postgres-{name}", "postgres-client"]
        assert client["spec"]["egress"][-1]["to"] == [{"ipBlock": {"cidr": f"range of {name}"}}]
    assert environment("prod").inputs("postgres")["postgres_network"]["cidrs"] == [environment("prod").of("eks_cidr")]


# --- where a value stands


def test_a_name_stands_in_one_place() -> None:
    for name in SHARING:
        own = load_yaml(INVENTORIES / name / "group_vars/all.yml")
        link = INVENTORIES / name / "group_vars/nonprod.yml"
        assert link.resolve() == INVENTORIES / "nonprod.yml"
        assert not own.keys() & load_yaml(link).keys(), "the group's would win"


def test_dev_and_stage_say_the_same_things_and_no_more_than_roles_take() -> None:
    dev, stage, prod = (load_yaml(INVENTORIES / name / "group_vars/all.yml") for name in (*SHARING, "prod"))
    assert dev.keys() == stage.keys()
    assert dev.keys() <= prod.keys()
    known = {option for path in CHECKOUT.glob("roles/*/meta/argument_specs.yml") for option in load_yaml(path)["argument_specs"]["main"]["options"]}
    said = {*dev, *load_yaml(INVENTORIES / "nonprod.yml")}
    prefixes = tuple(f"{path.name}_" for path in CHECKOUT.glob("roles/*"))
    assert not {name for name in said if name.startswith(prefixes) and not name.endswith("_provider")} - known


@pytest.mark.parametrize("name", ["dev", "stage", "prod"])
def test_nothing_is_wrong_with_what_is_there(name: str) -> None:
    here = environment(name)
    assert [each["otherwise"] for each in here.of("__slipway_checks + __slipway_checks_of_providers") if not each["that"]] == []
    assert [key for key, value in here.of("__slipway_required_settings").items() if value in (None, "")] == []
    policy = INVENTORIES / name / "policy.yml"
    assert not policy.exists() or load_yaml(policy)["environment"] == name


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"aws_account_id": 12345}, "aws_account_id is 12345: an account has 12 digits; write them in quotes"),
        ({"aws_region": "eu-central"}, "aws_region is eu-central, which is no name of a region"),
        ({"eks_zones": ["eu-central-1a", "us-east-1b"]}, "eks_zones: us-east-1b is no zone of aws_region, eu-central-1"),
        ({"eks_zones": ["eu-central-1a"]}, "eks_zones: EKS needs two zones"),
        ({"slipway_domain": "dev.example.org"}, "slipway_domain is dev.example.org, which is not in the zone dev.example.com"),
        ({"slipway_domain": "xdev.example.com"}, "slipway_domain is xdev.example.com, which is not in the zone dev.example.com"),
        ({"ingress_aws": {"scheme": "internal"}}, "ingress_aws.zone: name the hosted zone of Route 53 that dev.example.com is in"),
        ({"slipway_namespace": "hello"}, "slipway_namespace is hello, and other environments are on this cluster"),
        ({"ingress_provider": "local"}, "ingress_provider is local, and other environments are on this cluster"),
    ],
)
def test_what_can_not_be_is_told(given: dict[str, Any], sentence: str) -> None:
    [wrong] = [each["otherwise"] for each in Environment("dev", **given).of("__slipway_checks") if not each["that"]]
    assert wrong.startswith(sentence)


@pytest.mark.parametrize(
    ("steps", "known"),
    [(None, True), ("begin", True), ("switch,end", True), ("end,switch", False), ("begin,begin", False), ("", False), ("start", False)],
)
def test_steps_of_a_rotation_are_taken_in_their_order(steps: str | None, known: bool) -> None:
    [play] = load_yaml(CHECKOUT / "playbooks/rotate_authority.yml")
    [check] = [task["ansible.builtin.assert"] for task in play["pre_tasks"] if task["name"] == "Know the steps"]
    given = trusted(play["vars"]) | ({} if steps is None else {"steps": steps})
    assert Environment("local", **given).of(check["that"]) is known


def test_domains_below_the_zone_and_without_one_are_fine() -> None:
    for given in ({"slipway_domain": "shop.dev.example.com"}, {"ingress_aws": {"zone_id": "Z1"}}, {"ingress_aws": {"zone": "dev.example.com."}}):
        assert all(each["that"] for each in Environment("dev", **given).of("__slipway_checks")), given


# --- as a person types it


def typed(*argv: str) -> str:
    """What is said to whom nothing is done for, in one line."""
    done = ansible_playbook(*argv)
    assert done.returncode != 0
    assert "changed=1" not in done.stdout
    return " ".join(done.stdout.split())


def _has_plays(path: Path) -> bool:
    found = load_yaml(path)
    return isinstance(found, list) and any("hosts" in each or "ansible.builtin.import_playbook" in each for each in found)


PLAYBOOKS = sorted(str(path.relative_to(CHECKOUT)) for folder in (".", "playbooks") for path in (CHECKOUT / folder).glob("*.yml") if _has_plays(path))


@pytest.mark.parametrize("playbook", PLAYBOOKS)
def test_who_names_no_environment_is_told_to(playbook: str) -> None:
    assert "say which environment is meant, with -i local, -i dev, -i stage or -i prod" in typed(playbook)


def test_a_misspelt_environment_is_no_other() -> None:
    assert "Completely failed to parse inventory source" in typed("site.yml", "-i", "prd")


def test_a_missing_setting_and_a_misspelt_provider_are_told_together() -> None:
    said = typed("site.yml", "-i", "dev", "-e", "slipway_domain=", "-e", "cluster_provider=ekss")
    assert "slipway_domain is not set: write it into inventories/dev/group_vars/all.yml" in said
    assert "cluster_provider is ekss: write kind or eks or existing" in said


def test_what_a_provider_needs_is_asked_for_before_aws_is() -> None:
    said = typed("site.yml", "-i", "stage", "-e", "aws_account_id=", "-e", "ingress_aws=")
    assert "aws_account_id is not set" in said
    assert "ingress_aws is not set" in said
    assert "GetCallerIdentity" not in said


def test_who_signs_with_half_a_key_signs_nothing(tmp_path: Path) -> None:
    said = typed("playbooks/approve.yml", "-i", "dev", "-e", f"slipway_state_dir={tmp_path}", "-e", "plan=plan.json", "-e", "signer=ada")
    assert "say where the key of ada is: -e key=<file>" in said


def test_the_status_of_what_nobody_built_is_no_riddle(tmp_path: Path) -> None:
    told = typed("playbooks/status.yml", "-i", "dev", "-e", f"slipway_state_dir={tmp_path}")
    assert "nothing is known here of the cluster of dev" in told
    assert "ansible-playbook site.yml -i dev" in told
