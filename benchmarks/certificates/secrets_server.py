# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An API server with many Secrets, in a process of its own, so that what it needs is not counted: secrets_server.py <folder> <how many>."""

from __future__ import annotations

import base64
import json
import sys
from datetime import UTC, datetime
from pathlib import Path

_CHECKOUT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(_CHECKOUT / "tests"), str(_CHECKOUT / "collections")]

from support import kube_api, pki  # noqa: E402  the path is set above


def main(folder: Path, count: int) -> None:
    ends = datetime.now(UTC) + 80 * pki.DAY
    middle = pki.authority("Bench Intermediate", pki.authority(), ends=ends + 100 * pki.DAY)
    with kube_api.running() as api:
        for number in range(count):
            issued = pki.issue(f"h{number}.test", middle, names=[f"h{number}.test"], ends=ends)
            data = {"tls.crt": issued.pem + middle.pem, "tls.key": issued.key_pem}
            namespace = f"team-{number % 100}"
            if number < 100:
                api.put(f"/api/v1/namespaces/{namespace}", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
            secret = {
                "apiVersion": "v1",
                "kind": "Secret",
                "type": "kubernetes.io/tls",
                "metadata": {"name": f"tls-{number}", "namespace": namespace},
                "data": {key: base64.b64encode(value).decode() for key, value in data.items()},
            }
            api.put(f"/api/v1/namespaces/{namespace}/secrets/tls-{number}", secret)
        print(json.dumps({"kubeconfig": str(api.kubeconfig(folder))}), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
