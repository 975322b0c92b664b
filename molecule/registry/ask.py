# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Speaks to the registry through both doors: who gets in, who may write, and whether images are still there.

ask.py write|read HOST PULL_HOST CA_FILE AUTH_FILE PULL_SECRET_FILE
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from ansible_collections.slipway.platform.plugins.module_utils._errors import Denied, SlipwayError, Unreachable
from ansible_collections.slipway.platform.plugins.module_utils._oci.auth import Keychain
from ansible_collections.slipway.platform.plugins.module_utils._oci.layout import Layout
from ansible_collections.slipway.platform.plugins.module_utils._oci.push import push_layout
from ansible_collections.slipway.platform.plugins.module_utils._oci.reference import Digest
from ansible_collections.slipway.platform.plugins.module_utils._oci.registry import Registry

REPOSITORY = "molecule/registry"


def expect(what: str, work: Callable[[], object], kind: type[SlipwayError] | None, status: int = 0) -> None:
    try:
        work()
        got, seen = None, 0
    except SlipwayError as error:
        got, seen = type(error), error.facts.get("status", 0)
    if got is not kind or (status and seen != status):
        sys.exit(f"{what}: expected {kind.__name__ if kind else 'success'} {status or ''}, got {got.__name__ if got else 'success'} {seen or ''}")


def main(mode: str, host: str, pull_host: str, ca_file: str, auth_file: str, pull_secret_file: str) -> None:
    push_key, pull_key = (Keychain.from_file(Path(file)).find(host) for file in (auth_file, pull_secret_file))
    if push_key is None or pull_key is None:
        sys.exit(f"the files of credentials do not name {host}")
    authority = Path(ca_file)

    def door(name: str, key: object = None, trusted: Path | None = authority) -> Registry:
        return Registry.connect(name, trusted, keychain=Keychain({name: key} if key else {}))  # type: ignore[dict-item]

    with tempfile.TemporaryDirectory() as folder:
        layout = Layout.create(Path(folder))
        layout.add_image({"os": "linux", "architecture": "amd64", "config": {}, "rootfs": {"type": "layers", "diff_ids": []}}, [], {})
        if mode == "write":
            expect("a client without the authority", lambda: door(host, push_key, None).ping(), Unreachable)
            for name in (host, pull_host):
                expect(f"a stranger at {name}", lambda name=name: door(name).ping(), Denied, 401)
            expect("the pull credential at the door for writing", lambda: door(host, pull_key).ping(), Denied, 401)
            expect("the push credential at the door for reading", lambda: door(pull_host, push_key).ping(), Denied, 401)
            expect("writing through the door for reading", lambda: door(pull_host, pull_key).upload_blob("x", Digest.of(b"x"), b"x"), SlipwayError, 405)
            expect("a push", lambda: push_layout(door(host, push_key), layout, REPOSITORY, ["kept"]), None)
        found = door(pull_host, pull_key).find(REPOSITORY, "kept")
        if found is None or found.digest != layout.root.digest:
            sys.exit(f"{REPOSITORY}:kept is {found.digest if found else 'absent'}, expected {layout.root.digest}")
    print("the registry lets in whom it should")


if __name__ == "__main__":
    main(*sys.argv[1:])
