# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The access key of whoever works with the simulated AWS: made once, and known to nobody else."""

from __future__ import annotations

import configparser
import secrets
import string
from pathlib import Path

from ansible_collections.slipway.platform.plugins.module_utils import _files
from moto.iam.models import iam_backends

from simulator.application import Simulator
from simulator.corrections.sts import USER


def ensure(file: Path) -> dict[str, str]:
    """Secrets by id, out of a file as AWS's tools read it (AWS_SHARED_CREDENTIALS_FILE)."""
    found = configparser.ConfigParser(interpolation=None)
    if file.exists():
        found.read(file)
    if not found.has_option("default", "aws_secret_access_key"):
        # As long as AWS's, and recognizably of nobody.
        name = "AKIASIMULATED" + "".join(secrets.choice(string.ascii_uppercase + "234567") for _ in range(7))
        secret = secrets.token_urlsafe(30)
        _files.write(file, f"[default]\naws_access_key_id = {name}\naws_secret_access_key = {secret}\n".encode(), 0o600)
        return {name: secret}
    return {found["default"]["aws_access_key_id"]: found["default"]["aws_secret_access_key"]}


def introduce(simulator: Simulator) -> None:
    """Have them in IAM, where whoever gives them rights looks for them."""
    with simulator.lock:
        iam_backends[simulator.world.account_id]["aws"].create_user(region_name="us-east-1", user_name=USER)
