# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The bearer tokens of ``aws eks get-token``: a GetCallerIdentity call of STS that is signed and not sent, for one cluster.

What is checked, and how long a token holds, is what aws-iam-authenticator's verifier has (pkg/token): the prefix, the length, the address, nothing in the
query that does not belong there, the signed header x-k8s-aws-id, and 15 minutes from X-Amz-Date on; X-Amz-Expires, which clients set to 60, is looked at
and counts for nothing. The verifier then sends the call and STS checks the signature; here the signature is computed again instead.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, quote, urlsplit

PREFIX, HEADER = "k8s-aws-v1.", "x-k8s-aws-id"
LIFETIME, AHEAD = timedelta(minutes=15), timedelta(minutes=5)
_LONGEST = 4096
_STS = re.compile(r"https://sts\.(?:[a-z]{2}(?:-[a-z]+)+-\d\.)?amazonaws\.com(?:\.cn)?")
_KNOWN = {
    "action",
    "version",
    "x-amz-algorithm",
    "x-amz-credential",
    "x-amz-date",
    "x-amz-expires",
    "x-amz-security-token",
    "x-amz-signature",
    "x-amz-signedheaders",
}


class BadToken(Exception):
    """Why a token is not accepted; its text has nothing of the token but what is no secret."""


@dataclass(frozen=True)
class Key:
    """What STS knows of an access key: whose it is (the ARN that GetCallerIdentity tells), and what signs with it. ``session``: "" for a lasting one."""

    arn: str
    secret: str
    session: str = ""


def principal_of(token: str, cluster: str, now: datetime, keys: Callable[[str], Key | None], endpoints: Collection[str] = ()) -> str:
    """The ARN of whoever made the token. ``keys`` finds an access key by its id; ``endpoints``: addresses of STS besides AWS's own, as ``http://host:port``.

    Raises BadToken.
    """
    url = _decoded(token)
    parts = urlsplit(url)
    address = f"{parts.scheme}://{parts.netloc}"
    if not _STS.fullmatch(address) and address not in endpoints:
        raise BadToken(f"the pre-signed URL is for {address}, which is not STS")
    if parts.path not in ("", "/"):
        raise BadToken("the pre-signed URL has a path")
    query = _query(parts.query)
    _check(query, now)
    access_key, _, scope = query["x-amz-credential"].partition("/")
    key = keys(access_key)
    if key is None:
        raise BadToken(f"the access key {access_key} is not known")
    if key.session != query.get("x-amz-security-token", ""):
        raise BadToken(f"the session token does not belong to the access key {access_key}")
    expected = _signature(parts.netloc, parts.query, query, scope, key.secret, cluster)
    if not hmac.compare_digest(expected, query["x-amz-signature"]):
        raise BadToken(f"the signature is wrong, or the token is for another cluster than {cluster}")
    return key.arn


def _decoded(token: str) -> str:
    if len(token) > _LONGEST:
        raise BadToken("the token is too large")
    if not token.startswith(PREFIX):
        raise BadToken(f"the token does not begin with {PREFIX}")
    text = token.removeprefix(PREFIX)
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True).decode("ascii")
    except (binascii.Error, UnicodeDecodeError):
        raise BadToken("the token is not base64") from None


def _query(text: str) -> dict[str, str]:
    query: dict[str, str] = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        if name.lower() not in _KNOWN:
            raise BadToken(f"the pre-signed URL has the parameter {name}, which does not belong there")
        if name.lower() in query:
            raise BadToken(f"the pre-signed URL has the parameter {name} twice")
        query[name.lower()] = value
    return query


def _check(query: dict[str, str], now: datetime) -> None:
    missing = sorted(_KNOWN - {"x-amz-security-token", "version"} - query.keys())
    if missing:
        raise BadToken(f"the pre-signed URL lacks {', '.join(missing)}")
    if query["action"] != "GetCallerIdentity":
        raise BadToken("the pre-signed URL is for another action than GetCallerIdentity")
    if HEADER not in query["x-amz-signedheaders"].lower().split(";"):
        raise BadToken(f"the header {HEADER} is not signed: the token would hold for any cluster")
    if not query["x-amz-expires"].isdigit() or int(query["x-amz-expires"]) > LIFETIME.total_seconds():
        raise BadToken("X-Amz-Expires is not between 0 and 900")
    try:
        made = datetime.strptime(query["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        raise BadToken("X-Amz-Date is no time") from None
    if now > made + LIFETIME:
        raise BadToken(f"the token has expired: it was made at {made:%Y-%m-%dT%H:%M:%SZ}")
    if made > now + AHEAD:
        raise BadToken(f"the token is not valid yet: it was made at {made:%Y-%m-%dT%H:%M:%SZ}")


def _signature(host: str, raw: str, query: dict[str, str], scope: str, secret: str, cluster: str) -> str:
    """Signature Version 4 of a pre-signed GET, as it must be if the header names this cluster."""
    pairs = [(name, value) for name, value in parse_qsl(raw, keep_blank_values=True) if name.lower() != "x-amz-signature"]
    sorted_query = "&".join(sorted(f"{quote(name, safe='-_.~')}={quote(value, safe='-_.~')}" for name, value in pairs))
    signed = query["x-amz-signedheaders"]
    values = {"host": host, HEADER: cluster}
    headers = "".join(f"{name}:{values.get(name, '')}\n" for name in signed.split(";"))
    request = "\n".join(["GET", "/", sorted_query, headers, signed, hashlib.sha256(b"").hexdigest()])
    text = "\n".join([query["x-amz-algorithm"], query["x-amz-date"], scope, hashlib.sha256(request.encode()).hexdigest()])
    key = f"AWS4{secret}".encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
