# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tokens are made here as the AWS CLI makes them: by botocore's signer, with the header of the cluster."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from unittest.mock import patch

import botocore.auth
import pytest
from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from simulator.eks.tokens import BadToken, Key, principal_of

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
ARN = "arn:aws:iam::123456789012:user/jane"
SECRET = "secret/secret/secret/secret/secret/12345"
URL = "https://sts.eu-central-1.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15"


def url(address: str = URL, cluster: str | None = "one", made: datetime = NOW, secret: str = SECRET, session: str | None = None, expires: int = 60) -> str:
    """Signed as botocore signs it, at the time that is said."""
    headers = {} if cluster is None else {"x-k8s-aws-id": cluster}
    request = AWSRequest("GET", address, headers=headers)

    with patch.object(botocore.auth, "get_current_datetime", lambda remove_tzinfo=True: made.replace(tzinfo=None)):
        SigV4QueryAuth(Credentials("AKIAONE", secret, session), "sts", "eu-central-1", expires).add_auth(request)
    return str(request.url)


def token(text: str) -> str:
    return "k8s-aws-v1." + base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def keys(session: str = "") -> Callable[[str], Key | None]:
    return lambda access_key: Key(ARN, SECRET, session) if access_key == "AKIAONE" else None


def test_a_token_says_who_made_it() -> None:
    assert principal_of(token(url()), "one", NOW, keys()) == ARN
    assert principal_of(token(url(session="session+/=")), "one", NOW, keys("session+/=")) == ARN


def test_a_token_is_for_one_cluster() -> None:
    with pytest.raises(BadToken, match="for another cluster than two"):
        principal_of(token(url()), "two", NOW, keys())
    with pytest.raises(BadToken, match="x-k8s-aws-id is not signed"):
        principal_of(token(url(cluster=None)), "one", NOW, keys())


def test_a_token_holds_for_fifteen_minutes() -> None:
    assert principal_of(token(url()), "one", NOW + timedelta(minutes=15), keys()) == ARN
    with pytest.raises(BadToken, match="has expired"):
        principal_of(token(url()), "one", NOW + timedelta(minutes=15, seconds=1), keys())
    with pytest.raises(BadToken, match="not valid yet"):
        principal_of(token(url()), "one", NOW - timedelta(minutes=6), keys())


def test_whoever_has_another_secret_is_nobody() -> None:
    with pytest.raises(BadToken, match="the signature is wrong"):
        principal_of(token(url(secret="other")), "one", NOW, keys())
    with pytest.raises(BadToken, match="session token does not belong"):
        principal_of(token(url()), "one", NOW, keys("session"))
    with pytest.raises(BadToken, match="AKIAONE is not known"):
        principal_of(token(url()), "one", NOW, lambda access_key: None)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (URL.replace("sts.eu-central-1.amazonaws.com", "sts.evil.example"), "is not STS"),
        (URL.replace("https", "http"), "is not STS"),
        (URL.replace("/?", "/x?"), "has a path"),
        (URL.replace("GetCallerIdentity", "AssumeRole"), "another action"),
        (URL + "&Extra=1", "does not belong there"),
    ],
)
def test_only_the_one_call_counts(text: str, message: str) -> None:
    with pytest.raises(BadToken, match=message):
        principal_of(token(url(text)), "one", NOW, keys())


def test_a_changed_url_is_refused() -> None:
    with pytest.raises(BadToken, match="the signature is wrong"):
        principal_of(token(url().replace("X-Amz-Expires=60", "X-Amz-Expires=600")), "one", NOW, keys())
    with pytest.raises(BadToken, match="between 0 and 900"):
        principal_of(token(url(expires=3600)), "one", NOW, keys())
    with pytest.raises(BadToken, match="twice"):
        principal_of(token(url() + "&Action=GetCallerIdentity"), "one", NOW, keys())
    with pytest.raises(BadToken, match="lacks x-amz-algorithm"):
        principal_of(token(URL), "one", NOW, keys())


@pytest.mark.parametrize(
    ("text", "message"), [("nonsense", "does not begin with"), ("k8s-aws-v1.%%%", "not base64"), ("k8s-aws-v1." + "a" * 5000, "too large")]
)
def test_what_is_no_token_is_refused(text: str, message: str) -> None:
    with pytest.raises(BadToken, match=message):
        principal_of(text, "one", NOW, keys())


def test_the_simulator_has_an_sts_of_its_own() -> None:
    address = "http://127.0.0.1:5000"
    signed = token(url(f"{address}/?Action=GetCallerIdentity&Version=2011-06-15"))
    assert principal_of(signed, "one", NOW, keys(), {address}) == ARN


def test_refusals_tell_no_secret() -> None:
    signed = token(url(session="the-session"))
    for now, known in ((NOW, keys("other")), (NOW + timedelta(hours=1), keys("the-session"))):
        with pytest.raises(BadToken) as caught:
            principal_of(signed, "one", now, known)
        assert "the-session" not in str(caught.value)
        assert SECRET not in str(caught.value)
        assert signed not in str(caught.value)
