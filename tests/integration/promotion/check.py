# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Promotion against real registries: CNCF distribution (docker-registry) with TLS and a password, twice, and that of go-containerregistry, which has
the referrers API and neither TLS nor mounts, on free ports of this machine.

    python tests/integration/promotion/check.py [folder]

Starts them in a folder of its own, pushes an index of two platforms with referrers and cosign's tags, promotes it within one registry, to each of
the others and back, and compares every manifest, blob and referrer by digest. Needs the programs docker-registry (2.8), htpasswd and go, and ends
with status 0 and one line for each promise.
"""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
sys.path[:0] = [str(ROOT / "collections"), str(ROOT / "tests"), str(ROOT / "benchmarks")]

from ansible_collections.slipway.platform.plugins.module_utils._oci.access import Access  # noqa: E402
from ansible_collections.slipway.platform.plugins.module_utils._oci.credentials import Credential, Keychain, config_json  # noqa: E402
from ansible_collections.slipway.platform.plugins.module_utils._oci.reference import Digest, Reference  # noqa: E402
from ansible_collections.slipway.platform.plugins.module_utils._oci.registry import Registry  # noqa: E402
from ansible_collections.slipway.platform.plugins.module_utils._promotion.model import Image, Promoted, Request  # noqa: E402
from ansible_collections.slipway.platform.plugins.module_utils._promotion.promote import promote  # noqa: E402
from ansible_collections.slipway.platform.plugins.module_utils._tls.authority import ensure  # noqa: E402
from ansible_collections.slipway.platform.plugins.module_utils._tls.wanted import Request as Certificates  # noqa: E402
from promotion import tools  # noqa: E402
from support import images  # noqa: E402
from support.registry import FakeRegistry  # noqa: E402

USER, PASSWORD = "promoter", "only-for-this-test"


@contextmanager
def registry(folder: Path, name: str) -> Iterator[str]:
    """A docker-registry with TLS and a password; yields host:port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{probe.getsockname()[1]}"
    configuration = {
        "version": 0.1,
        "log": {"level": "error", "accesslog": {"disabled": True}},
        "storage": {"filesystem": {"rootdirectory": str(folder / name)}},
        "http": {"addr": host, "secret": "x", "relativeurls": True, "tls": {"certificate": f"{folder}/tls/registry.crt", "key": f"{folder}/tls/registry.key"}},
        "auth": {"htpasswd": {"realm": "test", "path": f"{folder}/htpasswd"}},
    }
    (folder / f"{name}.yml").write_text(json.dumps(configuration))
    with (folder / f"{name}.log").open("w") as log, subprocess.Popen(["docker-registry", "serve", f"{folder}/{name}.yml"], stdout=log, stderr=log) as process:
        try:
            for _ in range(100):
                with socket.socket() as tried:
                    if tried.connect_ex(("127.0.0.1", int(host.partition(":")[2]))) == 0:
                        break
                time.sleep(0.05)
            yield host
        finally:
            process.terminate()


@contextmanager
def registry_with_referrers() -> Iterator[str]:
    """The registry of go-containerregistry without TLS or a password; yields host:port."""
    with subprocess.Popen([str(tools.build()["referrers"])], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield f"localhost:{process.stdout.readline().strip()}"
        finally:
            process.terminate()


def get(host: str, folder: Path, path: str) -> tuple[int, bytes]:
    """Ask from outside, with nothing of what is tested."""
    connection = http.client.HTTPConnection(host, timeout=30)
    if not host.startswith("localhost"):
        context = ssl.create_default_context(cafile=str(folder / "tls" / "ca.crt"))
        connection = http.client.HTTPSConnection(host, context=context, timeout=30)
    basic = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    connection.request("GET", f"/v2/{path}", headers={"Authorization": f"Basic {basic}", "Accept": f"{images.INDEX}, {images.MANIFEST}"})
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, body


def compare(folder: Path, host: str, repository: str, digest: str) -> int:
    """Every manifest and blob below a digest has the bytes that its digest names; how many there are."""
    status, body = get(host, folder, f"{repository}/manifests/{digest}")
    assert (status, f"sha256:{hashlib.sha256(body).hexdigest()}") == (200, digest), (repository, digest, status)
    value = json.loads(body)
    count = 1
    for child in value.get("manifests", []):
        count += compare(folder, host, repository, child["digest"])
    for blob in [value["config"], *value["layers"]] if "config" in value else []:
        status, body = get(host, folder, f"{repository}/blobs/{blob['digest']}")
        assert (status, f"sha256:{hashlib.sha256(body).hexdigest()}", len(body)) == (200, blob["digest"], blob["size"]), blob
        count += 1
    return count


def listed(folder: Path, host: str, repository: str, subject: str) -> list[str]:
    """What a client finds under a subject: by the API where there is one, else by the tag."""
    status, body = get(host, folder, f"{repository}/referrers/{subject}")
    if status == 404:
        body = get(host, folder, f"{repository}/manifests/{subject.replace(':', '-')}")[1]
    return [entry["digest"] for entry in json.loads(body)["manifests"]]


def push(fake: FakeRegistry, real: Registry, repository: str) -> None:
    """Put the content of a fake registry into a real one, as it is."""
    for (_, digest), data in fake.blobs.items():
        real.upload_blob(repository, Digest.parse(digest), data)
    for (_, digest), (media_type, body) in fake.manifests.items():
        real.put_manifest(repository, digest, body, media_type)
    for (_, tag), digest in fake.tagged.items():
        media_type, body = fake.manifests[repository, digest]
        real.put_manifest(repository, tag, body, media_type)


def check(folder: Path) -> None:
    ensure(Certificates.from_params(_certificates(folder)))
    subprocess.run(["htpasswd", "-Bbc", str(folder / "htpasswd"), USER, PASSWORD], check=True, capture_output=True)
    fake = FakeRegistry()
    digest = images.image(fake, tag="v1.0.0-rc.1", size=65_536)
    child = json.loads(fake.manifests["app", digest][1])["manifests"][1]["digest"]
    sbom, signature = images.refer(fake, "app", digest), images.refer(fake, "app", child, "signature")
    nested = images.refer(fake, "app", sbom, "signature")
    cosign = [images.cosign(fake, "app", digest), images.cosign(fake, "app", child, "att", ("attested",))]
    with registry(folder, "one") as one, registry(folder, "two") as two, registry_with_referrers() as three:
        auth_file = folder / "auth.json"
        auth_file.write_text(config_json({host: Credential(USER, PASSWORD) for host in (one, two)}))
        access = Access(folder / "tls" / "ca.crt", Keychain.from_file(auth_file), plain_http=frozenset({three}))
        with Registry.connect(one, access.ca_file, auth_file) as real:
            push(fake, real, "app")

        def run(host: str, where: str, *tags: str, source: str = f"{one}/app:v1.0.0-rc.1", **more: Any) -> Promoted:
            image = Image(Reference.parse(source), Reference.parse(f"{host}/{where}"), tags)
            started = time.monotonic()
            result = promote(Request((image,), access, **more)).images[0]
            print(f"{where} {tags}: {result.state} in {result.requests} requests, {time.monotonic() - started:.2f} s {result.msg}")
            return result

        def check_one(host: str, where: str, source: str) -> None:
            planned = run(host, where, "v1.0.0", source=source, check_mode=True)
            assert planned.state == "changed"
            assert get(host, folder, f"{where}/tags/list")[0] == 404, "check mode writes nothing"
            done = run(host, where, "v1.0.0", source=source)
            assert (done.state, len(done.referrers)) == ("changed", 5), done
            assert get(host, folder, f"{where}/manifests/v1.0.0")[1] == fake.manifests["app", digest][1]
            count = sum(compare(folder, host, where, name) for name in (digest, sbom, signature, nested, *cosign))
            for subject, referring in ((digest, sbom), (child, signature), (sbom, nested)):
                assert listed(folder, host, where, subject) == [referring]
            for subject, suffix, name in ((digest, "sig", cosign[0]), (child, "att", cosign[1])):
                assert get(host, folder, f"{where}/manifests/{subject.replace(':', '-')}.{suffix}")[1] == fake.manifests["app", name][1]
            again = run(host, where, "v1.0.0", source=source)
            asking = {name for name in (source.partition("/")[0], host) if name != three}
            assert (again.state, again.requests - len(asking)) == ("unchanged", 2), "two, and one for each registry that asks who we are"
            print(f"  {count} manifests and blobs compared by digest")

        for host, where, source in (
            (one, "prod/app", f"{one}/app:v1.0.0-rc.1"),
            (two, "copied/app", f"{one}/app:v1.0.0-rc.1"),
            (three, "listed/app", f"{one}/app:v1.0.0-rc.1"),
            # Not within the third: it takes no blob over, and serves none to anybody while it is sent one.
            (two, "back/app", f"{three}/listed/app:v1.0.0"),
        ):
            check_one(host, where, source)
        assert run(one, "bare/app", "v1", referrers="ignore").requests - 1 <= 27
        assert run(one, "bare/app", "v2", referrers="ignore").requests - 1 <= 10
        assert run(one, "app", "v1.0.0").requests - 1 <= 4
        other = images.manifest(fake, "app", "other", "v1.0.0-rc.1", layers=1)
        with Registry.connect(one, access.ca_file, auth_file) as real:
            push(fake, real, "app")
        refused = run(one, "prod/app", "v1.0.0")
        assert (refused.reason, refused.digest) == ("tag_conflict", other)
        assert run(one, "prod/app", "v1.0.0", moving_tags=frozenset({"v1.0.0"})).state == "changed"


def _certificates(folder: Path) -> dict[str, Any]:
    certificate = {"name": "registry", "dns": ["localhost"], "ip": ["127.0.0.1"], "days": 2, "usages": ["server"]}
    return {"path": str(folder / "tls"), "certificates": [certificate], "common_name": "Test CA", "days": 3, "permitted": []}


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="promotion-") as temporary:
        check(Path(sys.argv[1] if len(sys.argv) > 1 else temporary))
    print("every promise was kept")
