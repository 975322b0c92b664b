# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compares secrets of the store with their copies, and shows none of them.

ask.py KUBECTL KUBECONFIG
"""

from __future__ import annotations

import base64
import json
import string
import subprocess
import sys
from typing import Any


def main(kubectl: str, kubeconfig: str) -> None:
    def get(namespace: str) -> dict[str, dict[str, Any]]:
        argv = [kubectl, f"--kubeconfig={kubeconfig}", "get", "secret", "-n", namespace, "-l", "app.kubernetes.io/managed-by=slipway", "-o", "json"]
        items = json.loads(subprocess.run(argv, check=True, capture_output=True, timeout=30).stdout)["items"]
        return {item["metadata"]["name"]: item for item in items}

    def entry(item: dict[str, Any], key: str) -> str:
        return base64.b64decode(item["data"][key]).decode()

    store, copies = get("slipway-secrets"), get("secrets-verify")
    expect("the copy is the secret", entry(copies["tasks-session"], "value") == entry(store["tasks-session"], "value"))
    expect("a generated value has 32 letters and digits", fits(entry(store["tasks-session"], "value"), 32, string.ascii_letters + string.digits))
    expect("length and alphabet are as asked for", fits(entry(store["tasks-signing"], "id"), 16, "0123456789abcdef"))
    expect("a plain value is kept", entry(store["tasks-signing"], "algorithm") == "HS256")
    expect("the copy has the version of the secret", version(copies["tasks-session"]) == version(store["tasks-session"]))
    expect("what nobody asked for is not delivered", sorted(copies) == ["tasks-session"])


def version(item: dict[str, Any]) -> str:
    return str(item["metadata"]["annotations"]["slipway.platform/secret-version"])


def fits(value: str, length: int, alphabet: str) -> bool:
    return len(value) == length and set(value) <= set(alphabet)


def expect(what: str, true: bool) -> None:
    if not true:
        sys.exit(f"not true: {what}")


if __name__ == "__main__":
    main(*sys.argv[1:])
