# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What cosign 1 and 2 sign of an image: the simple signing payload of containers/image (containers-signature(5), "JSON data format").

The signature is over these bytes as they are. They begin with a brace and an envelope's encoding with ``DSSEv1``, so that neither can be
taken for the other.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput
from ansible_collections.slipway.platform.plugins.module_utils._oci.reference import Digest
from ansible_collections.slipway.platform.plugins.module_utils._sign.dsse import read_json

TYPE = "application/vnd.dev.cosign.simplesigning.v1+json"
_KIND = "cosign container image signature"


@dataclass(frozen=True)
class Claim:
    """The image that was signed, and the name (registry/repository) under which the signer knew it."""

    name: str
    digest: Digest


def encode(claim: Claim) -> bytes:
    """The same bytes that cosign writes for the same image."""
    critical = {"identity": {"docker-reference": claim.name}, "image": {"docker-manifest-digest": str(claim.digest)}, "type": _KIND}
    return json.dumps({"critical": critical, "optional": None}, separators=(",", ":")).encode()


def decode(data: bytes) -> Claim:
    """Raises ``InvalidInput``."""
    value = read_json(data, "the payload")
    try:
        critical = value["critical"]
        kind, name, digest = critical["type"], critical["identity"]["docker-reference"], critical["image"]["docker-manifest-digest"]
    except (KeyError, TypeError) as error:
        raise InvalidInput(f"the payload is not one of a container signature: {type(error).__name__} {error}") from None
    if kind != _KIND:
        raise InvalidInput(f"the payload is of the kind {kind!r} and not {_KIND!r}")
    return Claim(str(name), Digest.parse(str(digest)))
