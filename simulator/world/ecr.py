# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ECR's API about images: the answers come from the real registry, and moto is not asked what it holds."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._oci.reference import Digest
from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult
from moto.ecr import exceptions

from simulator.backend import Backend
from simulator.corrections.ecr_rules import EcrRules
from simulator.world import repositories
from simulator.world.images import Image, Images
from simulator.world.registry import overwritten

Json = dict[str, Any]
_PAGE = 100


class RefusedError(ServiceException):
    """An error that moto has no class for; moto looks up its model by the module that the class stands in."""


class RealEcr(EcrRules):
    images: Images

    def describe_images(self) -> ActionResult:
        name, wanted = self._repository(), self._get_param("imageIds")
        found = self.images.all(name)
        if wanted:
            found = list({image.digest: image for image in (self._wanted(name, found, each) for each in wanted)}.values())
        return self._page("imageDetails", [self._detail(name, image) for image in self._filtered(found)])

    def list_images(self) -> ActionResult:
        found = self._filtered(self.images.all(self._repository()))
        return self._page("imageIds", [identifier for image in found for identifier in _identifiers(image)])

    def batch_get_image(self) -> ActionResult:
        name = self._repository()
        found, images, failures = self.images.all(name), [], []
        for wanted in self._get_param("imageIds") or ():
            image = _find(found, wanted)
            if image is None:
                failures.append(_failure(wanted, "ImageNotFound", "Requested image not found"))
            else:
                images.append(self._shown(name, image, wanted.get("imageTag")))
        return ActionResult({"images": images, "failures": failures})

    def batch_delete_image(self) -> ActionResult:
        name = self._repository()
        gone, failures = list[Json](), list[Json]()
        for wanted in self._get_param("imageIds") or ():
            found = self.images.all(name)
            image, tag = _find(found, wanted), wanted.get("imageTag")
            holder = image and next((each for each in found if each.is_index and image.digest in each.body.decode()), None)
            if not tag and not wanted.get("imageDigest"):
                failures.append(_failure({}, "MissingDigestAndTag", "Invalid request parameters: both tag and digest cannot be null"))
            elif image is None:
                failures.append(_failure(wanted, "ImageNotFound", "Requested image not found"))
            elif tag and not wanted.get("imageDigest") and len(image.tags) > 1:
                self.images.remove_tag(name, tag)
                gone.append({"imageDigest": image.digest, "imageTag": tag})
            elif holder:
                reason = f"Requested image referenced by manifest list: [{holder.digest}]"
                failures.append(_failure(wanted, "ImageReferencedByManifestList", reason))
            else:
                self.images.remove(name, image)
                gone += _identifiers(image)
        return ActionResult({"imageIds": gone, "failures": failures})

    def put_image(self) -> ActionResult:
        """A tag, mostly: "Retagging an image" of the user guide gets a manifest and puts it under another tag."""
        name, body, tag = self._repository(), self._get_param("imageManifest").encode(), self._get_param("imageTag")
        media_type = self._get_param("imageManifestMediaType") or json.loads(body).get("mediaType")
        digest = str(Digest.of(body))
        if self._get_param("imageDigest") not in (None, digest):
            raise RefusedError("ImageDigestDoesNotMatchException", "The provided digest does not match the digest of the manifest.")
        if not media_type:
            raise exceptions.InvalidParameterException("Invalid parameter at 'imageManifestMediaType': the manifest does not say it either")
        with self.images.pushing:
            self._refuse(name, tag, digest)
            with self.images.upstream.registry() as registry:
                registry.put_manifest(name, tag or digest, body, media_type)
            self.images.noted(name, tag or digest, digest)
        image = self.images.find(name, digest)
        assert image is not None
        return ActionResult({"image": self._shown(name, image, tag)})

    def delete_repository(self) -> ActionResult:
        name = self._repository()
        found = self.images.all(name)
        if found and not self._get_param("force"):
            raise exceptions.RepositoryNotEmptyException(name, self.current_account)
        answer = super().delete_repository()
        for image in sorted(found, key=lambda each: not each.is_index):
            self.images.remove(name, image)
        return answer

    # -- what they share

    def _repository(self) -> str:
        name = str(self._get_param("repositoryName"))
        self.ecr_backend._get_repository(name, self._get_param("registryId"))
        return name

    def _refuse(self, name: str, tag: str | None, digest: str) -> None:
        there = self.images.find(name, tag or digest)
        if there and there.digest == digest:
            raise exceptions.ImageAlreadyExistsException(name, self.current_account, digest, tag or "")
        repository = repositories.of_moto(self.ecr_backend.repositories[name], self.current_account)
        if there and tag and repository.immutable(tag):
            raise RefusedError("ImageTagAlreadyExistsException", overwritten(name, tag))

    def _wanted(self, name: str, found: list[Image], wanted: Json) -> Image:
        image = _find(found, wanted)
        if image is None:
            shown = f"{{imageDigest:'{wanted.get('imageDigest', 'null')}', imageTag:'{wanted.get('imageTag', 'null')}'}}"
            raise exceptions.ImageNotFoundException(shown, name, self.current_account)
        return image

    def _filtered(self, images: Iterable[Image]) -> list[Image]:
        status = (self._get_param("filter") or {}).get("tagStatus", "ANY")
        return [image for image in images if status == "ANY" or bool(image.tags) == (status == "TAGGED")]

    def _page(self, member: str, items: list[Json]) -> ActionResult:
        begins, most = int(self._get_param("nextToken") or 0), int(self._get_param("maxResults") or _PAGE)
        more = {"nextToken": str(begins + most)} if begins + most < len(items) else {}
        return ActionResult({member: items[begins : begins + most], **more})

    def _shown(self, name: str, image: Image, tag: str | None) -> Json:
        return {
            "registryId": self.current_account,
            "repositoryName": name,
            "imageId": {"imageDigest": image.digest, **({"imageTag": tag} if tag else {})},
            "imageManifest": image.body.decode(),
            "imageManifestMediaType": image.media_type,
        }

    def _detail(self, name: str, image: Image) -> Json:
        return {
            "registryId": self.current_account,
            "repositoryName": name,
            "imageDigest": image.digest,
            "imageSizeInBytes": image.size,
            "imagePushedAt": image.pushed_at,
            "imageManifestMediaType": image.media_type,
            "imageStatus": "ACTIVE",
            **({"imageTags": list(image.tags)} if image.tags else {}),
            **({"artifactMediaType": image.artifact_type} if image.artifact_type else {}),
            **({"subjectManifestDigest": image.subject} if image.subject else {}),
        }


def backend(images: Images) -> type[Backend]:
    """The backend that asks this registry."""
    return type("RegistryEcr", (RealEcr,), {"images": images})


def _find(images: Iterable[Image], wanted: Json) -> Image | None:
    """By digest, by tag, or by both, and then both must fit."""
    digest, tag = wanted.get("imageDigest"), wanted.get("imageTag")
    fits = (image for image in images if digest in (None, image.digest) and (tag is None or tag in image.tags))
    return next(fits, None) if digest or tag else None


def _identifiers(image: Image) -> list[Json]:
    return [{"imageDigest": image.digest, "imageTag": tag} for tag in image.tags] or [{"imageDigest": image.digest}]


def _failure(wanted: Json, code: str, reason: str) -> Json:
    return {"imageId": dict(wanted), "failureCode": code, "failureReason": reason}
