# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Signing a list of images: what is signed by this key stays as it is, the rest is signed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._oci.access import Connect
from ansible_collections.slipway.platform.plugins.module_utils._oci.reference import Reference
from ansible_collections.slipway.platform.plugins.module_utils._sign import cosign, options, public
from ansible_collections.slipway.platform.plugins.module_utils._sign.dsse import Signer
from ansible_collections.slipway.platform.plugins.module_utils._sign.images import Image, each, resolve


@dataclass(frozen=True)
class Request:
    """Which images, by whom, in which forms (``cosign.FORMS``), and how their registries are reached."""

    images: tuple[Reference, ...]
    signer: Signer
    forms: tuple[str, ...]
    connect: Connect
    check_mode: bool = False

    @classmethod
    def from_params(cls, params: Mapping[str, Any], connect: Connect, check_mode: bool) -> Request:
        references = options.images(params["images"])
        return cls(references, options.signer(params["signer"]), tuple(params["forms"]), connect, check_mode)


@dataclass(frozen=True)
class Outcome:
    """What became of one image: ``forms`` are those in which it was signed now."""

    reference: str
    digest: str
    action: str
    forms: tuple[str, ...]


@dataclass(frozen=True)
class Result:
    images: tuple[Outcome, ...]
    signer: str
    key_id: str
    public_key: str

    @property
    def changed(self) -> bool:
        return any(image.forms for image in self.images)

    @property
    def diff(self) -> dict[str, str]:
        after = "".join(f"{image.reference}: {form} by {self.signer} ({self.key_id})\n" for image in self.images for form in image.forms)
        return {"before": "", "after": after}


def ensure(request: Request) -> Result:
    """Have every image signed. All are read before the first is signed, so that a typing error in one leaves all as they are."""
    images = resolve(request.images, request.connect)
    missing = each(lambda image: cosign.missing(image.registry, image.repository, image.descriptor.digest, request.signer, request.forms), images)
    if not request.check_mode:
        each(lambda pair: _sign(*pair, request.signer), zip(images, missing, strict=True))
    outcomes = tuple(_outcome(image, forms) for image, forms in zip(images, missing, strict=True))
    return Result(outcomes, request.signer.name, request.signer.key_id, public.pem(request.signer.public_key))


def _sign(image: Image, forms: Sequence[str], signer: Signer) -> None:
    cosign.add(image.registry, image.repository, image.descriptor, signer, forms)


def _outcome(image: Image, forms: tuple[str, ...]) -> Outcome:
    return Outcome(str(image), str(image.descriptor.digest), "signed" if forms else "unchanged", forms)
