# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Restart the gateway's Deployment while clients ask all the time; no request may fail. Arguments: URL, CA file, kubeconfig."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

from ansible_collections.slipway.platform.plugins.module_utils._verify.load import Load
from ansible_collections.slipway.platform.plugins.module_utils._verify.run import connect
from ansible_collections.slipway.platform.plugins.module_utils._verify.subject import DEPLOYMENT, POD


def main(url: str, ca_file: str, kubeconfig: str) -> None:
    cluster = connect(Path(kubeconfig))
    before = {pod["metadata"]["uid"] for pod in cluster.client.find(POD, "ingress")}
    stamp = {"kubectl.kubernetes.io/restartedAt": datetime.now(UTC).isoformat()}  # what kubectl rollout restart does
    with Load(url, Path(ca_file)) as client:
        cluster.sleep(1)
        cluster.client.merge(DEPLOYMENT, "ingress", "gateway", {"spec": {"template": {"metadata": {"annotations": stamp}}}})
        waited = cluster.wait(lambda: not before & {pod["metadata"]["uid"] for pod in cluster.client.find(POD, "ingress")}, 120, 0.5)
        assert waited is not None, "the old pods did not go within 120 s"
        cluster.sleep(1)
    counts = client.counts()
    print(f"{counts.requests} requests in {waited:.0f} s, {counts.errors} failed {counts.examples}")
    assert counts.requests > 100
    assert counts.errors == 0


if __name__ == "__main__":
    main(*sys.argv[1:4])
