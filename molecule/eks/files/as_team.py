# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a command as somebody who has taken on a role: ``as_team.py <URL of AWS> <role> <program> <argument>...``."""

from __future__ import annotations

import os
import sys

import boto3


def main(url: str, role: str, argv: list[str]) -> None:
    client = boto3.client("sts", endpoint_url=url, region_name="eu-central-1")
    account = client.get_caller_identity()["Account"]
    keys = client.assume_role(RoleArn=f"arn:aws:iam::{account}:role/{role}", RoleSessionName="ada")["Credentials"]
    names = {"AWS_ACCESS_KEY_ID": "AccessKeyId", "AWS_SECRET_ACCESS_KEY": "SecretAccessKey", "AWS_SESSION_TOKEN": "SessionToken"}
    os.environ |= {name: keys[key] for name, key in names.items()}
    os.execvp(argv[0], argv)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
