# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Signatures of images as cosign makes them, in both of its forms.

bundle   a Sigstore bundle as OCI referrer, with a statement of the type ``cosign/sign/v1``: cosign 3
tag      a layer of the manifest tagged ``sha256-<hex>.sig``, with a simple signing payload: cosign 1 and 2

A statement of another type is no image signature, though ``cosign verify`` takes any that the key signed: "rejected" must not read as
"signed". A signature is bound to a digest and stays good when the image is promoted; whoever wants the repository checked too says
which (``names``).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from ansible_collections.slipway.platform.plugins.module_utils._errors import Conflict, SlipwayError
from ansible_collections.slipway.platform.plugins.module_utils._oci import referrers
from ansible_collections.slipway.platform.plugins.module_utils._oci.layout import Descriptor
from ansible_collections.slipway.platform.plugins.module_utils._oci.reference import Digest
from ansible_collections.slipway.platform.plugins.module_utils._oci.registry import Registry
from ansible_collections.slipway.platform.plugins.module_utils._sign import bundle, found, simple, tagged
from ansible_collections.slipway.platform.plugins.module_utils._sign.dsse import Signer, Trust, decode64
from ansible_collections.slipway.platform.plugins.module_utils._sign.found import Found, Problem
from ansible_collections.slipway.platform.plugins.module_utils._sign.simple import Claim
from ansible_collections.slipway.platform.plugins.module_utils._sign.statement import IMAGE_SIGNATURE, PAYLOAD_TYPE, Statement, Subject, claimed_type
from ansible_collections.slipway.platform.plugins.module_utils._sign.statement import decode as decode_statement
from ansible_collections.slipway.platform.plugins.module_utils._sign.statement import encode as encode_statement

BUNDLE, TAG = "bundle", "tag"
FORMS = (BUNDLE, TAG)
_CERTIFICATE = "dev.sigstore.cosign/certificate"


@dataclass(frozen=True)
class Signature:
    """A signature that was found: by whom it is, or why it counts for nothing (``problem``; its ``code``: see ``found.Problem``)."""

    signer: str
    form: str
    problem: str = ""
    code: str = ""
    reference: str = ""


def verify(
    registry: Registry, repository: str, digest: Digest, trust: Trust, *, names: Collection[str] = (), forms: Collection[str] = FORMS
) -> tuple[Signature, ...]:
    """Every signature of an image, good or not, without asking anybody but the registry.

    ``names``: registry/repository of which one must be signed too. Raises only if what is attached can't be listed.
    """
    judged: list[Signature | None] = []
    if BUNDLE in forms:
        judged += [_judge_bundle(one, digest, trust, names) for one in found.bundles(registry, repository, digest, lambda kind: kind == IMAGE_SIGNATURE)]
    if TAG in forms:
        judged += [_judge_layer(one, digest, trust, names) for one in found.layers(registry, repository, digest, "sig", simple.TYPE)]
    return tuple(one for one in judged if one is not None)


def missing(registry: Registry, repository: str, digest: Digest, signer: Signer, forms: Sequence[str]) -> tuple[str, ...]:
    """The forms in which this key has not signed the image yet."""
    good = {one.form for one in verify(registry, repository, digest, Trust({signer.name: signer.public_key}), forms=forms) if not one.problem}
    return tuple(form for form in forms if form not in good)


def sign(registry: Registry, repository: str, subject: Descriptor, signer: Signer, forms: Sequence[str] = (BUNDLE,)) -> tuple[str, ...]:
    """Sign an image in each form in which this key has not, and return those forms. Nothing that is there is replaced."""
    wanted = missing(registry, repository, subject.digest, signer, forms)
    add(registry, repository, subject, signer, wanted)
    return wanted


def add(registry: Registry, repository: str, subject: Descriptor, signer: Signer, forms: Sequence[str]) -> None:
    """Sign an image in these forms, whatever is there."""
    claim = Claim(f"{registry.host}/{repository}", subject.digest)
    if BUNDLE in forms:
        statement = Statement(IMAGE_SIGNATURE, (Subject(claim.name, claim.digest),), {})
        content = bundle.encode(PAYLOAD_TYPE, encode_statement(statement), signer)
        marks = {found.PREDICATE_TYPE: IMAGE_SIGNATURE, "dev.sigstore.bundle.content": "dsse-envelope"}
        referrers.attach(registry, repository, subject, referrers.Artifact(bundle.TYPE, content, marks))
    if TAG in forms:
        payload = simple.encode(claim)
        tagged.add(registry, repository, found.tag(subject.digest, "sig"), payload, signer.sign(payload))


def _judge_bundle(one: Found, digest: Digest, trust: Trust, names: Collection[str]) -> Signature | None:
    try:
        if one.unreadable:
            return Signature("", BUNDLE, one.unreadable, "unreadable", one.reference)
        value = bundle.decode(one.data)
        if claimed_type(value.envelope.payload) not in ("", IMAGE_SIGNATURE):
            return None
        opened = bundle.open_bundle(value, trust)
        statement = decode_statement(opened.payload, opened.payload_type)
        _check([Claim(subject.name, subject.digest) for subject in statement.subjects], digest, names)
    except SlipwayError as error:
        problem = Problem.of(error)
        return Signature("", BUNDLE, problem.text, problem.code, one.reference)
    return Signature(opened.signer, BUNDLE, reference=one.reference)


def _judge_layer(one: Found, digest: Digest, trust: Trust, names: Collection[str]) -> Signature:
    try:
        if one.unreadable:
            return Signature("", TAG, one.unreadable, "unreadable", one.reference)
        signer = trust.signer(decode64(one.annotations.get(tagged.SIGNATURE, ""), "the signature"), one.data)
        _check([simple.decode(one.data)], digest, names)
    except SlipwayError as error:
        problem = Problem.of(error)
        by_certificate = problem.code == "other_signer" and one.annotations.get(_CERTIFICATE)
        text = "signed with a certificate, in the older form; identities are verified in bundles only" if by_certificate else problem.text
        return Signature("", TAG, text, problem.code, one.reference)
    return Signature(signer, TAG, reference=one.reference)


def _check(claims: Sequence[Claim], digest: Digest, names: Collection[str]) -> None:
    """Raises ``Conflict`` unless this is what was signed: a good signature of something else proves nothing here."""
    about = [claim for claim in claims if claim.digest == digest]
    if not about:
        raise Conflict(f"signed for {', '.join(str(claim.digest) for claim in claims[:3])}, not for {digest}")
    if names and not any(claim.name in names for claim in about):
        raise Conflict(f"signed as {about[0].name or 'an image without a name'}, not as {' or '.join(sorted(names))}")
