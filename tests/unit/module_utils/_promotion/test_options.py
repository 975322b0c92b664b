# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput
from ansible_collections.slipway.platform.plugins.module_utils._oci.access import Access
from ansible_collections.slipway.platform.plugins.module_utils._promotion.options import request
from support import images
from support.actions import run
from support.registry import FakeRegistry, Fault, serve

SECRET = "planted-secret-value"
DIGEST = "sha256:" + "1" * 64
GOOD: dict[str, Any] = {"source": "r.test/dev/app:v1-rc.1", "destination": "r.test/prod/app", "tags": ["v1"]}
DEFAULTS: dict[str, Any] = {
    "referrers": "carry",
    "immutable": True,
    "moving_tags": [],
    "ca_file": None,
    "auth_file": None,
    "aws_profile": "",
    "credentials": [],
    "plain_http": [],
    "concurrency": 16,
    "request_timeout": 30,
    "deadline": 1800,
}


def parse(tmp_path: Path, *entries: dict[str, Any], **more: Any) -> Any:
    params = {**DEFAULTS, "images": [GOOD | entry for entry in entries], **more}
    return request(params, Access.from_params(params, {}, tmp_path), False)


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ({"source": "r.test/dev/app"}, r"entry 1: source .* neither tag nor digest"),
        ({"source": "dev/app:v1"}, "write the registry before the repository"),
        ({"source": "r.test/Dev/app:v1"}, "lower case only"),
        ({"source": "https://r.test/dev/app:v1"}, "without the scheme"),
        ({"source": "r.test/dev/app@sha256:12"}, "64 hex digits"),
        ({"destination": f"r.test/prod/app@{DIGEST}"}, "the digest is the source's"),
        ({"tags": []}, "has no tag"),
        ({"tags": ["1.0.0+build"]}, "'\\+' is written '_'"),
    ],
)
def test_what_is_wrong_with_an_image_is_said_with_its_place(tmp_path: Path, entry: dict[str, Any], says: str) -> None:
    with pytest.raises(InvalidInput, match=says) as caught:
        parse(tmp_path, entry)
    assert "images, entry 1" in caught.value.message


def test_what_is_wrong_together_is_said(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="nothing would be promoted"):
        parse(tmp_path)
    with pytest.raises(InvalidInput, match=r"entries 1 and 2: both set r\.test/prod/app:v1"):
        parse(tmp_path, {}, {"source": "r.test/dev/other:v1"})
    with pytest.raises(InvalidInput, match="its source is what entry 1 sets"):
        parse(tmp_path, {}, {"source": "r.test/prod/app:v1", "destination": "r.test/live/app"})
    with pytest.raises(InvalidInput, match="concurrency is 0"):
        parse(tmp_path, {}, concurrency=0)
    with pytest.raises(InvalidInput, match="is not a file"):
        parse(tmp_path, {}, ca_file=str(tmp_path / "none"))


def test_tags_of_both_places_are_set_once(tmp_path: Path) -> None:
    asked = parse(tmp_path, {"destination": "r.test/prod/app:v1", "tags": ["v1", "1"]})
    assert (str(asked.images[0].destination), asked.images[0].tags) == ("r.test/prod/app", ("v1", "1"))


def test_explicit_credentials_win_over_files(tmp_path: Path) -> None:
    (tmp_path / ".docker").mkdir()
    (tmp_path / ".docker" / "config.json").write_text(
        json.dumps({"auths": {"r.test": {"username": "file", "password": "x"}, "other.test": {"username": "file"}}})
    )
    given = [{"registry": "r.test", "username": "given", "password": SECRET}]
    keychain = parse(tmp_path, {}, credentials=given).access.keychain
    found = [keychain.find(host) for host in ("r.test", "other.test")]
    assert [one.username for one in found if one] == ["given", "file"]
    assert SECRET not in repr(keychain)


def test_the_module_says_which_image_failed_and_what_the_others_did(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    with serve(FakeRegistry(users={"u": SECRET}, auth="basic")) as fake:
        digest = images.image(fake, tag="rc")
        entries = [{"source": f"{fake.host}/app:{tag}", "destination": f"{fake.host}/prod/{tag}", "tags": ["v1"]} for tag in ("rc", "none")]
        given = [{"registry": fake.host, "username": "u", "password": SECRET}]
        answer = run("image_promote", images=entries, plain_http=[fake.host], credentials=given)
        assert answer["failed"]
        assert answer["changed"]
        assert "1 of 2 images" in answer["msg"]
        assert [(one["state"], one["reason"]) for one in answer["images"]] == [("changed", ""), ("failed", "not_found")]
        assert SECRET not in json.dumps(answer)
        answer = run("image_promote", images=entries[:1], plain_http=[fake.host], credentials=given)
        assert (answer["changed"], answer["images"][0]["digest"]) == (False, digest)
        assert "diff" in answer


def test_image_info(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    with serve() as fake:
        digest = images.image(fake, tag="rc")
        sbom = images.refer(fake, "app", digest)
        fake.faults.append(Fault("GET", "/manifests/secret", 403))
        names = [f"{fake.host}/app:rc", f"{fake.host}/app:none", f"{fake.host}/app:secret", f"{fake.host}/app"]
        answer = run("image_info", images=names, tags=True, plain_http=[fake.host])
        found, absent, refused, listed = answer["images"]
        assert not answer["changed"]
        assert [one["state"] for one in answer["images"]] == ["found", "absent", "unknown", "found"]
        assert (found["digest"], refused["reason"], absent["reason"]) == (digest, "forbidden", "not_found")
        assert [one["digest"] for one in found["referrers"]] == [sbom]
        assert found["platforms"][0]["labels"] == {"name": "app-amd64"}
        assert (found["platforms"][0]["platform"], found["platforms"][0]["created"]) == ("linux/amd64", "2026-01-02T03:04:05Z")
        assert found["size"] > sum(one["size"] for one in found["platforms"])
        assert "rc" in listed["tags"]
        failed = run("image_info", images=[f"{fake.host}/app"], plain_http=[fake.host])
        assert "neither tag nor digest" in failed["msg"]
