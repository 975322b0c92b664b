# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates of a real CA: ordered once, kept, renewed, and never lost."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._acme import due
from ansible_collections.slipway.platform.plugins.module_utils._acme.wanted import Challenge
from ansible_collections.slipway.platform.plugins.module_utils._certificates.model import Window
from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput, NotReady, Unreachable, Untrusted
from ansible_collections.slipway.platform.plugins.module_utils._oci.messages import Request as Asked
from ansible_collections.slipway.platform.plugins.module_utils._oci.messages import Response
from ansible_collections.slipway.platform.plugins.module_utils._tls import held
from ansible_collections.slipway.platform.plugins.module_utils._tls.authority import ensure as local_ca
from ansible_collections.slipway.platform.plugins.module_utils._tls.wanted import Leaf
from ansible_collections.slipway.platform.plugins.module_utils._tls.wanted import Request as Local
from support import acme
from support.acme import Pebble
from support.programs import runner

from .conftest import WEB, Scene, Wire

DAY = timedelta(days=1)


def test_ordered_once_and_then_nobody_is_asked(scene: Scene, tmp_path: Path) -> None:
    first = scene.ensure()
    assert (first.changed, first.certificates[0].action, first.certificates[0].reason, scene.wire.orders()) == (True, "issued", "it does not exist", 1)
    assert (scene.folder / "web.crt").stat().st_mode & 0o777 == 0o644
    secrets = [scene.folder / "web.key", Path(first.account.key_file)]
    assert {path.stat().st_mode & 0o777 for path in secrets} == {0o600}
    assert {path.stat().st_mode & 0o077 for path in scene.folder.rglob("*") if path.is_dir()} == {0}
    (tmp_path / "root.pem").write_bytes(scene.pebble.root())
    runner("openssl", tmp_path)(
        "verify", "-x509_strict", "-CAfile", "root.pem", "-untrusted", "tls/web.crt", "-verify_hostname", "shop.example.com", "tls/web.crt"
    )

    second = scene.ensure()  # asks for renewal information, once
    before = scene.files()
    third = scene.ensure()
    assert (second.changed, third.changed, third.certificates[0].action) == (False, False, "unchanged")
    assert scene.wire.log == [], "it was asked for nothing"
    assert scene.files() == before
    assert third.certificates[0].serial == first.certificates[0].serial
    assert "PRIVATE KEY" not in str([first, second, third])


def test_check_mode_writes_and_orders_nothing(scene: Scene) -> None:
    planned = scene.ensure(check_mode=True)
    assert (planned.changed, planned.certificates[0].action, planned.certificates[0].serial, planned.account.uri) == (True, "issued", "", "")
    assert scene.files() == {}
    assert not any(line.startswith("POST") for line in scene.wire.log)
    scene.ensure()
    before = scene.files()
    planned = scene.ensure(check_mode=True, renew_all=True)
    assert (planned.changed, planned.certificates[0].action, planned.certificates[0].reason) == (True, "renewed", "renewal was asked for")
    assert scene.ensure(check_mode=True).changed is False
    assert scene.files() == before
    assert not any(line.startswith("POST") for line in scene.wire.log)


def test_wherever_a_run_ends_the_next_one_finishes_it(pebble: Pebble, tmp_path: Path) -> None:
    """Cut before each of its requests, and after it (the answer is lost). What is held is whole at each moment, and no order is wasted."""

    class CutError(Exception):
        pass

    def cut(wire: Wire, at: int, lost: bool) -> Callable[[Asked], Response | None]:
        def instead(request: Asked) -> Response | None:
            if len(wire.log) == at:
                if lost:
                    super(Wire, wire).send(request)
                raise CutError
            return None

        return instead

    whole = Scene(pebble, tmp_path / "whole")
    whole.ensure()
    first, second = whole.pair(), (whole.ensure(renew_all=True), whole.pair())[1]
    assert first != second
    length = len(whole.wire.log)
    cuts = 0
    for at in range(1, length + 1):
        for lost in (False, True):
            scene = Scene(pebble, tmp_path / f"{at}-{lost}")
            scene.ensure()
            before, wire = scene.pair(), Wire(pebble.ca_file)
            wire.instead = cut(wire, at, lost)
            try:
                scene.ensure(wire=wire, renew_all=True)
            except CutError:
                cuts += 1
            else:  # the CA was faster this time, and there was no such request
                continue
            assert scene.pair() == before, "what serves is still there"
            after = scene.ensure(renew_all=True)
            assert scene.pair() != before
            assert held.read(scene.folder, "web").fault == ""
            assert after.certificates[0].action == "renewed"
            answered = "POST /order-plz" in wire.log[: at - 1]  # it said where the order is
            looking = "POST /chalZ" in wire.log and "POST /finalize-order" not in wire.log  # the CA looks, and may find nobody there any more
            assert scene.wire.orders() in ((0, 1) if looking else (0,) if answered else (1,)), (at, lost, wire.log)
            assert scene.ensure().changed is False
            assert not list(scene.folder.rglob("*.order.json"))
    assert cuts >= 20


def test_a_pair_that_was_half_written_is_made_whole_by_the_order_that_is_there(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    scene.ensure()
    before = scene.pair()
    kept = {}

    def remember(request: Asked) -> Response | None:
        kept.update({path.name: path.read_bytes() for path in scene.request.state.glob("web.*")})
        return None

    wire = Wire(scene.pebble.ca_file)
    wire.instead = remember
    scene.ensure(wire=wire, renew_all=True)
    after = scene.pair()
    # As if it had ended between the two files: the new key beside the old certificate.
    (scene.folder / "web.crt").write_bytes(before[0])
    for name, content in kept.items():
        (scene.request.state / name).write_bytes(content)
    result = scene.ensure()
    assert (result.certificates[0].reason, scene.wire.orders()) == ("its key does not belong to it", 0)
    assert scene.pair() == after


def test_a_challenge_that_fails_shows_what_the_ca_says_and_what_to_check(scene: Scene) -> None:
    scene.ensure()
    before = scene.pair()
    for _ in range(2):  # a failed order is not gone on with
        with pytest.raises(InvalidInput) as refused:
            scene.ensure(certificates=(WEB, Leaf("new", ("new.example.com",))), challenge=Challenge())
        message = refused.value.message
        assert "certificate new: the CA could not see that new.example.com is yours (http-01, http://new.example.com/.well-known/acme-challenge/" in message
        assert "connection refused (connection). Check: the name must lead to the server that answers, and its port 80 must be open" in message
        assert scene.wire.orders() == 1
        assert scene.pair() == before
    assert scene.ensure(certificates=(WEB, Leaf("new", ("new.example.com",)))).changed


def test_every_name_that_failed_is_shown(scene: Scene) -> None:
    with pytest.raises(InvalidInput) as refused:
        scene.ensure(certificates=(Leaf("both", ("one.example.com", "two.example.com")),), challenge=Challenge())
    assert refused.value.message.count("connection refused") == 2


def test_names_that_the_ca_does_not_sign_for(pebble: Pebble, tmp_path: Path) -> None:
    says = r"to order it: the CA refuses: .*evil\.example\.com.*rejectedIdentifier.* Check: the CA does not sign for this name"
    with acme.running(tmp_path / "ca", domainBlocklist=["evil.example.com"]) as strict, pytest.raises(InvalidInput, match=says):
        Scene(strict, tmp_path / "tls").ensure(certificates=(Leaf("evil", ("evil.example.com",)),))


@pytest.mark.parametrize("change", [{"token": "../../../etc/cron.d/x"}, {"token": ""}, {"name": "other.example.com"}])
def test_a_proof_that_nobody_can_mean_is_not_shown(scene: Scene, tmp_path: Path, change: dict[str, str]) -> None:
    wire = Wire(scene.pebble.ca_file)

    def instead(request: Asked) -> Response | None:
        if "/authZ/" not in request.url:
            return None
        answer = super(Wire, wire).send(request)
        found = json.loads(answer.body)
        for each in found["challenges"]:
            each["token"] = change.get("token", each.get("token"))
        found["identifier"]["value"] = change.get("name", found["identifier"]["value"])
        return replace(answer, body=json.dumps(found).encode())

    wire.instead = instead
    (tmp_path / "www").mkdir()
    with pytest.raises(Untrusted, match="the CA asks for a proof that nobody can mean"):
        scene.ensure(wire=wire, challenge=Challenge(webroot=tmp_path / "www"))
    assert list((tmp_path / "www").rglob("*")) == []


# --- when it is time


def test_renewed_when_a_third_is_left_if_the_issuer_has_no_window(scene: Scene) -> None:
    first = scene.ensure()

    def without(wire: Wire) -> Wire:
        def instead(request: Asked) -> Response | None:
            if not request.url.endswith("/dir"):
                return None
            answer = super(Wire, wire).send(request)
            told = {key: value for key, value in json.loads(answer.body).items() if key != "renewalInfo"}
            return replace(answer, body=json.dumps(told).encode())

        wire.instead = instead
        return wire

    scene.past = timedelta(days=60) - timedelta(minutes=5)
    assert scene.ensure(wire=without(Wire(scene.pebble.ca_file))).changed is False
    scene.past = timedelta(days=60) + timedelta(minutes=5)
    planned = scene.ensure(wire=without(Wire(scene.pebble.ca_file)), check_mode=True)
    assert planned.certificates[0].reason == "a third of its lifetime is left"
    second = scene.ensure(wire=without(Wire(scene.pebble.ca_file)))
    assert second.certificates[0].serial != first.certificates[0].serial
    assert not any(b"replaces" in each for each in decoded(scene.wire))


def decoded(wire: Wire) -> list[bytes]:
    """The payloads of what was posted."""
    texts = [json.loads(body)["payload"] for body in wire.bodies if body]
    return [base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)) for text in texts]


def test_the_issuers_window_decides(scene: Scene) -> None:
    first = scene.ensure()
    scene.past = timedelta(days=65)  # less than a third is left, and the issuer says: later
    scene.window(5 * DAY, 6 * DAY)
    assert scene.ensure().changed is False
    assert scene.wire.log == ["GET /dir", "GET /draft-ietf-acme-ari-03"]
    assert scene.ensure().changed is False
    assert scene.wire.log == [], "not before it is time to ask again"
    scene.past = timedelta(0)  # nearly all is left, and the issuer says: now, as before a revocation
    scene.window(-2 * DAY, -DAY)
    second = scene.ensure()
    assert (second.certificates[0].action, second.certificates[0].reason) == ("renewed", "its issuer wants it renewed")
    assert second.certificates[0].serial != first.certificates[0].serial
    assert [json.loads(each)["replaces"] for each in decoded(scene.wire) if b"replaces" in each] != []
    assert scene.ensure().changed is False


def test_a_certificate_that_was_replaced_already_is_ordered_all_the_same(scene: Scene) -> None:
    scene.ensure()
    before = {**scene.files()}
    scene.ensure(renew_all=True)
    for name, content in before.items():  # the run that renewed it was lost, with its disk
        (scene.folder / name).write_bytes(content)
    assert scene.ensure(renew_all=True).certificates[0].action == "renewed"
    assert scene.wire.orders() == 2, "the first with replaces was refused"


def test_a_window_that_is_too_late_does_not_let_it_expire(scene: Scene) -> None:
    scene.ensure()
    scene.past = timedelta(days=74)
    scene.window(30 * DAY, 40 * DAY)
    assert scene.ensure(check_mode=True).changed is False
    scene.past = timedelta(days=76)
    assert scene.ensure(check_mode=True).certificates[0].reason == "a sixth of its lifetime is left"


def test_an_issuer_that_does_not_answer_takes_nothing_away(scene: Scene) -> None:
    scene.ensure()

    def dead(request: Asked) -> Response:
        raise Unreachable("nobody there")

    wire = Wire(scene.pebble.ca_file)
    wire.instead = dead
    assert scene.ensure(wire=wire).changed is False


def test_the_moment_in_a_window_is_anywhere_in_it_and_stays() -> None:
    window = Window(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 3, tzinfo=UTC), "")
    moments = [due.moment_in(window, f"certificate {number}") for number in range(500)]
    assert moments == [due.moment_in(window, f"certificate {number}") for number in range(500)]
    assert all(window.start <= each < window.end for each in moments)
    assert max(moments) - min(moments) > 0.9 * (window.end - window.start)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"certificates": (Leaf("web", ("shop.example.com", "www.example.com")),)}, "its names changed"),
        ({"certificates": (Leaf("web", ("www.example.com",)),)}, "its names changed"),
        ({"profile": "shortlived"}, ""),
    ],
)
def test_another_wish(scene: Scene, change: dict[str, tuple[Leaf, ...]], reason: str) -> None:
    scene.ensure()
    after = scene.ensure(**change)
    assert after.certificates[0].reason == reason
    assert after.certificates[0].dns == (change.get("certificates") or (WEB,))[0].dns


def test_a_profile_of_the_ca(scene: Scene) -> None:
    made = scene.ensure(profile="shortlived").certificates[0]
    assert datetime.fromisoformat(made.not_after) - datetime.fromisoformat(made.not_before) < timedelta(days=6, seconds=2)
    with pytest.raises(InvalidInput, match="invalidProfile"):
        scene.ensure(profile="none", renew_all=True)


def test_from_the_local_authority_to_a_ca_and_from_one_ca_to_another(scene: Scene, tmp_path: Path) -> None:
    local_ca(Local(scene.folder, (WEB,), permitted=()))
    assert scene.ensure().certificates[0].reason == "it was not ordered here"
    with acme.running(tmp_path / "other") as other:
        request = replace(scene.request, directory=other.directory, ca_file=other.ca_file, challenge=Challenge(listen=("127.0.0.1", other.http_port)))
        moved = Scene(other, scene.folder)
        moved.request = request
        assert moved.ensure().certificates[0].reason == "another CA made it"
        assert moved.ensure().changed is False


# --- a CA that is busy


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_ca_is_asked_again_when_it_says(scene: Scene, status: int) -> None:
    scene.request = replace(scene.request, timeout=600)
    wire, left = Wire(scene.pebble.ca_file), [2]

    def instead(request: Asked) -> Response | None:
        if not request.url.endswith("/order-plz") or not left[0]:
            return None
        left[0] -= 1
        problem = {"type": "urn:ietf:params:acme:error:rateLimited", "detail": "too many new orders"}
        nonce = super(Wire, wire).send(Asked("HEAD", request.url.replace("order-plz", "nonce-plz")))
        return Response(status, {"retry-after": ("42",), "replay-nonce": (nonce.header("replay-nonce"),)}, json.dumps(problem).encode(), request.url)

    wire.instead = instead
    assert scene.ensure(wire=wire).changed
    assert scene.slept.count(42.0) == 2


def test_a_limit_that_lasts_longer_than_there_is_time_is_said_with_its_end(scene: Scene) -> None:
    wire = Wire(scene.pebble.ca_file)

    def instead(request: Asked) -> Response | None:
        problem = {"type": "urn:ietf:params:acme:error:rateLimited", "detail": "too many certificates (5) already issued for this exact set of names"}
        limited = Response(429, {"retry-after": ("7200",), "replay-nonce": ("x",)}, json.dumps(problem).encode(), request.url)
        return limited if request.url.endswith("/order-plz") else None

    wire.instead = instead
    scene.past = datetime(2027, 1, 1, 10, tzinfo=UTC) - datetime.now(UTC)
    with pytest.raises(Unreachable) as refused:
        scene.ensure(wire=wire)
    assert "too many certificates (5) already issued" in refused.value.message
    assert "it may be asked again at 2027-01-01T12:00" in refused.value.message
    assert "staging" in refused.value.message
    assert scene.slept == []


def test_an_order_that_takes_too_long_is_kept(scene: Scene) -> None:
    wire = Wire(scene.pebble.ca_file)

    def instead(request: Asked) -> Response | None:
        if "/my-order/" not in request.url:
            return None
        answer = super(Wire, wire).send(request)
        order = {**json.loads(answer.body), "status": "processing"}
        return replace(answer, body=json.dumps(order).encode(), headers={**answer.headers, "retry-after": ("3600",)})

    wire.instead = instead
    with pytest.raises(NotReady, match=r"certificate web: the CA was not done within 60 s; the order is kept, and the next run goes on with it"):
        scene.ensure(wire=wire)
    scene.ensure()
    assert scene.wire.orders() == 0


def test_nonces_that_a_ca_refuses(tmp_path: Path) -> None:
    with acme.running(tmp_path / "ca", environ={"PEBBLE_WFE_NONCEREJECT": "10"}) as forgetful:
        assert Scene(forgetful, tmp_path / "tls").ensure().changed


def test_what_is_no_directory(scene: Scene) -> None:
    wire = Wire(scene.pebble.ca_file)
    wire.instead = lambda request: Response(200, {}, b"{}", request.url)
    with pytest.raises(Unreachable, match="no newAccount"):
        scene.ensure(wire=wire)
    wire.instead = lambda request: Response(200, {}, b"<html>", request.url)
    with pytest.raises(Unreachable, match="is it an ACME directory"):
        scene.ensure(wire=wire)
