# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput, Unreachable
from ansible_collections.slipway.platform.plugins.module_utils._tls import bundle
from support import pki

TWO = pki.authority("One").pem + pki.authority("Two").pem
URL = "https://truststore.example/global-bundle.pem"


def never(url: str) -> bytes:
    raise AssertionError(f"{url} was asked")


def test_it_is_fetched_once_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "rds" / "ca.crt"
    assert bundle.ensure(URL, path, never, check_mode=True) == bundle.Result(str(path), 0, "", "", True)
    assert not path.parent.exists()
    made = bundle.ensure(URL, path, lambda _url: TWO, check_mode=False)
    assert (made.changed, made.certificates) == (True, 2)
    assert path.read_bytes() == TWO
    again = bundle.ensure(URL, path, never, check_mode=False)
    assert (again.changed, again.before, again.certificates) == (False, made.after, 2)


@pytest.mark.parametrize("content", [b"", b"<html>Sign in to the guest network</html>", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
def test_what_is_no_bundle_is_not_kept(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(InvalidInput, match="no bundle of certificates"):
        bundle.ensure(URL, tmp_path / "ca.crt", lambda _url: content, check_mode=False)
    assert not (tmp_path / "ca.crt").exists()


def test_a_certificate_of_a_server_is_no_authority(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="which is of no authority"):
        bundle.ensure(URL, tmp_path / "ca.crt", lambda _url: pki.issue("server").pem, check_mode=False)


def test_a_file_that_somebody_broke_is_told(tmp_path: Path) -> None:
    (tmp_path / "ca.crt").write_text("oops")
    with pytest.raises(InvalidInput, match="delete the file"):
        bundle.ensure(URL, tmp_path / "ca.crt", never, check_mode=False)


def test_only_https_is_asked(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="does not begin with https"):
        bundle.ensure(URL.replace("https", "http"), tmp_path / "ca.crt", never, check_mode=False)


def test_nobody_answers() -> None:
    with pytest.raises(Unreachable, match="can't be fetched"):
        bundle.fetched("https://127.0.0.1:9/global-bundle.pem")
