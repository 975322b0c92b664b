# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of the benchmark needs no registry: how it counts, what it makes, what it prints."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from promotion import images, report, watch
from promotion.store import blobs_of

DIGEST = "sha256:" + "0" * 64


@pytest.mark.parametrize(
    ("method", "url", "expected"),
    [
        ("GET", "/v2/", "ping"),
        ("HEAD", "/v2/a/manifests/v1", "HEAD tag"),
        ("GET", f"/v2/a/b/manifests/{DIGEST}", "GET manifest"),
        ("GET", f"/v2/a/manifests/{DIGEST.replace(':', '-')}.sig", "GET tag"),
        ("PUT", f"/v2/manifests/manifests/{DIGEST}", "PUT manifest"),
        ("HEAD", f"/v2/a/blobs/{DIGEST}", "HEAD blob"),
        ("POST", f"/v2/a/blobs/uploads/?mount={DIGEST}&from=b", "mount"),
        ("POST", "/v2/a/blobs/uploads/", "begin upload"),
        ("PATCH", "/v2/a/blobs/uploads/1?_state=x", "upload part"),
        ("PUT", f"/v2/a/blobs/uploads/1?_state=x&digest={DIGEST}", "end upload"),
        ("DELETE", "/v2/a/blobs/uploads/1", "cancel upload"),
        ("GET", "/v2/a/tags/list?n=1000", "tag list"),
        ("GET", f"/v2/a/referrers/{DIGEST}", "referrers"),
        ("GET", "/token?scope=x", "GET other"),
    ],
)
def test_kind(method: str, url: str, expected: str) -> None:
    assert report.kind(method, url) == expected


def entry(start: float, seconds: float, connection: int, status: int = 200, url: str = "/v2/") -> dict[str, Any]:
    return {"method": "GET", "url": url, "status": status, "connection": connection, "start": start, "seconds": seconds}


def test_account() -> None:
    log = [entry(0, 1, 1), entry(0.5, 1, 2), entry(1, 1, 1, 404, "/v2/a/manifests/v1")]
    account = report.Account.of(log)
    assert (account.requests, account.connections, account.at_once) == (3, 2, 2)
    assert account.words() == "2 ping, 1 GET tag (1 answered 404)"
    assert report.Account.of([]).requests == 0


def run(tool: str, delay_ms: int, requests: int, *seconds: float, **lost: int) -> report.Run:
    account = report.Account(requests, 1, 1, {"ping": requests}, {})
    return report.Run(tool, "cold", delay_ms, (account,) * len(seconds), seconds, lost)


def test_cell() -> None:
    assert report.cell([run("a", 40, 25, 0.3, 0.4, 9.0), run("a", 0, 25, 0.05)]) == "25 · 0.05 · 0.40"
    assert report.cell([run("a", 0, 25, 0.05), run("a", 40, 27, 0.3, blob=1)]) == "25-27 · 0.05 · 0.30 (incomplete)"
    assert report.cell([]) == "-"


def test_lost_words() -> None:
    assert run("a", 0, 1, 0.1, signature=3, tag=1).lost_words() == "3 signatures, 1 tag"


def test_goals_compare_with_those_that_lost_nothing() -> None:
    runs = [run("ours", 40, 25, 0.4), run("ours -32", 40, 1, 0.1), run("fast", 40, 4, 0.1, signature=3), run("other", 40, 24, 0.3)]
    fewest, promised, seconds = report.goals(runs, ["ours", "ours -32"], {"cold": 25}, {"cold": 0.5, "not measured": 1.0})
    assert (fewest.measured, fewest.bound, fewest.met) == (25, 24, False)
    assert (promised.measured, promised.bound, promised.met) == (25, 25, True)
    assert (seconds.measured, seconds.bound, seconds.met) == (0.4, 0.5, True)
    assert fewest.row() == ["cold: fewest of all", "25 requests", "24 requests", "MISSED"]


def test_table() -> None:
    assert report.table(["a", "b"], [["long", "x"]]) == "| a    | b |\n| ---- | - |\n| long | x |"


def test_image() -> None:
    image = images.make("seed")
    assert len(image.blobs) == 18
    assert len(image.manifests) == 3
    assert image == images.make("seed") != images.make("other")
    assert [child["digest"] for child in json.loads(image.root.body)["manifests"]] == [manifest.digest for manifest in image.manifests[:2]]
    assert set().union(*(blobs_of(manifest) for manifest in image.manifests[:2])) == set(image.blobs)
    assert all(images.digest(data) == name for name, data in image.blobs.items() if isinstance(data, bytes))


def test_signed_image() -> None:
    plain = images.make("seed", size=10)
    image = images.signed(plain)
    assert image.manifests == plain.manifests
    assert set(image.signatures) == {f"{manifest.digest.replace(':', '-')}.sig" for manifest in plain.manifests}
    sbom = next(manifest for manifest in image.attached if json.loads(manifest.body)["artifactType"] == images.SBOM)
    assert {subject: len(found) for subject, found in image.referrers.items()} == {
        **{manifest.digest: 1 for manifest in plain.manifests[:2]},
        plain.root.digest: 2,
        sbom.digest: 1,
    }
    for manifest in (*image.attached, *image.signatures.values()):
        assert blobs_of(manifest) <= set(image.blobs)


def test_large_image(tmp_path: Path) -> None:
    image = images.large(tmp_path, 3 << 20)
    assert (tmp_path / "layer").stat().st_size == 3 << 20
    assert blobs_of(image.root) == set(image.blobs)
    assert images.digest((tmp_path / "layer").read_bytes()) in image.blobs


def test_memory_of_a_process() -> None:
    assert watch.high_water("Name:\tx\nVmHWM:\t    2048 kB\nThreads:\t1\n") == 2 << 20
    assert watch.high_water("Name:\tx\nState:\tZ (zombie)\n") == 0
    assert watch.high_water(Path(f"/proc/{os.getpid()}/status").read_text()) > 1 << 20
