# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that gates may know of one service, read from registries, ledgers and clusters. What could not be read is unknown, never absent."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput, NotFound, SlipwayError
from ansible_collections.slipway.platform.plugins.module_utils._gates.model import FACTS, RELEASES, SIGNATURES, TAGS, Candidate, Facts, Release
from ansible_collections.slipway.platform.plugins.module_utils._gates.policy import Policy
from ansible_collections.slipway.platform.plugins.module_utils._oci.reference import Digest
from ansible_collections.slipway.platform.plugins.module_utils._oci.registry import Registry
from ansible_collections.slipway.platform.plugins.module_utils._records import environments, statements
from ansible_collections.slipway.platform.plugins.module_utils._records.environments import Environment
from ansible_collections.slipway.platform.plugins.module_utils._records.statements import Fact
from ansible_collections.slipway.platform.plugins.module_utils._sign import attached, cosign
from ansible_collections.slipway.platform.plugins.module_utils._sign.cosign import Signature
from ansible_collections.slipway.platform.plugins.module_utils._sign.dsse import Trust
from ansible_collections.slipway.platform.plugins.module_utils._versions import tags as tag_names
from ansible_collections.slipway.platform.plugins.module_utils._versions.tags import Scheme

_PARALLEL = 8
UNREADABLE = "unreadable"


@dataclass(frozen=True)
class Place:
    """A repository in which the service's image is, or will be."""

    registry: Registry
    repository: str


@dataclass(frozen=True)
class Gathered:
    """``ignored``: why statements and signatures that were found count for nothing."""

    facts: Facts
    ignored: tuple[str, ...]


def gather(
    candidate: Candidate, places: Sequence[Place], looked: Sequence[Environment], trust: Trust, policy: Policy, needed: Callable[[Facts], Collection[str]]
) -> Gathered:
    """``places``: where the candidate comes from, then where it goes. ``needed``: the digests beside the candidate's whose statements decide.

    What is said to have been deployed or promoted by somebody whose word does not count there (``Policy.recorders``) is no fact.
    """
    tags, unknown = _tags(candidate, places, policy.versions.scheme)
    first = _read(candidate.digest, places, trust)
    digests = [digest for digest in needed(Facts(facts=first.facts, tags=tags, unknown=unknown)) if digest != candidate.digest]
    with ThreadPoolExecutor(_PARALLEL) as pool:
        read = [first, *pool.map(lambda digest: _read(digest, places, trust), digests)]
    said = [fact for one in read for fact in one.facts]
    foreign = [fact for fact in said if fact.type in environments.RUNS and fact.by not in policy.recorders(fact.environment)]
    facts = [fact for fact in said if fact not in foreign]
    known = {(fact.type, fact.digest, fact.environment, fact.time, fact.by) for fact in facts}
    recorded = [fact for environment in looked for fact in environments.of_service(environment.records, candidate.service)]
    facts += [fact for fact in recorded if (fact.type, fact.digest, fact.environment, fact.time, fact.by) not in known]
    for one in read:
        unknown |= one.unknown
    releases: dict[str, Release] = {}
    for environment in looked:
        if environment.unknown:
            unknown[f"{RELEASES}:{environment.name}"] = environment.unknown
        elif release := environments.release_of(environment, candidate.service, facts):
            releases[environment.name] = release
    signatures, why = _signatures(candidate.digest, places, trust)
    unknown |= {f"{SIGNATURES}:{candidate.digest}": why} if why else {}
    ignored = [f"{fact.reference}: {fact.by} says {fact.type!r}, and does not count for {fact.environment}" for fact in foreign]
    ignored += [text for one in read for text in one.ignored] + [f"{one.reference}: {one.problem}" for one in signatures if one.problem]
    ordered = tuple(sorted(facts, key=lambda fact: (fact.time, fact.reference)))
    return Gathered(Facts(ordered, signatures, releases, tags, unknown), tuple(dict.fromkeys(ignored)))


@dataclass(frozen=True)
class _Read:
    facts: tuple[Fact, ...]
    unknown: Mapping[str, str]
    ignored: tuple[str, ...]


def _read(digest: str, places: Sequence[Place], trust: Trust) -> _Read:
    """The statements on a digest, wherever it is. One that is listed and can't be fetched could be a rejection: then nothing is known."""
    facts: dict[tuple[object, ...], Fact] = {}
    ignored: list[str] = []
    for place in places:
        try:
            found = attached.read(place.registry, place.repository, Digest.parse(digest), trust).statements
        except NotFound:
            continue
        except SlipwayError as error:
            return _Read((), {f"{FACTS}:{digest}": error.message}, ())
        lost = next((one for one in found if one.code == UNREADABLE), None)
        if lost:
            return _Read((), {f"{FACTS}:{digest}": f"{lost.reference}: {lost.problem}"}, ())
        # The same statement in two repositories is one fact.
        facts |= {(fact.type, fact.digest, fact.reference.partition("@")[2]): fact for fact in reversed(statements.facts(found))}
        ignored += statements.problems(found)
    return _Read(tuple(facts.values()), {}, tuple(ignored))


def _signatures(digest: str, places: Sequence[Place], trust: Trust) -> tuple[tuple[Signature, ...], str]:
    """Those at the source: promotion carries them, and refuses to leave one behind."""
    try:
        found = cosign.verify(places[0].registry, places[0].repository, Digest.parse(digest), trust)
    except SlipwayError as error:
        return (), error.message
    lost = next((one for one in found if one.code == UNREADABLE and not any(not other.problem for other in found)), None)
    return found, f"{lost.reference}: {lost.problem}" if lost else ""


def _tags(candidate: Candidate, places: Sequence[Place], scheme: Scheme) -> tuple[dict[str, str], dict[str, str]]:
    """Tag to digest, for those that can decide about the candidate's version; the destination's word comes last and counts."""
    found: dict[str, str] = {}
    for place in places:
        try:
            names = place.registry.tags(place.repository)
        except NotFound:
            continue
        except SlipwayError as error:
            return {}, {TAGS: error.message}
        rivals = [name for name in names if _matters(name, candidate.version, scheme)]
        try:
            with ThreadPoolExecutor(_PARALLEL) as pool:
                found |= dict(zip(rivals, pool.map(lambda name, at=place: _resolve(at, name), rivals), strict=True))
        except SlipwayError as error:
            return {}, {TAGS: error.message}
    return {name: digest for name, digest in found.items() if digest}, {}


def _matters(name: str, version: str, scheme: Scheme) -> bool:
    """A rule of versions compares digests only within one X.Y.Z: its candidates, and the release under any spelling."""
    if name == version:
        return True
    known = {tag.text: tag.version.core for tag in tag_names.versions({name: "", version: ""}, scheme) if tag.version}
    return name in known and known[name] == known.get(version)


def _resolve(place: Place, tag: str) -> str:
    manifest = place.registry.find(place.repository, tag)
    return str(manifest.digest) if manifest else ""


def version_of(tags: Collection[str], scheme: Scheme) -> str:
    """Which of the tags is the version: the only one of the three kinds, releases before candidates before commits."""
    kinds: dict[str, list[str]] = {"release": [], "rc": [], "commit": []}
    for tag in tags:
        try:
            kinds[tag_names.read(tag, scheme).kind].append(tag)
        except InvalidInput:
            continue  # one that may move, such as 1.4
    named = next((found for found in kinds.values() if found), [])
    if len(named) > 1:
        raise InvalidInput(f"{', '.join(named)} are {len(named)} versions of one image: give it one, and beside it only tags that may move")
    return named[0] if named else ""
