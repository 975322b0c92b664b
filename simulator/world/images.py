# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the real registry holds, as ECR sees it.

Manifests and tags are the registry's own. What it can't tell lies in a file beside: when something was pushed, what has no tag (any more), and what was
deleted: a registry can't take away a tag alone, and may be one where nobody deletes.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils import _files
from ansible_collections.slipway.platform.plugins.module_utils._errors import NotFound
from ansible_collections.slipway.platform.plugins.module_utils._oci import names
from ansible_collections.slipway.platform.plugins.module_utils._oci.reference import Digest
from ansible_collections.slipway.platform.plugins.module_utils._oci.registry import Manifest

from simulator.world.upstream import Upstream

_INDEXES = (names.INDEX, names.DOCKER_LIST)


@dataclass(frozen=True)
class Image:
    digest: str
    media_type: str
    body: bytes
    tags: tuple[str, ...]
    pushed_at: datetime

    @property
    def json(self) -> dict[str, Any]:
        value: dict[str, Any] = json.loads(self.body)
        return value

    @property
    def is_index(self) -> bool:
        return self.media_type in _INDEXES

    @property
    def size(self) -> int:
        """Bytes of the layers and the configuration, as ECR counts (API reference, ImageDetail); an index has none of its own."""
        blobs = [self.json.get("config") or {}, *(self.json.get("layers") or ())]
        return sum(int(each.get("size", 0)) for each in blobs)

    @property
    def artifact_type(self) -> str:
        return str(self.json.get("artifactType") or (self.json.get("config") or {}).get("mediaType") or "")

    @property
    def subject(self) -> str:
        return str((self.json.get("subject") or {}).get("digest") or "")


@dataclass
class _Kept:
    """Of one repository: times by digest, and tags and digests that are gone whatever the registry says."""

    pushed: dict[str, str] = field(default_factory=dict)
    gone: list[str] = field(default_factory=list)


class Images:
    """``now``: of the simulated AWS. Threads may share it."""

    def __init__(self, upstream: Upstream, file: Path, now: Callable[[], datetime]) -> None:
        self.upstream = upstream
        self.pushing = threading.Lock()  # held while it is decided whether a tag may be set, and until it is
        self._file, self._now, self._lock = file, now, threading.RLock()
        content = json.loads(file.read_text()) if file.exists() else {}
        self._kept = {repository: _Kept(**each) for repository, each in content.items()}

    def noted(self, repository: str, target: str, digest: str) -> None:
        """A manifest was pushed, as ``target``: a tag or its digest."""
        with self._lock:
            kept = self._kept.setdefault(repository, _Kept())
            kept.pushed[digest] = self._now().isoformat()
            kept.gone = [each for each in kept.gone if each not in (target, digest)]
            self._write()

    def deleted(self, repository: str, target: str) -> bool:
        """Whether a tag or a digest was deleted here; of one that was not, the registry knows whether it is there."""
        with self._lock:
            return target in self._kept.get(repository, _Kept()).gone

    def holds(self, repository: str, target: str) -> bool:
        """Whether a tag or a digest is there. Raises SlipwayError if the registry doesn't answer."""
        if self.deleted(repository, target):
            return False
        with self.upstream.registry() as registry:
            found = registry.find(repository, target)
        return found is not None and not self.deleted(repository, str(found.digest))

    def find(self, repository: str, target: str) -> Image | None:
        """By tag or digest. It has all its tags."""
        return next((image for image in self.all(repository) if target == image.digest or target in image.tags), None)

    def all(self, repository: str) -> list[Image]:
        """The oldest first. Raises SlipwayError if the registry doesn't answer."""
        with self._lock:
            kept = self._kept.setdefault(repository, _Kept())
            pushed, gone = dict(kept.pushed), set(kept.gone)
        found: dict[str, tuple[Manifest, list[str]]] = {}
        with self.upstream.registry() as registry:
            for target in self._targets(registry.tags, repository, pushed, gone):
                manifest = registry.find(repository, target)
                if manifest and str(manifest.digest) not in gone:
                    found.setdefault(str(manifest.digest), (manifest, []))[1].extend([target] if ":" not in target else [])
        images = [self._image(manifest, tags, pushed) for manifest, tags in found.values()]
        return sorted(images, key=lambda image: (image.pushed_at, image.digest))

    def remove_tag(self, repository: str, tag: str) -> None:
        with self._lock:
            self._kept.setdefault(repository, _Kept()).gone.append(tag)
            self._write()

    def remove(self, repository: str, image: Image) -> None:
        """With its tags."""
        with self._lock:
            kept = self._kept.setdefault(repository, _Kept())
            kept.pushed.pop(image.digest, None)
            kept.gone += [image.digest, *image.tags]
            self._write()
        registry = self.upstream.registry()
        with registry:
            registry.delete(repository, Digest.parse(image.digest))

    def _targets(self, tags: Callable[[str], list[str]], repository: str, pushed: Iterable[str], gone: set[str]) -> list[str]:
        try:
            of_registry = tags(repository)
        except NotFound:
            of_registry = []
        return [each for each in (*sorted(of_registry), *pushed) if each not in gone]

    def _image(self, manifest: Manifest, tags: list[str], pushed: dict[str, str]) -> Image:
        digest = str(manifest.digest)
        at = datetime.fromisoformat(pushed[digest]) if digest in pushed else self._now()
        return Image(digest, manifest.descriptor.media_type, manifest.body, tuple(tags), at)

    def _write(self) -> None:
        content = {repository: {"pushed": kept.pushed, "gone": kept.gone} for repository, kept in sorted(self._kept.items())}
        _files.write(self._file, json.dumps(content, indent=1).encode(), 0o600)
