# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tags of images: ``sha-<commit>``, ``vX.Y.Z-rc.N`` and ``vX.Y.Z``, or the same with a calendar version.

A tag can't hold ``+`` (OCI distribution specification, "pulling manifests"), so a build is written after ``_``, which no version holds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput
from ansible_collections.slipway.platform.plugins.module_utils._versions import semver
from ansible_collections.slipway.platform.plugins.module_utils._versions.calver import Format
from ansible_collections.slipway.platform.plugins.module_utils._versions.semver import Version

Kind = Literal["commit", "rc", "release"]
KINDS: tuple[Kind, ...] = ("commit", "rc", "release")
_COMMIT = "sha-"
_HEX = frozenset("0123456789abcdef")


@dataclass(frozen=True)
class Tag:
    """A tag of ours. ``version`` is None for a commit, which has no order."""

    text: str
    kind: Kind
    version: Version | None


@dataclass(frozen=True)
class Scheme:
    """How versions are numbered: ``calendar`` is the format of calendar versions, or None for Semantic Versioning."""

    calendar: Format | None = None

    def version(self, text: str) -> Version:
        return self.calendar.parse(text) if self.calendar else semver.parse(text)

    @property
    def example(self) -> str:
        return ".".join(self.calendar.tokens) if self.calendar else "v1.4.0"


def to_tag(version: str) -> str:
    return version.replace("+", "_")


def to_version(tag: str) -> str:
    return tag.replace("_", "+")


def read(text: str, scheme: Scheme) -> Tag:
    """The tag that ``text`` is; ``InvalidInput`` says why it is none of the three kinds."""
    if text.startswith(_COMMIT):
        commit = text.removeprefix(_COMMIT)
        if not (7 <= len(commit) <= 64 and _HEX.issuperset(commit)):
            raise InvalidInput(f"`{text}` names no commit: write sha- and 7 to 64 of 0-9 and a-f")
        return Tag(text, "commit", None)
    if "+" in text:
        raise InvalidInput(f"`{text}` can't be a tag: write {to_tag(text)}")
    version = scheme.version(to_version(text))
    if scheme.calendar is None and not text.startswith("v"):
        raise InvalidInput(f"`{text}` is a version, but tags of versions begin with v: write v{text}")
    if version.prerelease and version.rc is None:
        raise InvalidInput(f"`{text}` is a pre-release, but not a release candidate: write {to_tag(text).partition('-')[0]}-rc.1")
    return Tag(text, "rc" if version.prerelease else "release", version)


def versions(tags: Mapping[str, str], scheme: Scheme) -> list[Tag]:
    """Those of a repository's tags that are versions, oldest first; others (``latest``, signatures, somebody's own) are left out."""
    found = []
    for text in tags:
        try:
            version = scheme.version(to_version(text))
        except InvalidInput:
            continue
        # A tag without v, or another pre-release, is none of ours, but the version it names is taken all the same.
        found.append(Tag(text, "rc" if version.prerelease else "release", version))
    return sorted(found, key=lambda tag: (tag.version.key if tag.version else (), tag.text))
