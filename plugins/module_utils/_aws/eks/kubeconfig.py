# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A kubeconfig that holds no secret: it runs a small program beside it, which makes a token from the credentials of whoever uses it."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from ansible_collections.slipway.platform.plugins.module_utils._aws.connection import Aws
from ansible_collections.slipway.platform.plugins.module_utils._aws.eks import inside, token
from ansible_collections.slipway.platform.plugins.module_utils._aws.eks.cluster import find
from ansible_collections.slipway.platform.plugins.module_utils._aws.result import LATER, Converged
from ansible_collections.slipway.platform.plugins.module_utils._errors import NotReady
from ansible_collections.slipway.platform.plugins.module_utils._files import make_private_folder, write

_MODES = {"kubeconfig": 0o600, "program": 0o700}


@dataclass(frozen=True)
class Result(Converged):
    """``path``: of the kubeconfig; ``context``: its one context; ``endpoint``: of the cluster."""

    path: str = ""
    context: str = ""
    endpoint: str = ""


def task(aws: Aws, params: Mapping[str, Any], check_mode: bool) -> Result:
    """``params``: as options.KUBECONFIG has them."""
    path, cluster = Path(params["path"]).absolute(), params["cluster"]
    endpoint, authority = params["endpoint"], params["certificate_authority"]
    if not (endpoint and authority):
        endpoint, authority = _reached_by(aws, cluster, check_mode)
    context = params["context"] or cluster
    files = {
        path: (_MODES["kubeconfig"], content(aws, params, path, endpoint or LATER, authority, context)),
        program_of(path): (_MODES["program"], Path(token.__file__).read_text()),
    }
    before = {str(each): state for each in files if (state := _state(each))}
    after = {str(each): {"mode": f"{mode:04o}", "content": _shown(each, text)} for each, (mode, text) in files.items()}
    if not check_mode and before != after:
        make_private_folder(path.parent)
        for each, (mode, text) in files.items():
            write(each, text, mode)
    done = tuple(f"write {each}" for each in after if before.get(each) != after[each])
    return Result(before, after, done, str(path), context, endpoint or LATER)


def _reached_by(aws: Aws, cluster: str, check_mode: bool) -> tuple[str, str]:
    """Its address, and its authority as base64; check mode takes what is not there yet as known later."""
    found = find(aws, cluster)
    if not found and not check_mode:
        raise inside.no_cluster(aws, cluster)
    endpoint = (found or {}).get("endpoint") or ""
    if not endpoint and not check_mode:
        raise NotReady(f"cluster {cluster} in {aws.region} is {(found or {}).get('status')} and has no endpoint yet; run again when it is ACTIVE")
    return endpoint, ((found or {}).get("certificateAuthority") or {}).get("data") or LATER


def program_of(kubeconfig: Path) -> Path:
    return kubeconfig.with_name(f"{kubeconfig.name}.token.py")


def content(aws: Aws, params: Mapping[str, Any], path: Path, endpoint: str, authority: str, context: str) -> str:
    """The kubeconfig (client.authentication.k8s.io/v1: Kubernetes 1.22 and later)."""
    arguments = [str(program_of(path)), "--cluster", params["cluster"], "--region", aws.region]
    for flag, value in (("--profile", aws.access.profile), ("--role-arn", params["role_arn"]), ("--endpoint-url", aws.access.endpoint("sts"))):
        arguments += [flag, value] if value else []
    program = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": sys.executable,
        "args": arguments,
        "interactiveMode": "Never",
        "provideClusterInfo": False,
    }
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": context, "cluster": {"server": endpoint, "certificate-authority-data": authority}}],
        "users": [{"name": context, "user": {"exec": program}}],
        "contexts": [{"name": context, "context": {"cluster": context, "user": context}}],
        "current-context": context,
    }
    return yaml.safe_dump(json.loads(json.dumps(config)), sort_keys=False)  # a playbook's texts are of classes that YAML does not know


def _state(path: Path) -> dict[str, str]:
    try:
        return {"mode": f"{path.stat().st_mode & 0o777:04o}", "content": _shown(path, path.read_text())}
    except FileNotFoundError:
        return {}


def _shown(path: Path, text: str) -> str:
    """A kubeconfig such as ours as it is; of the program only whether it is ours, and nothing of what may hold a key or a token."""
    if path.suffix == ".py":
        return "the program that makes tokens" if text == Path(token.__file__).read_text() else "another program"
    try:
        users = yaml.safe_load(text)["users"]
        ours = all(set(each["user"]) == {"exec"} and "env" not in each["user"]["exec"] for each in users)
    except (yaml.YAMLError, KeyError, TypeError):
        ours = False
    return text if ours else "another kubeconfig"
