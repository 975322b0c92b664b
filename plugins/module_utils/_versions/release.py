# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which digest may have which version.

A release vX.Y.Z points at the digest of the highest vX.Y.Z-rc.N that is verified, soaked and not rejected.
A version belongs to one digest for ever, and an environment goes forward only.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput
from ansible_collections.slipway.platform.plugins.module_utils._versions.tags import Kind, Scheme, Tag, read, versions

_KIND_TEXT: Mapping[Kind, str] = {"commit": "a commit", "rc": "a release candidate", "release": "a release"}


@dataclass(frozen=True)
class Refusal:
    """Why not: ``code`` for programs, ``reason`` for people."""

    code: str
    reason: str


def form(text: str, scheme: Scheme, accept: Collection[Kind]) -> Tag | Refusal:
    """The tag, or why it is not one that this environment takes."""
    try:
        tag = read(text, scheme)
    except InvalidInput as error:
        return Refusal("not_a_version", error.message)
    if tag.kind not in accept:
        wanted = " or ".join(_KIND_TEXT[kind] for kind in accept)
        return Refusal("not_accepted", f"{text} is {_KIND_TEXT[tag.kind]}; this environment takes {wanted}")
    return tag


def taken(tag: Tag, digest: str, scheme: Scheme, tags: Mapping[str, str]) -> Refusal | None:
    """A version that another digest has, under this or another spelling (``v1.4.0``, ``1.4.0``, ``v1.4.0_build.2``), or an rc after its release."""
    if tag.version is None:
        other = tags.get(tag.text, digest)
        return Refusal("version_taken", f"{tag.text} points at {other}") if other != digest else None
    for known in versions(tags, scheme):
        if known.version is None or tags[known.text] == digest:
            continue
        if known.version.key == tag.version.key:
            return Refusal("version_taken", f"{known.text} is released as {tags[known.text]} already; a version is never released again: take the next one")
        if tag.kind == "rc" and known.kind == "release" and known.version.core == tag.version.core and tag.text not in tags:
            return Refusal("released_already", f"{tag.text} comes after its release {known.text}: begin the candidates of the next version")
    return None


def candidates(tag: Tag, scheme: Scheme, tags: Mapping[str, str]) -> list[Tag]:
    """The release candidates of a release, highest first."""
    return [
        known
        for known in reversed(versions(tags, scheme))
        if tag.version is not None and known.version is not None and known.version.rc is not None and known.version.core == tag.version.core
    ]


def rivals(tag: Tag, digest: str, scheme: Scheme, tags: Mapping[str, str]) -> list[Tag]:
    """The candidates above the highest that has this digest (all of them, if none has), highest first."""
    found: list[Tag] = []
    for known in candidates(tag, scheme, tags):
        if tags[known.text] == digest:
            break
        found.append(known)
    return found


def highest(tag: Tag, digest: str, scheme: Scheme, tags: Mapping[str, str], hindrance: Callable[[str], str]) -> Refusal | None:
    """The rule of releases. ``hindrance(digest)``: why a candidate is not verified, not soaked or rejected; empty if it could be released.

    The candidate's own digest is not asked: whether it may go is for the other gates to say, and "not yet" is not "no".
    """
    if tag.kind != "release":
        return None
    known = candidates(tag, scheme, tags)
    if not known:
        return Refusal("no_candidate", f"{tag.text} has no release candidate: tag the digest {tag.text}-rc.1 and let it pass the environment before")
    above = rivals(tag, digest, scheme, tags)
    better = next((rival for rival in above if not hindrance(tags[rival.text])), None)
    if better is not None:
        return Refusal("not_highest", f"{tag.text} is for the digest of {better.text}, the highest candidate that may be released: {tags[better.text]}")
    if len(above) == len(known):
        return Refusal("not_a_candidate", f"none of the candidates of {tag.text} ({', '.join(rival.text for rival in above)}) has this digest")
    return None


def order(tag: Tag, digest: str, scheme: Scheme, running: str, running_digest: str) -> Refusal | None:
    """Forward only. A version that runs but is none of this scheme, or a commit, has no order with others."""
    try:
        before = read(running, scheme).version
    except InvalidInput:
        return None
    if before is None or tag.version is None:
        return None
    if tag.version.key < before.key:
        return Refusal("downgrade", f"{tag.text} is older than {running}, which runs: to go back to a recorded release, ask for a rollback")
    if tag.version.key == before.key and digest != running_digest:
        return Refusal("version_taken", f"{running} runs already, as {running_digest}; a version is never released again: take the next one")
    return None
