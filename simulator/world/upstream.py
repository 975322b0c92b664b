# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The registry behind the simulated ECR: any that follows the OCI distribution specification."""

from __future__ import annotations

import contextlib
import http.client
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from ansible_collections.slipway.platform.plugins.module_utils._errors import SlipwayError
from ansible_collections.slipway.platform.plugins.module_utils._oci.client import Limits
from ansible_collections.slipway.platform.plugins.module_utils._oci.credentials import Keychain
from ansible_collections.slipway.platform.plugins.module_utils._oci.reference import Digest
from ansible_collections.slipway.platform.plugins.module_utils._oci.registry import Registry
from ansible_collections.slipway.platform.plugins.module_utils._oci.transport import Pool, trust

_SECONDS = 30.0
_STREAM_SECONDS = 600.0


@dataclass(frozen=True)
class Upstream:
    """``url``: http(s)://host:port. ``auth_file``: in the format of Docker's config.json; read at each use, for it may come later."""

    url: str
    ca_file: Path | None = None
    auth_file: Path | None = None

    @property
    def netloc(self) -> str:
        return urlsplit(self.url).netloc

    def headers(self) -> dict[str, str]:
        """What lets us in."""
        found = self._keychain().find(self.netloc)
        return {"Authorization": found.basic} if found else {}

    def connection(self) -> http.client.HTTPConnection:
        """For one exchange that is passed on byte by byte."""
        if urlsplit(self.url).scheme == "http":
            return http.client.HTTPConnection(self.netloc, timeout=_STREAM_SECONDS)
        return http.client.HTTPSConnection(self.netloc, timeout=_STREAM_SECONDS, context=trust(self.ca_file))

    def registry(self) -> Reader:
        return Reader(self.netloc, Pool(lambda: trust(self.ca_file)), self._keychain(), scheme=urlsplit(self.url).scheme, limits=Limits(request=_SECONDS))

    def _keychain(self) -> Keychain:
        return Keychain.from_file(self.auth_file) if self.auth_file and self.auth_file.is_file() else Keychain({})


class Reader(Registry):
    """The registry as our own client sees it."""

    def delete(self, repository: str, digest: Digest) -> None:
        """If it can be: a registry may not let anybody delete."""
        request = self._request("DELETE", f"{self._base}{repository}/manifests/{digest}")
        with contextlib.suppress(SlipwayError):
            self._call(request, ("delete",), repository, f"delete {repository}@{digest}", allow=(404,))
