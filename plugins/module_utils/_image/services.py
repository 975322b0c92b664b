# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Images of services: which exist already, which have to be built, and bringing those to the registry.

An image carries a key over everything it was built from. One whose key is the wanted one is used as it is, whoever built it.
A tag never moves: if ``sha-<commit>`` is taken by an image of the same source on other bases, the new one is ``sha-<commit>-<key>``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils import _artifacts
from ansible_collections.slipway.platform.plugins.module_utils._errors import Conflict, InvalidInput, NotFound, Unreachable
from ansible_collections.slipway.platform.plugins.module_utils._image import buildah, sbom, source
from ansible_collections.slipway.platform.plugins.module_utils._image.catalog import registry_files
from ansible_collections.slipway.platform.plugins.module_utils._image.workspace import workspace
from ansible_collections.slipway.platform.plugins.module_utils._oci import ecr, names, referrers
from ansible_collections.slipway.platform.plugins.module_utils._oci.layout import Descriptor
from ansible_collections.slipway.platform.plugins.module_utils._oci.push import push_layout
from ansible_collections.slipway.platform.plugins.module_utils._oci.reference import Digest, Reference, check_repository
from ansible_collections.slipway.platform.plugins.module_utils._oci.registry import Manifest, Registry

_PARALLEL = 2
# Part of every key: raise it when the same input would give other bytes.
_RECIPE = "1"


@dataclass(frozen=True)
class Service:
    """A service as the user names it; see the options of ``image_build``."""

    name: str
    source: Path
    containerfile: str
    stage: str
    repository: str
    arguments: Mapping[str, str]
    licenses: str


@dataclass(frozen=True)
class Request:
    """Services to have images of. ``bases`` are build arguments whose values are references by digest."""

    services: Sequence[Service]
    bases: Mapping[str, str]
    registry: Registry
    access: buildah.Access
    environment: Callable[[], Mapping[str, str]]
    cache: Path
    check_mode: bool = False
    progress: Callable[[str], None] = print


@dataclass(frozen=True)
class Wanted:
    """The image of a service as it should be: its source, its key, and the tags it may have in order of preference."""

    service: Service
    source: source.Source
    key: str

    @property
    def tags(self) -> tuple[str, str]:
        return self.source.tag, f"{self.source.tag}-{self.key[:8]}"


# Well-formed, so that what comes after can be planned too; no bytes have it that anybody knows.
UNKNOWN = Digest("sha256", "0" * 64)


@dataclass(frozen=True)
class Image:
    """An image of a service; in check mode its digest is ``UNKNOWN`` if it is yet to be built."""

    reference: str
    tag: str
    digest: str
    revision: str
    dirty: bool
    sbom: str


@dataclass(frozen=True)
class Result:
    """Images by service, and the services whose image this run built (in check mode: would build)."""

    images: dict[str, Image]
    built: list[str]
    diff: dict[str, str] = field(default_factory=dict)

    @property
    def changed(self) -> bool:
        return bool(self.built)


def ensure(request: Request) -> Result:
    """Have an image of every service in the registry; two builds at a time."""
    wanted = [_want(request, service) for service in request.services]
    with request.registry, ThreadPoolExecutor(_PARALLEL) as pool:
        ensured = list(pool.map(lambda one: _ensure_one(request, one), wanted))
    images = {one.service.name: image for one, (image, _) in zip(wanted, ensured, strict=True)}
    built = [one.service.name for one, (_, was_built) in zip(wanted, ensured, strict=True) if was_built]
    return Result(images, built, {"before": "", "after": "".join(f"{name}: {images[name].tag} {images[name].digest}\n" for name in built)})


def _want(request: Request, service: Service) -> Wanted:
    """Look at the source of a service and refuse what cannot be built, before anything is."""
    check_repository(service.repository)
    if not (service.source / service.containerfile).is_file():
        raise InvalidInput(f"{service.name} has no {service.source / service.containerfile}: write one, or name it with containerfile", service=service.name)
    found = source.identify(service.source, service.containerfile)
    if found.dirty:
        request.progress(f"image {service.name}: {service.source} differs from its last commit, so the image is named by content: {found.tag}")
    inputs = {
        "recipe": _RECIPE,
        "content": found.content,
        "revision": found.revision,
        "url": found.url,
        "containerfile": service.containerfile,
        "licenses": service.licenses,
        **({"stage": service.stage} if service.stage else {}),
        **{f"argument {name}": value for name, value in service.arguments.items()},
        # By digest alone: the same base in another registry gives the same image.
        **{f"base {name}": _base_digest(request, name, value) for name, value in request.bases.items()},
    }
    return Wanted(service, found, _artifacts.key_of(inputs))


def _base_digest(request: Request, name: str, text: str) -> str:
    # On an empty environment check mode has no bases yet, and whatever they will be, there is no image on them.
    return "" if request.check_mode and not text else str(_pinned(name, text).digest)


def _pinned(name: str, text: str) -> Reference:
    reference = Reference.parse(text)
    if reference.digest is None:
        raise InvalidInput(f"the base {name} is {text!r}, which may be another image tomorrow: name it by digest, as registry/repository@sha256:...")
    return reference


def _ensure_one(request: Request, wanted: Wanted) -> tuple[Image, bool]:
    """The image, and whether it had to be built."""
    repository = wanted.service.repository
    try:
        existing, tag = _find(request.registry, wanted)
    except Unreachable as error:
        if not request.check_mode:
            raise
        request.progress(f"image {wanted.service.name}: {error.message}")
        existing, tag = None, wanted.tags[0]
    if existing is not None:
        attached = referrers.referrers(request.registry, repository, existing.digest, names.SPDX)
        if attached or request.check_mode:
            return _image(request, wanted, tag, existing.digest, str(attached[0].digest) if attached else ""), False
    if request.check_mode:
        return _image(request, wanted, tag, None), True
    with workspace(request.cache, request.environment) as folder:
        return _build_and_push(request, wanted, tag, folder), True


def _find(registry: Registry, wanted: Wanted) -> tuple[Manifest | None, str]:
    """The image with the wanted key and its tag, else None and the first tag that is free."""
    free = ""
    for tag in wanted.tags:
        found = registry.find(wanted.service.repository, tag)
        if found is not None and found.annotations.get(names.INPUTS) == wanted.key:
            return found, tag
        if found is None and not free:
            free = tag
    if not free:
        raise Conflict(f"the tags {' and '.join(wanted.tags)} of {wanted.service.repository} are taken by other images; remove one", tags=list(wanted.tags))
    return None, free


def _build_and_push(request: Request, wanted: Wanted, tag: str, folder: Path) -> Image:
    repository, registry = wanted.service.repository, request.registry
    base_layers, origins = _base_layers(request)
    recipe = buildah.Recipe(
        wanted.service.name, wanted.source, wanted.service.containerfile, wanted.service.stage, request.bases, wanted.service.arguments, base_layers
    )
    layout = buildah.build(recipe, folder, request.access, request.environment(), _annotations(request, wanted), request.progress)
    root = layout.root
    request.progress(f"image {wanted.service.name}: listing what is in it")
    document = sbom.scan(folder / "raw", wanted.service.name, str(root.digest), buildah.timestamp(wanted.source.epoch))
    request.progress(f"image {wanted.service.name}: pushing {tag}")
    push_layout(registry, layout, repository, origins=origins)
    attached = referrers.attach(registry, repository, root, referrers.Artifact(names.SPDX, document, {}))
    # The tag is what others look for: it appears when everything that belongs to it is there.
    registry.put_manifest(repository, tag, layout.blob(root.digest).read_bytes(), root.media_type)
    return _image(request, wanted, tag, root.digest, str(attached.digest))


def _base_layers(request: Request) -> tuple[dict[str, Descriptor], dict[Digest, str]]:
    """The layers of bases in our registry by their ``diff_id``, and the repositories that hold them."""
    layers: dict[str, Descriptor] = {}
    origins: dict[Digest, str] = {}
    for name, text in request.bases.items():
        base = _pinned(name, text)
        if base.registry != request.registry.host:
            continue
        try:
            manifest = request.registry.manifest(base.repository, str(base.digest)).json
        except NotFound as error:
            raise NotFound(f"the base {name} is not in the registry: {error.message}", **error.facts) from error
        if "layers" not in manifest:
            continue  # an index: buildah takes the image for this machine, and its layers are packed anew
        config = BytesIO()
        request.registry.read_blob(base.repository, Descriptor.from_json(manifest["config"]), config)
        described = [Descriptor.from_json(layer) for layer in manifest["layers"]]
        layers |= dict(zip(json.loads(config.getvalue())["rootfs"]["diff_ids"], described, strict=True))
        origins |= {layer.digest: base.repository for layer in described}
    return layers, origins


def _annotations(request: Request, wanted: Wanted) -> dict[str, str]:
    """What the image says of itself (OCI image specification 1.1, "Pre-Defined Annotation Keys")."""
    runtime = request.bases.get("RUNTIME_BASE", "")
    base = _pinned("RUNTIME_BASE", runtime) if runtime else None
    values = {
        names.TITLE: wanted.service.name,
        names.SOURCE: wanted.source.url,
        names.REVISION: _revision(wanted),
        names.CREATED: buildah.timestamp(wanted.source.epoch),
        names.VERSION: wanted.source.tag,
        names.LICENSES: wanted.service.licenses,
        names.BASE_NAME: base.repository if base else "",
        names.BASE_DIGEST: str(base.digest) if base else "",
        names.INPUTS: wanted.key,
    }
    return {name: value for name, value in values.items() if value}


def _revision(wanted: Wanted) -> str:
    return f"{wanted.source.revision}-dirty" if wanted.source.dirty else wanted.source.revision


def _image(request: Request, wanted: Wanted, tag: str, digest: Digest | None, listed: str = "") -> Image:
    known = digest or UNKNOWN
    reference = Reference(request.registry.host, wanted.service.repository, digest=known)
    return Image(str(reference), tag, str(known), _revision(wanted), wanted.source.dirty, listed)


def request_from(
    params: Mapping[str, Any], cache: Path, environment: Callable[[], Mapping[str, str]], check_mode: bool, progress: Callable[[str], None]
) -> Request:
    """The request that the option values of ``image_build`` make."""
    host, ca_file, auth_file = registry_files(params["registry"], check_mode)
    services = [
        Service(
            name=s["name"],
            source=Path(s["source"]).absolute(),
            containerfile=s["containerfile"],
            stage=s["target"] or "",
            repository=s["repository"] or s["name"],
            arguments=s["arguments"],
            licenses=s["licenses"] or "",
        )
        for s in params["services"]
    ]
    profile = params["registry"]["aws_profile"] or ""
    registry = Registry.connect(host, ca_file, auth_file, aws_profile=profile)
    access = buildah.Access(host, ca_file, auth_file, partial(ecr.credential, host, profile))
    return Request(services, params["bases"], registry, access, environment, cache, check_mode, progress)
