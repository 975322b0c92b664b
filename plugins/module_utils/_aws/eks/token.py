#!/usr/bin/env python3
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A token for an EKS cluster: a GetCallerIdentity request to STS, signed for one minute, that names the cluster (as ``aws eks get-token`` makes it).

A program of its own, too, of the standard library and botocore: a copy of it lies beside each kubeconfig, which runs it when a token is needed.
Credentials are those that botocore finds; nothing is kept, and the token is only ever written to the standard output.
Sources: KEP-541 and client.authentication.k8s.io/v1 (ExecCredential); aws-iam-authenticator, "API Authorization from Outside a Cluster".
"""

from __future__ import annotations

import argparse
import base64
import importlib
import json
import os
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

_PREFIX, _HEADER = "k8s-aws-v1.", "x-k8s-aws-id"
_SIGNED_FOR = 60  # seconds; the API server takes the URL for 15 minutes all the same
_USED_FOR = timedelta(minutes=14)
_API = "client.authentication.k8s.io/"


def token(session: Any, cluster: str, region: str, endpoint_url: str | None = None) -> str:
    """``session``: botocore's."""
    sts = session.create_client("sts", region_name=region, endpoint_url=endpoint_url)
    sts.meta.events.register("before-sign.sts.GetCallerIdentity", lambda request, **_: request.headers.add_header(_HEADER, cluster))
    url = sts.generate_presigned_url("get_caller_identity", ExpiresIn=_SIGNED_FOR, HttpMethod="GET")
    return _PREFIX + base64.urlsafe_b64encode(url.encode()).decode().rstrip("=")


def credential(value: str, now: datetime, exec_info: str = "") -> dict[str, Any]:
    """The ExecCredential; ``exec_info``: KUBERNETES_EXEC_INFO, whose version is answered in."""
    try:
        asked = str(json.loads(exec_info)["apiVersion"])
    except (ValueError, KeyError, TypeError):
        asked = ""
    until = (now + _USED_FOR).strftime("%Y-%m-%dT%H:%M:%SZ")
    version = asked if asked in (f"{_API}v1", f"{_API}v1beta1") else f"{_API}v1"
    return {"apiVersion": version, "kind": "ExecCredential", "spec": {}, "status": {"expirationTimestamp": until, "token": value}}


def assumed(session: Any, role: str, region: str, endpoint_url: str | None) -> Any:
    """A session that has the role's credentials."""
    sts = session.create_client("sts", region_name=region, endpoint_url=endpoint_url)
    found = sts.assume_role(RoleArn=role, RoleSessionName="slipway")["Credentials"]
    fresh = importlib.import_module("botocore.session").get_session()
    fresh.set_credentials(found["AccessKeyId"], found["SecretAccessKey"], found["SessionToken"])
    return fresh


def main() -> None:
    parser = argparse.ArgumentParser(description="Write an ExecCredential for an EKS cluster.")
    parser.add_argument("--cluster", required=True)
    parser.add_argument("--region", required=True)
    parser.add_argument("--profile")
    parser.add_argument("--role-arn")
    parser.add_argument("--endpoint-url")
    given = parser.parse_args()
    try:
        session = importlib.import_module("botocore.session").Session(profile=given.profile or None)
        if given.role_arn:
            session = assumed(session, given.role_arn, given.region, given.endpoint_url)
        made = token(session, given.cluster, given.region, given.endpoint_url)
    except Exception as error:
        # Its text may hold what a credential provider printed.
        code = (getattr(error, "response", None) or {}).get("Error", {}).get("Code", "")
        sys.exit(f"no token for EKS cluster {given.cluster} in {given.region}: {code or type(error).__name__}; look at AWS's credentials here")
    json.dump(credential(made, datetime.now(UTC), os.environ.get("KUBERNETES_EXEC_INFO", "")), sys.stdout)


if __name__ == "__main__":
    main()
