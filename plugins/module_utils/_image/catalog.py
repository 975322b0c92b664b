# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeping images of Debian packages: built once, pinned by their digest in a record, pushed where a registry is given.

A record (``<record_dir>/<name>.json``) says which digest an image has and which package versions are in it. As long as the inputs
are the same, the recorded image is used; newer packages come in by raising ``generation``, which shows in the record's diff.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils import _artifacts
from ansible_collections.slipway.platform.plugins.module_utils._errors import Unreachable
from ansible_collections.slipway.platform.plugins.module_utils._image import debian
from ansible_collections.slipway.platform.plugins.module_utils._oci.push import push_layout
from ansible_collections.slipway.platform.plugins.module_utils._oci.reference import Digest, Reference
from ansible_collections.slipway.platform.plugins.module_utils._oci.registry import Registry

_PARALLEL = 2
Report = Callable[[str], None]


def ignore(_: str) -> None:
    pass


@dataclass(frozen=True)
class Request:
    """Images to have, the machine's cache, and optionally where to record and to push them."""

    images: Sequence[debian.Image]
    cache: Path
    record_dir: Path | None = None
    registry: Registry | None = None
    check_mode: bool = False
    on_line: Report = ignore


@dataclass(frozen=True)
class Kept:
    """One image: ``layout`` is empty in check mode if the image is yet to be built; ``reference`` needs a registry."""

    name: str
    digest: str
    layout: str
    packages: list[str]
    reference: str
    built: bool
    pushed: bool
    seconds: float


@dataclass(frozen=True)
class Result:
    images: dict[str, Kept]
    diff: list[dict[str, str]] = field(default_factory=list)

    @property
    def changed(self) -> bool:
        return any(image.built or image.pushed for image in self.images.values()) or any(d["before"] != d["after"] for d in self.diff)


def request_from(params: Mapping[str, Any], cache: Path, check_mode: bool, on_line: Report = ignore) -> Request:
    """The request that the option values of the module make."""
    return Request(
        images=[debian.Image.from_params(image, params["generation"]) for image in params["images"]],
        cache=cache,
        record_dir=Path(params["record_dir"]) if params["record_dir"] else None,
        registry=_registry(params["registry"], check_mode) if params["registry"] else None,
        check_mode=check_mode,
        on_line=on_line,
    )


def _registry(option: Mapping[str, Any], check_mode: bool) -> Registry:
    return Registry.connect(*registry_files(option, check_mode), aws_profile=option["aws_profile"] or "")


def registry_files(option: Mapping[str, Any], check_mode: bool) -> tuple[str, Path | None, Path | None]:
    """Host, certificates and credentials of a module's option ``registry``.

    On an empty environment these files are yet to be made, which is no error in check mode.
    """
    paths = [Path(option[name]) if option.get(name) else None for name in ("ca_file", "auth_file")]
    ca_file, auth_file = (None if check_mode and path and not path.is_file() else path for path in paths)
    return option["host"], ca_file, auth_file


def keep(request: Request) -> Result:
    """Have every image of the request: from the registry, from the cache, or by building it, two at a time."""
    debian.check_names(request.images)
    architecture = debian.architecture()
    with request.registry or nullcontext(), ThreadPoolExecutor(_PARALLEL) as pool:
        kept = list(pool.map(lambda image: _keep_one(request, image, architecture), request.images))
    return Result({image.name: image for image, _ in kept}, [diff for _, diff in kept if diff["before"] != diff["after"]])


def _keep_one(request: Request, image: debian.Image, architecture: str) -> tuple[Kept, dict[str, str]]:
    inputs = image.inputs(architecture)
    key = _artifacts.key_of(inputs)
    record = request.record_dir / f"{image.name}.json" if request.record_dir else None
    before = _read(record)
    pinned = before.get("digest", "") if before.get("key") == key else ""
    if pinned and request.registry and _in_registry(request, image, pinned):
        layout = request.cache / f"image-{image.name}" / key
        return _kept(request, image, pinned, str(layout) if layout.is_dir() else "", before["packages"]), {"before": "", "after": ""}
    home = request.cache / f"image-{image.name}"
    if request.check_mode and not (home / key).is_dir():
        kept = Kept(image.name, pinned, "", before.get("packages", []), "", True, bool(request.registry), 0.0)
        return kept, {"before": "", "after": f"would build {image.name} from {' '.join(image.packages)}\n"}
    request.on_line(f"image {image.name}: {'from the cache' if (home / key).is_dir() else 'building from Debian packages'}")
    artifact = _artifacts.ensure(
        request.cache,
        home.name,
        inputs,
        lambda folder, log: debian.build(image, folder, log, request.cache / "apt-archives", architecture),
        lambda: request.on_line(f"image {image.name}: waiting for another build of it"),
    )
    built = debian.Built.load(artifact.path)
    after = {"key": key, "generation": image.generation, "digest": str(built.digest), "packages": list(built.packages)}
    pushed = _push(request, image, built)
    if record and not request.check_mode and before != after:
        record.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        record.write_text(_text(after))
    kept = _kept(request, image, str(built.digest), str(artifact.path), list(built.packages), artifact.built, pushed, artifact.seconds)
    diff = {"before_header": f"{image.name} (recorded)", "after_header": image.name, "before": _text(before)}
    return kept, diff | {"after": _text(after) if record else _text(before)}


def _in_registry(request: Request, image: debian.Image, digest: str) -> bool:
    try:
        return request.registry is not None and request.registry.exists(image.repository, digest)
    except Unreachable:
        if not request.check_mode:
            raise
        return False  # the registry would be started by now


def _push(request: Request, image: debian.Image, built: debian.Built) -> bool:
    if request.registry is None:
        return False
    if request.check_mode:
        return not _in_registry(request, image, str(built.digest))
    return push_layout(request.registry, built.layout, image.repository, [f"debian-{built.digest.hex[:12]}"]).changed


def _kept(
    request: Request, image: debian.Image, digest: str, layout: str, packages: list[str], built: bool = False, pushed: bool = False, seconds: float = 0.0
) -> Kept:
    reference = str(Reference(request.registry.host, image.repository, digest=Digest.parse(digest))) if request.registry else ""
    return Kept(image.name, digest, layout, packages, reference, built, pushed, round(seconds, 1))


def _read(record: Path | None) -> dict[str, Any]:
    try:
        value: dict[str, Any] = json.loads(record.read_bytes()) if record else {}
    except (FileNotFoundError, ValueError):  # a torn record is like none: the next one is written whole
        return {}
    return value


def _text(value: dict[str, Any]) -> str:
    return json.dumps(value, indent=1, sort_keys=True) + "\n" if value else ""
