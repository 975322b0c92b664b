# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One order (RFC 8555 §7.4): placed or gone on with, its names proven, its certificate fetched.

What it needs is on disk before the CA is asked, so that a run that ended in the middle loses neither the order nor a certificate that was made:

    <state>/<name>.key          the key of the certificate that is ordered, 0600
    <state>/<name>.order.json   where the order is, and for what
"""

from __future__ import annotations

import ipaddress
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils import _files
from ansible_collections.slipway.platform.plugins.module_utils._acme import jws, problem
from ansible_collections.slipway.platform.plugins.module_utils._acme.client import Client, Signer, content
from ansible_collections.slipway.platform.plugins.module_utils._acme.proof import Proof, Solver
from ansible_collections.slipway.platform.plugins.module_utils._errors import Conflict, Denied, InvalidInput, NotFound, SlipwayError, Unreachable, Untrusted
from ansible_collections.slipway.platform.plugins.module_utils._tls import held, issue
from ansible_collections.slipway.platform.plugins.module_utils._tls.certificate import describe
from ansible_collections.slipway.platform.plugins.module_utils._tls.wanted import Leaf
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,200}")  # RFC 8555 §8.1


@dataclass(frozen=True)
class Issued:
    """``chain``: PEM as the CA gave it, the certificate first."""

    chain: bytes
    key: issue.Key
    certificate: x509.Certificate


class Orders:
    """The orders of one account; ``folder`` keeps those under way."""

    def __init__(self, client: Client, signer: Signer, solver: Solver, folder: Path, profile: str = "") -> None:
        self._client, self._signer, self._solver, self._folder, self._profile = client, signer, solver, folder, profile

    def begun(self, leaf: Leaf) -> Issued | None:
        """The certificate of an order that another run placed for the same, gone on with; None if there is none that can be."""
        try:
            kept = json.loads(self._file(leaf).read_bytes())
            key = issue.load_key(self._key_file(leaf).read_bytes(), "")
        except (FileNotFoundError, ValueError, InvalidInput):
            return None
        if kept.get("wanted") != self._wanted(leaf):
            return None
        try:
            order = self._look(kept["url"])
        except (NotFound, InvalidInput, Conflict, Denied):
            return None
        if order.get("status") == "invalid":
            return None
        return self._finished(leaf, kept["url"], key)

    def placed(self, leaf: Leaf, replaces: str | None) -> Issued:
        """The certificate of a new order. ``replaces``: what renewal information calls the one before (RFC 9773 §5)."""
        key = issue.new_key()
        _files.make_private_folder(self._folder)
        self._file(leaf).unlink(missing_ok=True)  # it is of another key
        _files.write(self._key_file(leaf), issue.key_pem(key), 0o600)
        wanted = self._wanted(leaf)
        body = {"identifiers": wanted["names"]} | ({"profile": self._profile} if self._profile else {})
        try:
            answer = self._new(leaf, {**body, "replaces": replaces} if replaces else body)
        except SlipwayError as error:
            # Of another account or other names, or replaced already by a run that was lost: then it is an order like any other.
            if not replaces or error.facts.get("status", 429) in (429, 503):
                raise
            answer = self._new(leaf, body)
        url = answer.header("location")
        if not url:
            raise Unreachable(f"{leaf.name}: the CA does not say where the order is (no Location)")
        _files.write(self._file(leaf), json.dumps({"url": url, "wanted": wanted}), 0o600)
        return self._finished(leaf, url, key)

    def done(self, leaf: Leaf) -> None:
        """Nothing of it is needed any more."""
        self._file(leaf).unlink(missing_ok=True)
        self._key_file(leaf).unlink(missing_ok=True)

    def _new(self, leaf: Leaf, body: dict[str, Any]) -> Any:
        return self._client.post(self._signer, self._client.place("newOrder"), body, f"certificate {leaf.name}: to order it")

    def _finished(self, leaf: Leaf, url: str, key: issue.Key) -> Issued:
        what, proven, attempt = f"certificate {leaf.name}", False, 0
        while True:
            answer = self._post(url, None, f"{what}: its order")
            order = content(answer, what)
            status = order.get("status")
            if status == "pending" and not proven:
                self._prove(leaf, order)
                proven = True
                continue
            if status == "valid":
                chain = self._post(str(order.get("certificate")), None, f"{what}: to fetch it").body
                return Issued(chain, key, _checked(chain, leaf, key))
            if status == "invalid":
                self.done(leaf)
                refused = order.get("error") or {}
                raise InvalidInput(f"{what}: the CA gave the order up: {problem.told(refused)}", problem=problem.kind(refused))
            if status == "ready":
                self._post(str(order.get("finalize")), {"csr": _csr(leaf, key)}, f"{what}: to make it")
            self._client.pause(answer, attempt, what)
            attempt += 1

    def _prove(self, leaf: Leaf, order: dict[str, Any]) -> None:
        """Prove each name that the CA does not believe yet, all at once."""
        proofs = [proof for url in order.get("authorizations") or () if (proof := self._proof(leaf, str(url)))]
        if not proofs:
            return
        with self._solver.shown(proofs):
            for proof in proofs:
                self._post(proof.challenge, {}, f"certificate {leaf.name}: to be looked at {proof.name}")
            failed = [text for proof in proofs if (text := self._verdict(leaf, proof))]
        if failed:
            self.done(leaf)
            raise InvalidInput(f"certificate {leaf.name}: the CA could not see that {'; '.join(failed)}. The one that was there before still is")

    def _proof(self, leaf: Leaf, url: str) -> Proof | None:
        found = content(self._post(url, None, f"certificate {leaf.name}: a name of it"), url)
        name = str((found.get("identifier") or {}).get("value", "?"))
        if found.get("status") == "valid":
            return None
        offered = {each.get("type"): each for each in found.get("challenges") or ()}
        chosen = offered.get(self._solver.type)
        if chosen is None or found.get("status") != "pending":
            kinds = ", ".join(sorted(filter(None, offered))) or "none"
            raise InvalidInput(f"certificate {leaf.name}: {name} ({found.get('status')}) can't be proven by {self._solver.type}; the CA offers {kinds}")
        token = str(chosen.get("token") or "")
        # Both become parts of paths, records and arguments.
        if not _TOKEN.fullmatch(token) or name not in {each.removeprefix("*.") for each in (*leaf.dns, *leaf.ip)}:
            raise Untrusted(f"certificate {leaf.name}: the CA asks for a proof that nobody can mean ({name[:100]!r}, {token[:100]!r})")
        return Proof(name, token, f"{token}.{jws.thumbprint(self._signer.key)}", str(chosen.get("url")), url)

    def _verdict(self, leaf: Leaf, proof: Proof) -> str:
        """What the CA says against a proof, when it has decided; "" if it believes it."""
        attempt = 0
        while True:
            answer = self._post(proof.authorization, None, f"certificate {leaf.name}: {proof.name}")
            found = content(answer, proof.name)
            if found.get("status") == "valid":
                return ""
            if found.get("status") != "pending":
                told: dict[str, Any] = next((each["error"] for each in found.get("challenges") or () if each.get("error")), {})
                return f"{proof.name} is yours ({self._solver.type}, {self._solver.where(proof)}): {problem.told(told, of_proof=True)}"
            self._client.pause(answer, attempt, f"certificate {leaf.name}: {proof.name}")
            attempt += 1

    def _look(self, url: str) -> dict[str, Any]:
        return content(self._post(url, None, "an order of another run"), url)

    def _post(self, url: str, payload: dict[str, Any] | None, what: str) -> Any:
        return self._client.post(self._signer, url, payload, what)

    def _wanted(self, leaf: Leaf) -> dict[str, Any]:
        names = [{"type": "dns", "value": name} for name in leaf.dns] + [{"type": "ip", "value": address} for address in leaf.ip]
        return {"names": names, "profile": self._profile, "account": self._signer.account}

    def _file(self, leaf: Leaf) -> Path:
        return self._folder / f"{leaf.name}.order.json"

    def _key_file(self, leaf: Leaf) -> Path:
        return self._folder / f"{leaf.name}.key"


def _csr(leaf: Leaf, key: issue.Key) -> str:
    """The request for a certificate (RFC 8555 §7.4): names as alternative names only."""
    names: list[x509.GeneralName] = [*map(x509.DNSName, leaf.dns), *(x509.IPAddress(ipaddress.ip_address(address)) for address in leaf.ip)]
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    made = builder.add_extension(x509.SubjectAlternativeName(names), critical=False).sign(key, hashes.SHA256())
    return jws.encoded(made.public_bytes(serialization.Encoding.DER))


def _checked(chain: bytes, leaf: Leaf, key: issue.Key) -> x509.Certificate:
    """The certificate of a chain, if it is for this key and these names; whatever a CA says, nothing else takes the place of one that serves."""
    try:
        first = x509.load_pem_x509_certificates(chain)[0]
    except (ValueError, IndexError):
        raise Unreachable(f"certificate {leaf.name}: what the CA gave is no certificate in PEM") from None
    facts = describe(first)
    if not held.same_key(key, first) or (set(facts.dns), set(facts.ip)) != (set(leaf.dns), set(leaf.ip)):
        raise Untrusted(f"certificate {leaf.name}: what the CA gave is for another key or other names ({', '.join([*facts.dns, *facts.ip])})")
    return first
