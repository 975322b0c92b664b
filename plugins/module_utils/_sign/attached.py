# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Signed statements attached to an image.

Written: a Sigstore bundle as OCI referrer, as ``cosign attest`` of version 3 does. Read: that, and the envelopes behind the tag
``sha256-<hex>.att`` of older versions. What is attached is an offer of whoever may write to the registry; only the signature counts,
and only for the digests that the signed statement names.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ansible_collections.slipway.platform.plugins.module_utils._errors import Conflict, InvalidInput, SlipwayError
from ansible_collections.slipway.platform.plugins.module_utils._oci import referrers
from ansible_collections.slipway.platform.plugins.module_utils._oci.layout import Descriptor
from ansible_collections.slipway.platform.plugins.module_utils._oci.reference import Digest
from ansible_collections.slipway.platform.plugins.module_utils._oci.registry import Registry
from ansible_collections.slipway.platform.plugins.module_utils._sign import bundle, dsse, found
from ansible_collections.slipway.platform.plugins.module_utils._sign.dsse import Opened, Signer, Trust
from ansible_collections.slipway.platform.plugins.module_utils._sign.found import Found, Problem
from ansible_collections.slipway.platform.plugins.module_utils._sign.statement import IMAGE_SIGNATURE, PAYLOAD_TYPE, Statement, claimed_type, decode, encode

# Which statement is inside, so that attaching it again can see that it is there.
STATEMENT = "dev.slipway.statement"
_ENVELOPE = "application/vnd.dsse.envelope.v1+json"


@dataclass(frozen=True)
class Signed:
    """A statement that was found. With a ``problem`` (and its ``code``, see ``found.Problem``) there is neither statement nor signer."""

    statement: Statement | None
    signer: str
    reference: str
    problem: str = ""
    code: str = ""


@dataclass(frozen=True)
class Attached:
    """All that is attached, in the order in which the registry lists it."""

    statements: tuple[Signed, ...]


def attach(registry: Registry, repository: str, subject: Descriptor, statement: Statement, signer: Signer) -> Descriptor:
    """Sign a statement and attach it to an image. A statement that this key has attached already changes nothing."""
    if not statement.is_about(subject.digest):
        raise InvalidInput(f"the statement is not about {subject.digest}, to which it should be attached")
    payload = encode(statement)
    marks = {STATEMENT: str(Digest.of(payload)), found.PREDICATE_TYPE: statement.predicate_type, "dev.sigstore.bundle.content": "dsse-envelope"}
    return _present(registry, repository, subject, marks, signer) or referrers.attach(
        registry, repository, subject, referrers.Artifact(bundle.TYPE, bundle.encode(PAYLOAD_TYPE, payload, signer), marks)
    )


def read(registry: Registry, repository: str, digest: Digest, trust: Trust) -> Attached:
    """Every statement that is attached to an image, good or not. Raises only if what is attached can't be listed."""
    listed = found.bundles(registry, repository, digest, lambda kind: kind != IMAGE_SIGNATURE)
    statements = [_judge(one, digest, lambda data: _bundle(data, trust)) for one in listed]
    older = found.layers(registry, repository, digest, "att", _ENVELOPE)
    statements += [_judge(one, digest, lambda data: dsse.open_envelope(data, trust)) for one in older]
    return Attached(tuple(one for one in statements if one is not None))


def _bundle(data: bytes, trust: Trust) -> Opened | None:
    """What a bundle holds; None if it is an image signature, which no policy asks for as a statement."""
    value = bundle.decode(data)
    return None if claimed_type(value.envelope.payload) == IMAGE_SIGNATURE else bundle.open_bundle(value, trust)


def _judge(one: Found, digest: Digest, opened: Callable[[bytes], Opened | None]) -> Signed | None:
    if one.unreadable:
        return Signed(None, "", one.reference, one.unreadable, "unreadable")
    try:
        content = opened(one.data)
        if content is None:
            return None
        statement = decode(content.payload, content.payload_type)
        if not statement.is_about(digest):
            raise Conflict(f"it is about {', '.join(str(subject.digest) for subject in statement.subjects[:3])}, not about {digest}")
    except SlipwayError as error:
        problem = Problem.of(error)
        return Signed(None, "", one.reference, problem.text, problem.code)
    return Signed(statement, content.signer, one.reference)


def _present(registry: Registry, repository: str, subject: Descriptor, marks: dict[str, str], signer: Signer) -> Descriptor | None:
    """The referrer that holds this statement by this key, if there is one; believed only after its signature was verified."""
    own = Trust({signer.name: signer.public_key})
    for listed in referrers.referrers(registry, repository, subject.digest):
        # A list should repeat annotations (distribution specification 1.1, "Listing Referrers"); where it does not, the bundle is read.
        marked = listed.annotations.get(STATEMENT) == marks[STATEMENT]
        if not marked and (listed.annotations or not found.may_be_bundle(listed)):
            continue
        one = found.bundle_of(registry, repository, listed)
        try:
            if one and not one.unreadable and str(Digest.of(bundle.open_bundle(bundle.decode(one.data), own).payload)) == marks[STATEMENT]:
                return listed
        except SlipwayError:
            continue  # somebody else's, or a broken one: ours comes beside it
    return None
