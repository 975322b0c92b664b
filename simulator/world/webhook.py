# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who bears a token, for the API server of the real cluster: TokenReview of authentication.k8s.io/v1 over HTTPS.

Kubernetes documentation, "Webhook Token Authentication". What EKS's authenticator tells besides name and groups is told too (aws-iam-authenticator, pkg/token).
"""

from __future__ import annotations

import base64
import json
import ssl
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils import _files
from moto.iam.models import iam_backends

from simulator.application import Simulator
from simulator.eks import access_keys
from simulator.eks.authorization import access_of
from simulator.eks.principals import parse
from simulator.eks.tokens import BadToken, Key, principal_of
from simulator.world import bindings
from simulator.world.eks import Adopted
from simulator.world.threads import Server

PATH = "/authenticate"
_LARGEST = 1 << 20
_API = "authentication.k8s.io/v1"
Json = dict[str, Any]


class Authenticator:
    """``now``: real time, which is what tokens are made with. ``keys``: secrets of access keys that nobody made in IAM, by their ids.

    ``endpoints``: addresses of STS besides AWS's own, which a token may be signed for.
    """

    def __init__(self, simulator: Simulator, adopted: Adopted, now: Callable[[], datetime], keys: Mapping[str, str], endpoints: Collection[str] = ()) -> None:
        self._simulator, self._adopted, self._now, self._keys, self._endpoints = simulator, adopted, now, keys, endpoints

    def review(self, token: str) -> Json:
        """The status of a TokenReview. It says why a token is not good, and nothing of the token."""
        with self._simulator.lock:
            held = self._adopted.held
            if held is None:
                return _refused("there is no such cluster in EKS")
            try:
                arn = principal_of(token, held[0].name, self._now(), self._key, self._endpoints)
            except BadToken as error:
                return _refused(str(error))
            access = access_of(held[1], arn)
            if access is None:
                return _refused(f"{arn} has no access entry in the cluster {held[0].name}")
            groups = bindings.groups_of(access)
        principal = parse(arn)
        extra = {"arn": [arn], "canonicalArn": [access.entry], "sessionName": [principal.session if principal else ""]}
        user = {"username": access.username, "uid": f"aws-iam-authenticator:{held[0].account}:{arn}", "groups": groups, "extra": extra}
        return {"authenticated": True, "user": user}

    def _key(self, access_key: str) -> Key | None:
        ours = self._simulator.world.account_id
        found = (access_keys.of_moto(account, access_key) for account in {ours, *iam_backends})
        return next((key for key in found if key), None) or access_keys.of_moto(ours, access_key, others=self._keys)


@contextmanager
def serving(authenticator: Authenticator, address: str, port: int, context: ssl.SSLContext) -> Iterator[int]:
    """Gives the port."""
    with Server.running((address, port), type("Handler", (_Handler,), {"authenticator": authenticator}), context) as number:
        yield number


def write_kubeconfig(file: Path, url: str, authority: Path) -> None:
    """How the API server reaches us (its option authentication-token-webhook-config-file)."""
    data = base64.b64encode(authority.read_bytes()).decode()
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "entries", "cluster": {"server": url, "certificate-authority-data": data}}],
        "users": [{"name": "api-server", "user": {}}],
        "contexts": [{"name": "entries", "context": {"cluster": "entries", "user": "api-server"}}],
        "current-context": "entries",
    }
    _files.write(file, json.dumps(document, indent=1).encode() + b"\n", 0o644)


class _Handler(BaseHTTPRequestHandler):
    authenticator: Authenticator
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 60

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_POST(self) -> None:
        size = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(min(size, _LARGEST))
        self.close_connection = size > _LARGEST
        token = None if self.close_connection else _token(body)
        if self.path.partition("?")[0] != PATH or token is None:
            self._answer(400, {"message": f"a TokenReview of {_API} is answered at {PATH}"})
            return
        self._answer(200, {"apiVersion": _API, "kind": "TokenReview", "status": self.authenticator.review(token)})

    def _answer(self, status: int, content: Json) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _token(body: bytes) -> str | None:
    try:
        review = json.loads(body)
        right = (review["apiVersion"], review["kind"]) == (_API, "TokenReview")
        return str(review["spec"]["token"]) if right else None
    except (ValueError, KeyError, TypeError):
        return None


def _refused(why: str) -> Json:
    return {"authenticated": False, "error": why}
