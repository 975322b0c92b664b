# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compares a secret in Secrets Manager with its copy in the cluster, or gives it another value; shows none of them.

ask.py URL REGION same KUBECTL...
ask.py URL REGION rotate
"""

from __future__ import annotations

import base64
import json
import secrets
import subprocess
import sys

import boto3
from botocore.config import Config

NAME = "slipway/molecule/orders-session"


def main(url: str, region: str, what: str, *kubectl: str) -> None:
    manager = boto3.client("secretsmanager", region_name=region, endpoint_url=url, config=Config(proxies={}))
    if what == "rotate":
        manager.put_secret_value(SecretId=NAME, SecretString=json.dumps({"value": secrets.token_hex(16)}))
        return
    argv = [*kubectl, "get", "secret", "--namespace=secrets-aws-verify", "--selector=slipway.platform/service", "--output=json"]
    items = json.loads(subprocess.run(argv, check=True, capture_output=True, timeout=30).stdout)["items"]
    copies = {item["metadata"]["name"]: item["data"] for item in items}
    if sorted(copies) != ["orders-session"]:
        sys.exit(f"expected a copy of orders-session and nothing else, got {', '.join(sorted(copies)) or 'nothing'}")
    truth = json.loads(manager.get_secret_value(SecretId=NAME)["SecretString"])
    if {key: base64.b64decode(value).decode() for key, value in copies["orders-session"].items()} != truth:
        sys.exit("the copy is not the secret")


if __name__ == "__main__":
    main(*sys.argv[1:])
