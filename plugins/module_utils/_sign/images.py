# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many images in one call: each resolved once, and worked on by digest from then on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput, wrong_at
from ansible_collections.slipway.platform.plugins.module_utils._oci.access import CONCURRENCY, Connect
from ansible_collections.slipway.platform.plugins.module_utils._oci.layout import Descriptor
from ansible_collections.slipway.platform.plugins.module_utils._oci.reference import Reference
from ansible_collections.slipway.platform.plugins.module_utils._oci.registry import Registry

_In = TypeVar("_In")
_Out = TypeVar("_Out")


@dataclass(frozen=True)
class Image:
    """An image where it is: ``descriptor`` is that of its manifest or index."""

    registry: Registry
    repository: str
    descriptor: Descriptor

    def __str__(self) -> str:
        return f"{self.registry.host}/{self.repository}@{self.descriptor.digest}"


def named(text: str, where: str) -> Reference:
    """A reference with a tag or a digest. Raises ``InvalidInput`` that says where it stands."""
    with wrong_at(f"{where}, {text!r}"):
        reference = Reference.parse(text)
        if not reference.tag and not reference.digest:
            raise InvalidInput(f"{reference} names a repository and no image: add @<digest> or :<tag>")
    return reference


def resolve(references: Sequence[Reference], connect: Connect) -> tuple[Image, ...]:
    """The images that references name; one that several name is there once. Raises for the first that can't be had."""
    registries = {host: connect(host) for host in dict.fromkeys(reference.registry for reference in references)}

    def one(reference: Reference) -> Image:
        registry, target = registries[reference.registry], str(reference.digest or reference.tag)
        return Image(registry, reference.repository, registry.manifest(reference.repository, target).descriptor)

    return tuple({str(image): image for image in each(one, references)}.values())


def each(work: Callable[[_In], _Out], values: Iterable[_In]) -> list[_Out]:
    """Do it for all, some at a time, and keep the order."""
    with ThreadPoolExecutor(CONCURRENCY) as pool:
        return list(pool.map(work, values))
