# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""SCRAM-SHA-256 verifiers, computed here so that no clear password ever reaches SQL or a server log.

RFC 5802 section 3 gives the keys, RFC 7677 the hash; the text form is PostgreSQL's (``pg_authid.rolpassword``):

    SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey>      (salt and keys in base64)
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re

from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput

ITERATIONS = 4096
SALT_BYTES = 16

_FORM = re.compile(r"SCRAM-SHA-256\$(?P<iterations>[0-9]+):(?P<salt>[A-Za-z0-9+/=]+)\$(?P<stored>[A-Za-z0-9+/=]+):(?P<server>[A-Za-z0-9+/=]+)")


def verifier(password: str, salt: bytes, iterations: int = ITERATIONS) -> str:
    """What PostgreSQL stores for a password: a proof can be checked against it, but it cannot be used to log in.

    The password must be printable ASCII: for those SASLprep (RFC 4013) is the identity, so no client can disagree.
    """
    if not password or not all(" " <= character <= "~" for character in password):
        raise InvalidInput("a database password must be printable ASCII and not empty; let the store generate it")
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, iterations)
    stored = hashlib.sha256(_mac(salted, b"Client Key")).digest()
    return f"SCRAM-SHA-256${iterations}:{_text(salt)}${_text(stored)}:{_text(_mac(salted, b'Server Key'))}"


def matches(password: str, stored: str | None) -> bool:
    """Whether this verifier was made from this password; a missing or foreign verifier (md5) matches nothing."""
    form = _FORM.fullmatch(stored or "")
    if form is None or not password:
        return False
    again = verifier(password, base64.b64decode(form["salt"]), int(form["iterations"]))
    return hmac.compare_digest(again, form[0])


def redact(text: str) -> str:
    """The text without verifiers: PostgreSQL quotes the failing line in its errors."""
    return re.sub(r"SCRAM-SHA-256\$[^'\s]*", "SCRAM-SHA-256$(redacted)", text)


def _mac(key: bytes, message: bytes) -> bytes:
    return hmac.digest(key, message, "sha256")


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
