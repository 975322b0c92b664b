# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the registry would have to do for a plan: ``image_promote`` in check mode, which reads everything and writes nothing."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput
from ansible_collections.slipway.platform.plugins.module_utils._oci.credentials import Keychain
from ansible_collections.slipway.platform.plugins.module_utils._oci.reference import Digest, Reference
from ansible_collections.slipway.platform.plugins.module_utils._promotion.model import Image, Request
from ansible_collections.slipway.platform.plugins.module_utils._promotion.promote import promote
from ansible_collections.slipway.platform.plugins.module_utils._promotion.session import Access
from ansible_collections.slipway.platform.plugins.module_utils._records.plan import Change

_SHOWN = ("digest", "state", "reason", "msg", "manifests", "blobs_mounted", "blobs_copied", "bytes", "referrers", "operations")


def look(params: Mapping[str, Any]) -> Callable[[Sequence[Change]], list[dict[str, Any]]]:
    """From the options ``registries`` and ``moving_tags``: what would be done for each change, as ``image_promote`` returns it."""

    def effects(changes: Sequence[Change]) -> list[dict[str, Any]]:
        with access(params["registries"]) as reached:
            images = tuple(_image(change) for change in changes)
            result = promote(Request(images, reached, moving_tags=frozenset(params["moving_tags"]), check_mode=True))
        return [{"service": change.service, **{name: asdict(done)[name] for name in _SHOWN}} for change, done in zip(changes, result.images, strict=True)]

    return effects


@contextmanager
def access(registries: Sequence[Mapping[str, Any]]) -> Iterator[Access]:
    """One way to reach all of these registries: their authorities in one file, their credentials in one keychain."""
    authorities = list(dict.fromkeys(Path(value["ca_file"]) for value in registries if value.get("ca_file")))
    files = dict.fromkeys(Path(value["auth_file"]) for value in registries if value.get("auth_file"))
    chains = [Keychain.from_file(file) for file in files]
    keychain = Keychain({name: one for chain in chains for name, one in chain.entries.items()}, {name: ask for c in chains for name, ask in c.helpers.items()})
    with tempfile.NamedTemporaryFile(suffix=".pem") as bundle:
        if len(authorities) > 1:
            bundle.write(b"\n".join(map(_read, authorities)))
            bundle.flush()
            authorities = [Path(bundle.name)]
        yield Access(authorities[0] if authorities else None, keychain)


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise InvalidInput(f"the certificates in {file} cannot be read: {error.strerror}") from error


def _image(change: Change) -> Image:
    source = Reference.parse(change.source).with_digest(Digest.parse(change.digest))
    return Image(source, Reference.parse(change.destination), tuple(change.tags))
