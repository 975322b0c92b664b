# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the account, the region and the cluster that would be touched are those that the inventory means."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml
from ansible_collections.slipway.platform.plugins.module_utils._aws.connection import Aws
from ansible_collections.slipway.platform.plugins.module_utils._aws.tags import OURS
from ansible_collections.slipway.platform.plugins.module_utils._document.suggest import did_you_mean
from ansible_collections.slipway.platform.plugins.module_utils._errors import SlipwayError

CLUSTER_TAG = f"{OURS}cluster"
"""Every cluster of ours has its own name under this key: one without is somebody else's."""


@dataclass(frozen=True)
class Meant:
    """What an inventory says. ``cluster`` may not exist yet, and be "" where none is meant; ``kubeconfig`` is that of an earlier run, if there was one."""

    environment: str
    account_id: str
    cluster: str = ""
    kubeconfig: Path | None = None


def findings(aws: Aws, meant: Meant) -> list[str]:
    """What is another than meant, or can't be known, one text each. Two calls at most, neither of which changes anything."""
    try:
        caller = aws.call("sts", "get_caller_identity")
        if caller["Account"] != meant.account_id:
            return [
                f"the credentials here are of AWS account {caller['Account']} ({caller['Arn']}), and inventories/{meant.environment} means account "
                f"{meant.account_id}: choose others with aws_profile or AWS's environment variables, or correct aws_account_id"
            ]
        return list(_of_cluster(aws, meant)) if meant.cluster else []
    except SlipwayError as error:
        return [error.message + _unknown_region(aws)]


def _unknown_region(aws: Aws) -> str:
    """A region that botocore does not know may be new, so it is only told once AWS could not be asked."""
    if aws.region in aws.known_regions:
        return ""
    return f"; and botocore here knows no region {aws.region!r}: {did_you_mean(aws.region, aws.known_regions)}"


def _of_cluster(aws: Aws, meant: Meant) -> Iterator[str]:
    found = aws.find("eks", "describe_cluster", name=meant.cluster)
    where = f"{meant.cluster} in {aws.region} of account {meant.account_id}"
    server = _server(meant.kubeconfig)
    if found is None:
        if server:
            yield (
                f"{meant.kubeconfig} is of a cluster at {server}, and there is no cluster {where}: correct aws_region and eks_name, "
                f"or remove that file if the cluster is gone for good"
            )
        return
    cluster = found["cluster"]
    if (cluster.get("tags") or {}).get(CLUSTER_TAG) != meant.cluster:
        yield f"cluster {where} was not made by this project (it has no tag {CLUSTER_TAG}={meant.cluster}): choose another eks_name, or give it that tag"
    if server and cluster.get("endpoint") and server != cluster["endpoint"]:
        yield f"{meant.kubeconfig} is of a cluster at {server}, and {where} is at {cluster['endpoint']}: remove that file, it is written anew"


def _server(kubeconfig: Path | None) -> str:
    """The API server that a kubeconfig names first; "" if there is none."""
    if kubeconfig is None or not kubeconfig.exists():
        return ""
    try:
        return str(yaml.safe_load(kubeconfig.read_text())["clusters"][0]["cluster"]["server"])
    except (OSError, yaml.YAMLError, LookupError, TypeError):
        return "an unknown place (it can't be read)"
