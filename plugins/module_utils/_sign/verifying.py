# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Verifying the signatures of a list of images with keys that we have, offline but for the registry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput, Untrusted
from ansible_collections.slipway.platform.plugins.module_utils._oci.access import Connect
from ansible_collections.slipway.platform.plugins.module_utils._oci.reference import Reference
from ansible_collections.slipway.platform.plugins.module_utils._sign import cosign, options
from ansible_collections.slipway.platform.plugins.module_utils._sign.cosign import Signature
from ansible_collections.slipway.platform.plugins.module_utils._sign.dsse import Trust
from ansible_collections.slipway.platform.plugins.module_utils._sign.images import Image, each, resolve


@dataclass(frozen=True)
class Request:
    """Which images must be signed by how many (``minimum``; 0 only reports) of whom we trust, and under which names."""

    images: tuple[Reference, ...]
    trust: Trust
    connect: Connect
    names: tuple[str, ...] = ()
    minimum: int = 1

    @classmethod
    def from_params(cls, params: Mapping[str, Any], connect: Connect) -> Request:
        references, trust = options.images(params["images"]), options.trust(params)
        signers = len(trust.keys) + (trust.certificates is not None)
        if not 0 <= params["minimum"] <= signers:
            raise InvalidInput(f"minimum is {params['minimum']}, and {signers} may sign: it can never be reached; write 0 to {signers}")
        return cls(references, trust, connect, tuple(params["signed_as"]), params["minimum"])


@dataclass(frozen=True)
class Verdict:
    """What is known of one image.

    verified · too_few: trusted signers, fewer than asked for · unsigned: nothing there · other_signer: signed, by nobody whom we trust
    · broken: something is there that does not verify, is of another image, or can't be read
    """

    reference: str
    digest: str
    verdict: str
    reason: str
    signers: tuple[str, ...]
    signatures: tuple[Signature, ...]


@dataclass(frozen=True)
class Result:
    images: tuple[Verdict, ...]
    changed: bool = False


def verify(request: Request) -> Result:
    """The verdict for every image. Raises ``Untrusted``, with all verdicts, if one is not verified and ``minimum`` is not 0."""
    found = tuple(each(lambda image: _verdict(image, request), resolve(request.images, request.connect)))
    bad = [one for one in found if one.verdict != "verified"]
    if bad and request.minimum:
        reasons = "; ".join(f"{one.reference}: {one.reason}" for one in bad)
        raise Untrusted(f"{len(bad)} of {len(found)} images are not verified: {reasons}", images=[asdict(one) for one in found])
    return Result(found)


def _verdict(image: Image, request: Request) -> Verdict:
    signatures = cosign.verify(image.registry, image.repository, image.descriptor.digest, request.trust, names=request.names)
    signers = tuple(sorted({one.signer for one in signatures if not one.problem}))
    verdict, reason = _judge(signatures, signers, max(request.minimum, 1))
    return Verdict(str(image), str(image.descriptor.digest), verdict, reason, signers, signatures)


def _judge(signatures: tuple[Signature, ...], signers: tuple[str, ...], minimum: int) -> tuple[str, str]:
    if len(signers) >= minimum:
        return "verified", ""
    if signers:
        return "too_few", f"{len(signers)} of {minimum} signers: {', '.join(signers)}"
    if not signatures:
        return "unsigned", "it has no signature"
    broken = next((one for one in signatures if one.code != "other_signer"), None)
    if broken:
        return "broken", f"{broken.problem} ({broken.reference})"
    return "other_signer", signatures[0].problem
