# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What certificates.yml takes for ours, and for served as it should be."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import init_plugin_loader
from ansible.template import Templar, trust_as_template
from ansible_collections.slipway.platform.plugins.module_utils._aws.acm.issued import ensure as issued
from ansible_collections.slipway.platform.plugins.module_utils._aws.acm.issued import options as issued_options
from ansible_collections.slipway.platform.plugins.module_utils._aws.connection import Access, Aws, Clock
from ansible_collections.slipway.platform.plugins.module_utils._aws.route53.options import Place
from moto.acm.models import acm_backends
from support import aws, kube_api, pki
from support.aws_lists import Lists
from support.kube_api import KubeApi
from support.pki import DAY, Issued
from support.playbooks import HERE, ansible_playbook
from support.roles import trusted, variable
from support.tls_zoo import Zoo, context, tls
from support.tree import CHECKOUT, load_yaml

GATEWAY = {"ca_file": "/roots.pem", "hostnames": ["shop.example.com"], "https_port": 443, "namespace": "ingress"}


@pytest.fixture(scope="module", autouse=True)
def _plugins() -> None:
    init_plugin_loader()


def render(name: str, **known: Any) -> Any:
    variables = trusted(load_yaml(CHECKOUT / "playbooks/vars/certificates.yml")) | {"slipway_state_dir": "/state"} | known
    return Templar(DataLoader(), variables=variables).template(trust_as_template("{{ " + name + " }}"))


def certificate(serial: str, issuer: str, is_ca: bool = False) -> dict[str, Any]:
    return {"serial": serial, "subject": f"CN={serial}", "issuer": issuer, "is_ca": is_ca}


def row(name: str, source: str, labels: dict[str, str], *chain: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "source": source, "labels": labels, "certificates": list(chain)}


def endpoint(name: str, host: str, *chain: dict[str, Any]) -> dict[str, Any]:
    return row(name, "endpoint", {"host": host, "server_name": host, "port": "443"}, *chain)


ROOT = certificate("local", "CN=local", True)
PUBLIC = certificate("R10", "CN=X1", True)
FOUND = [
    row("authority", "own", {"kind": "ca"}, ROOT),
    row("held registry", "own", {"kind": "registry"}, certificate("2", "CN=local")),
    row("held gateway", "own", {"kind": "gateway"}, certificate("5", "CN=R10"), PUBLIC),
    endpoint("registry", "registry.internal", certificate("2", "CN=local")),
    endpoint("forgotten", "old.internal", certificate("1", "CN=local")),
    endpoint("gateway, renewed", "shop.example.com", certificate("5", "CN=R10"), PUBLIC),
    endpoint("gateway, old", "shop.example.com", certificate("4", "CN=R10"), PUBLIC),
    endpoint("of a partner", "partner.example.com", certificate("9", "CN=R10"), PUBLIC),
    row("by address", "endpoint", {"host": "192.0.2.1", "port": "443"}, certificate("8", "CN=R10")),
    row("secret", "kubernetes", {"namespace": "ingress", "object": "gateway-tls", "key": "tls.crt"}, certificate("4", "CN=R10"), PUBLIC),
    row("secret of a partner", "kubernetes", {"namespace": "ingress", "object": "partner-tls", "key": "tls.crt"}, certificate("9", "CN=R10")),
]


@pytest.mark.parametrize(
    ("gateway", "ours", "stale"),
    [
        ({"ingress_result": GATEWAY}, ["registry", "forgotten"], ["forgotten"]),
        ({"ingress_result": GATEWAY | {"issuer": "local_ca"}}, ["registry", "forgotten"], ["forgotten"]),
        ({}, ["registry", "forgotten"], ["forgotten"]),
        (
            {"ingress_result": GATEWAY | {"issuer": "acme"}},
            ["registry", "forgotten", "gateway, renewed", "gateway, old", "secret"],
            ["forgotten", "gateway, old", "secret"],
        ),
    ],
)
def test_a_public_ca_signs_for_others_and_only_the_gateways_are_ours(gateway: dict[str, Any], ours: list[str], stale: list[str]) -> None:
    found = {"__certificates_found": {"certificates": FOUND}, **gateway}
    assert [each["name"] for each in render("__certificates_ours", **found)] == ours
    assert [each["name"] for each in render("__certificates_stale", **found)] == stale


@pytest.mark.parametrize(
    ("known", "roots"),
    [
        ({}, ""),
        ({"registry_result": {"ca_file": "/registry"}}, "/registry"),
        ({"registry_result": {"ca_file": "/registry"}, "ingress_result": GATEWAY}, "/roots.pem"),
        ({"registry_result": {"ca_file": "/registry"}, "ingress_result": GATEWAY | {"issuer": "acme"}}, "/registry"),
        ({"registry_result": {"ca_file": ""}, "ingress_result": GATEWAY | {"issuer": "acm", "ca_file": ""}}, ""),
        ({"registry_result": {"ca_file": "/registry"}, "ingress_result": GATEWAY | {"issuer": "acm", "ca_file": ""}}, "/registry"),
        ({"certificates_ca_file": "/mine", "registry_result": {"ca_file": "/registry"}, "ingress_result": GATEWAY}, "/mine"),
    ],
)
def test_whom_endpoints_are_verified_by(known: dict[str, Any], roots: str) -> None:
    assert render("__certificates_ca_file if certificates_ca_file is undefined else certificates_ca_file", **known) == roots


# --- on AWS: the playbook, from its first look to what it says and does


PROD = {"slipway_environment": "prod", "cluster_provider": "eks", "registry_provider": "ecr", "postgres_provider": "rds", "ingress_provider": "aws"}
HOST = "shop.example.com"


@pytest.mark.parametrize(("registry", "postgres", "renewed"), [("local", "local", True), ("existing", "local", True), ("ecr", "rds", False)])
def test_what_our_authority_signed_is_renewed_whoever_runs_the_rest(registry: str, postgres: str, renewed: bool) -> None:
    [task] = [each for each in load_yaml(CHECKOUT / "playbooks/tasks/renew.yml") if "slipway.platform.local_ca" in each]
    assert render(task["when"], registry_provider=registry, postgres_provider=postgres) is renewed


class Environment:
    """One on AWS as its roles left it: a public name, a certificate that ACM issued and one that it was given, a database, a cluster."""

    def __init__(self, simulated: aws.Aws, lists: Lists, zoo: Zoo, kube: KubeApi, folder: Path) -> None:
        self.aws, self.lists, self.zoo, self.kube, self.state = simulated, lists, zoo, kube, folder / "prod"
        self.state.mkdir()
        self.acm, today = simulated.client("acm"), datetime.now(UTC).replace(microsecond=0)
        self.held = self.issue("partner.example.com", today, 20)
        self.partner = self.acm.import_certificate(Certificate=self.held.pem, PrivateKey=self.held.key_pem)["CertificateArn"]
        lists.of["DescribeCertificates"] = [{"CertificateIdentifier": "rds-ca-rsa2048-g1", "ValidFrom": today, "ValidTill": today + 9000 * DAY}]
        database = {"CAIdentifier": "rds-ca-rsa2048-g1", "ValidTill": today + 300 * DAY}
        lists.of["DescribeDBInstances"] = [{"DBInstanceIdentifier": "slipway-prod", "CertificateDetails": database}]
        shown = self.issue(HOST, today, 80)
        zoo.add("gateway", tls(context(zoo.file(shown, zoo.intermediate))))
        self.kubeconfig = kube.kubeconfig(self.state)
        known = json.loads(self.kubeconfig.read_text())
        known["clusters"][0]["cluster"]["certificate-authority-data"] = base64.b64encode(pki.authority("kubernetes").pem).decode()
        self.kubeconfig.write_text(json.dumps(known))

    def issue(self, name: str, begins: datetime, days: int) -> Issued:
        return self.zoo.leaf(name, begins=begins - DAY, ends=begins + days * DAY)

    def renewed(self) -> Issued:
        """The one for a partner, as its owner has it by now."""
        new = self.issue("partner.example.com", datetime.now(UTC).replace(microsecond=0), 90)
        (self.state / "partner.crt").write_bytes(new.pem)
        (self.state / "partner.key").touch(0o600)
        (self.state / "partner.key").write_bytes(new.key_pem)
        return new

    def run(self, **more: Any) -> tuple[int, str, dict[str, Any]]:
        """Status, output, and the report by name of each certificate."""
        results = {
            "ingress_result": variable("ingress", "__ingress_results.aws | combine(__ingress_result_of_all)", **self.ingress()),
            "postgres_result": {"certificates": variable("postgres", "__postgres_result_of.rds.certificates")},
            "registry_result": {"ca_file": "", "certificates": {}},
            "eks_result": {"kubeconfig": str(self.kubeconfig), "certificates": {"cluster": [{"kubeconfig": str(self.kubeconfig), "nodes": False}]}},
        }
        gateway = results["ingress_result"]["certificates"]["endpoints"][0]
        gateway |= {"port": self.zoo.ports["gateway"], "addresses": ["127.0.0.1"]}
        known = PROD | {"slipway_state_dir": str(self.state), "aws_region": self.aws.region, "certificates_ca_file": str(self.zoo.folder / "root.pem")}
        play = load_yaml(CHECKOUT / "playbooks/certificates.yml")
        # What begins a run takes the environment's lock and asks of what is built; it has tests of its own.
        play[0]["pre_tasks"] = play[0]["pre_tasks"][1:]
        play[0]["vars_files"] = [str(CHECKOUT / "playbooks" / name) for name in play[0]["vars_files"]]
        text = yaml.safe_dump(play).replace("tasks/renew.yml", str(CHECKOUT / "playbooks/tasks/renew.yml"))
        (self.state / "play.yml").write_text(text)
        self.aws.log.clear()
        with self.zoo.open():
            done = ansible_playbook(*HERE, self.state / "play.yml", extra=known | results | more, environ=self.aws.environ)
        report = self.state / "certificates/certificates.json"
        assert report.exists(), done.stdout
        return done.returncode, done.stdout, {row["name"]: row for row in json.loads(report.read_text())["certificates"]}

    def ingress(self) -> dict[str, Any]:
        return {
            "ingress_provider": "aws",
            "ingress_hostnames": [HOST],
            "ingress_cidrs": ["10.0.0.0/16"],
            "__ingress_acm": {"arn": self.partner, "not_after": ""},
            "__ingress_balancer": {"dns_name": "", "zone_id": "", "arn": ""},
        }


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[Environment]:
    lists = Lists()
    with aws.running(backends={"rds": lists.backend("rds", "DescribeCertificates", "DescribeDBInstances")}) as simulated, kube_api.running() as kube:
        zone = simulated.client("route53").create_hosted_zone(Name="example.com", CallerReference="1")["HostedZone"]["Id"]
        clock = simulated.clock
        client = Aws(Access(simulated.region, endpoint_url=simulated.url), clock=Clock(clock.monotonic, clock.sleep, clock.now))
        with pytest.MonkeyPatch.context() as patch:
            simulated.into(patch)
            arn = issued.ensure(client, issued_options.Request(HOST, (HOST,), place=Place(zone.rpartition("/")[2])), False).arn
        acm_backends[simulated.account_id][simulated.region].set_certificate_in_use_by(arn, "a load balancer")
        yield Environment(simulated, lists, Zoo(tmp_path), kube, tmp_path)


def test_what_an_environment_on_aws_has(environment: Environment) -> None:
    status, shown, rows = environment.run()
    assert (status, {re.sub(r":\d+.*| [0-9a-f-]{36}", "", name) for name in rows}) == (
        0,
        {HOST, f"acm {HOST}", "acm partner.example.com", "rds slipway-prod", "test kubeconfig cluster test", "prod kubeconfig cluster test"},
    ), shown
    assert {row["verdict"] for row in rows.values()} == {"ok"}, shown
    assert not environment.aws.writes
    assert environment.aws.counts == {"acm ListCertificates": 1, "rds DescribeCertificates": 1, "rds DescribeDBInstances": 1}


def test_renewal_on_aws_says_what_renews_itself_and_imports_the_rest(environment: Environment) -> None:
    new = environment.renewed()
    files = {"certificate_file": str(environment.state / "partner.crt"), "key_file": str(environment.state / "partner.key")}
    _, shown, rows = environment.run(renew=True, certificates_acm=[{"arn": environment.partner, **files}])
    assert re.search(rf"acm {HOST} [0-9a-f-]+: ACM by itself, nothing to do", " ".join(shown.split())), shown
    assert "what was imported into ACM: its owner, whose files are imported" in " ".join(shown.split())
    assert "gateway:" not in shown
    assert environment.aws.writes == {f"acm Certificate {environment.partner}": ["ImportCertificate"]}
    served = environment.acm.get_certificate(CertificateArn=environment.partner)["Certificate"]
    assert served.strip() == new.pem.decode().strip()
    assert not [line for line in new.key_pem.decode().splitlines()[1:-1] if line in shown]
    partner = next(row for name, row in rows.items() if name.startswith("acm partner"))
    assert partner["not_after"] == f"{new.x509.not_valid_after_utc:%Y-%m-%dT%H:%M:%SZ}"
    assert not environment.kube.writes()
