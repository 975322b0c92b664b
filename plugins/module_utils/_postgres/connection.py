# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cluster and the server behind a kubeconfig, as far as they exist: check mode may come before both.

SQL always runs in a pod of the cluster: a server in private subnets is out of the controller's reach, and one in the cluster, too. The two
differ in nothing but who logs in: the superuser in the server's own pod, or an administrator with a password out of Secrets Manager.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._aws.connection import Aws
from ansible_collections.slipway.platform.plugins.module_utils._aws.options import CONNECTION, access
from ansible_collections.slipway.platform.plugins.module_utils._aws.result import LATER
from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput, NotReady
from ansible_collections.slipway.platform.plugins.module_utils._k8s.client import Client
from ansible_collections.slipway.platform.plugins.module_utils._k8s.connect import connect
from ansible_collections.slipway.platform.plugins.module_utils._k8s.kinds import BUILT_IN
from ansible_collections.slipway.platform.plugins.module_utils._postgres.psql import InPod, Login, Pod, in_pod
from ansible_collections.slipway.platform.plugins.module_utils._secrets.model import NAMESPACE

# Where psql runs, and who logs in; documented in the fragments ``postgres_server`` and ``postgres_server.login``.
POD: dict[str, Any] = {
    "kubeconfig": {"type": "path", "required": True},
    "namespace": {"type": "str", "default": "postgres"},
    "pod": {"type": "str", "default": "postgres-0"},
}
ADMINISTRATOR: dict[str, Any] = {
    "host": {"type": "str", "required": True},
    "port": {"type": "int", "default": 5432},
    "secret_arn": {"type": "str", "required": True},
    "ca_file": {"type": "str", "required": True},
}
OPTIONS: dict[str, Any] = {
    **POD,
    "administrator": {"type": "dict", "options": ADMINISTRATOR},
    "store_namespace": {"type": "str", "default": NAMESPACE},
    **CONNECTION,
    "region": {"type": "str", "default": ""},
}


@dataclass(frozen=True)
class Way:
    """``login``: asked for when it is needed, since it costs a call; None while nobody knows where the server will be."""

    pod: Pod
    login: Callable[[], Login] | None = Login


def pod(params: dict[str, Any]) -> Pod:
    """From ``POD``. Its container has the name that the image of ``psql`` has there."""
    return Pod(Path(params["kubeconfig"]), params["namespace"], params["pod"])


def way(params: dict[str, Any]) -> Way:
    """From ``OPTIONS``."""
    given = params["administrator"]
    if given is None:
        return Way(pod(params))
    if LATER in (given["host"], given["secret_arn"]):
        return Way(pod(params), None)
    return Way(pod(params), lambda: administrator(given, Aws(access({**params, "region": _region(given["secret_arn"])}))))


def administrator(given: dict[str, Any], aws: Aws) -> Login:
    """Name and password out of Secrets Manager (Secrets Manager API, GetSecretValue), in the form that RDS and its rotation keep them."""
    text = aws.call("secretsmanager", "get_secret_value", SecretId=given["secret_arn"]).get("SecretString") or ""
    try:
        found = json.loads(text)
        user, password = found["username"], found["password"]
    except (ValueError, KeyError, TypeError):
        user = password = ""
    if not user or not isinstance(password, str) or not password or not password.isprintable():
        raise InvalidInput(f"the secret {given['secret_arn']} has no username and password as RDS keeps them; is it that of the master user?")
    return Login(user, password, given["host"], given["port"], given["ca_file"])


def reach(where: Way, dry_run: bool) -> tuple[Client | None, InPod | None]:
    """The cluster, and ``psql`` in the pod; in check mode None for what does not exist yet."""
    if dry_run and not where.pod.kubeconfig.exists():
        return None, None
    client = Client(connect(where.pod.kubeconfig))
    exists = client.get(BUILT_IN["", "v1", "Pod"], where.pod.namespace, where.pod.name) is not None
    if exists and where.login is not None:
        return client, in_pod(where.pod, where.login())
    if not dry_run:
        what = f"pod {where.pod.namespace}/{where.pod.name} does not exist" if not exists else "where the server is, is not known"
        raise NotReady(f"{what}; run the role postgres first", pod=where.pod.name)
    return client, None


def authority(path: Path, dry_run: bool) -> str:
    """The certificate authority (PEM); empty in check mode if it is not made yet."""
    if not path.is_file():
        if dry_run:
            return ""
        raise InvalidInput(f"the certificate authority {path} does not exist; services could not verify the server", ca_file=str(path))
    return path.read_text()


def _region(arn: str) -> str:
    """The secret's own, so that it can't be asked for in another."""
    parts = arn.split(":")
    if len(parts) < 7 or parts[2] != "secretsmanager":
        raise InvalidInput(f"administrator.secret_arn: {arn!r} is no ARN of a secret; write arn:aws:secretsmanager:<region>:<account>:secret:<name>")
    return parts[3]
