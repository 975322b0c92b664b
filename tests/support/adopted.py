# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A simulated AWS whose EKS has taken over a Kubernetes API server of this process."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from support import aws as simulated
from support import kube_api
from support.aws import Aws
from support.eks import Account
from support.kube_api import KubeApi

from simulator.world import eks

Object = dict[str, Any]


class Rehearsed:
    """``reports``: what was said to whoever runs it. The cluster's name is one, and it is ACTIVE."""

    def __init__(self, aws: Aws, api: KubeApi, folder: Path) -> None:
        self.aws, self.api = aws, api
        self.reports: list[str] = []
        self.adopted = eks.Adopted(aws.simulator, api.kubeconfig(folder))
        aws.simulator.backends["eks"] = eks.backend(self.adopted)
        self.account = Account(aws)
        self.account.cluster(**self.account.auto())

    def report(self, text: str) -> None:
        if text not in self.reports:
            self.reports.append(text)

    def role(self, name: str, *statements: Object, service: str = "pods.eks.amazonaws.com") -> str:
        """A role with these statements as its policy; its ARN."""
        arn = self.account.role_for(name, service)
        document = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
        self.aws.client("iam").put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=document)
        return arn

    def associate(self, role: str, namespace: str = "external-secrets", account: str = "external-secrets", **more: Any) -> str:
        made = self.account.eks.create_pod_identity_association(clusterName="one", namespace=namespace, serviceAccount=account, roleArn=role, **more)
        return str(made["association"]["associationId"])

    def namespace(self, name: str, **labels: str) -> None:
        self.api.put(f"/api/v1/namespaces/{name}", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}})

    def events(self, kind: str = "") -> list[str]:
        """Their texts, in the order in which they came."""
        found = [each for path, each in self.api.objects.items() if "/events/" in path]
        return [each["message"] for each in found if kind in ("", each["type"])]


@contextmanager
def rehearsed(folder: Path) -> Iterator[Rehearsed]:
    with simulated.running() as aws, kube_api.running() as api:
        yield Rehearsed(aws, api, folder)
