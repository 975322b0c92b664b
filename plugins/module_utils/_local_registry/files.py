# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the two processes of the local registry read: configuration, users and keys, as files.

push/      config.yml htpasswd tls.crt tls.key      read-write, user "push"
pull/      config.yml htpasswd tls.crt tls.key      read-only, user "pull": what nodes get cannot change an image
auth.json            Docker's config.json with the push credential
pull-secret.json     the same with the pull credential, for an imagePullSecret
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import bcrypt
from ansible_collections.slipway.platform.plugins.module_utils import _files
from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput
from ansible_collections.slipway.platform.plugins.module_utils._oci.credentials import Credential, Keychain, config_json

USER = 65532
INSIDE = "/etc/docker/registry"
DATA_INSIDE = "/var/lib/registry"
# Passwords are 256 random bits, which nobody guesses: a higher cost would only slow every request down.
_ROUNDS = 5
DRAIN_SECONDS = 30


@dataclass(frozen=True)
class Process:
    """One of the two processes: its role (push or pull) and the port it listens on inside."""

    role: str
    port: int

    @property
    def read_only(self) -> bool:
        return self.role == "pull"


PUSH, PULL = Process("push", 5000), Process("pull", 5002)


@dataclass(frozen=True)
class Files:
    """The wanted files by path relative to the folder of the registry. Their contents are secret and never shown."""

    contents: Mapping[str, bytes] = field(repr=False)

    def of(self, process: Process) -> dict[str, bytes]:
        return {path: content for path, content in self.contents.items() if path.startswith(f"{process.role}/")}

    def fingerprint(self, process: Process) -> str:
        """Changes when the process has to be started anew to see its files."""
        digest = hashlib.sha256()
        for path, content in sorted(self.of(process).items()):
            digest.update(f"{path}\0".encode() + hashlib.sha256(content).digest())
        return digest.hexdigest()[:16]


def wanted(folder: Path, host: str, cert_file: Path, key_file: Path) -> Files:
    """The files there should be. Credentials that exist are kept; missing ones are made up."""
    try:
        tls = {"tls.crt": cert_file.read_bytes(), "tls.key": key_file.read_bytes()}
    except OSError as error:
        raise InvalidInput(f"the certificate for the registry cannot be read: {error.filename}: {error.strerror}") from error
    contents: dict[str, bytes] = {}
    for process, name in ((PUSH, "auth.json"), (PULL, "pull-secret.json")):
        credential = _kept(folder / name, host) or Credential(process.role, secrets.token_urlsafe(32))
        contents[name] = config_json({host: credential}).encode()
        contents[f"{process.role}/config.yml"] = _configuration(process, credential).encode()
        contents[f"{process.role}/htpasswd"] = _htpasswd(folder / process.role / "htpasswd", credential)
        contents |= {f"{process.role}/{file}": content for file, content in tls.items()}
    return Files(contents)


def different(folder: Path, files: Files) -> list[str]:
    """The paths of files that are absent or other than wanted."""
    return [path for path, content in files.contents.items() if _read(folder / path) != content]


def write(folder: Path, files: Files, paths: list[str]) -> None:
    """Write these files so that only we, and the process that needs them, can read them."""
    for part in (folder, folder / PUSH.role, folder / PULL.role):
        part.mkdir(mode=0o700, parents=True, exist_ok=True)
    for path in paths:
        _files.write(folder / path, files.contents[path])
    for process in (PUSH, PULL):
        give(folder / process.role)
        for path in files.of(process):
            give(folder / path)


def give(path: Path) -> None:
    """Make a path the property of the user in the container, where we may."""
    if os.geteuid() == 0 and path.stat().st_uid != USER:
        os.chown(path, USER, USER)


def _configuration(process: Process, credential: Credential) -> str:
    """The configuration of CNCF distribution 2.8, as JSON, which is YAML."""
    # Names an upload across requests; derived, so that a restart in the middle of one does no harm.
    secret = hmac.new(credential.password.encode(), b"registry http.secret", hashlib.sha256).hexdigest()
    storage: dict[str, object] = {
        "filesystem": {"rootdirectory": DATA_INSIDE},
        "cache": {"blobdescriptor": "inmemory"},
        "delete": {"enabled": not process.read_only},
        "maintenance": {"readonly": {"enabled": process.read_only}},
    }
    value = {
        "version": "0.1",
        "log": {"level": "info", "formatter": "json", "accesslog": {"disabled": False}},
        "storage": storage,
        "http": {
            "addr": f":{process.port}",
            "secret": secret,
            # Behind a published port the process does not know the address it is reached at.
            "relativeurls": True,
            # A new certificate needs a new process; what is under way is finished first.
            "draintimeout": f"{DRAIN_SECONDS}s",
            "tls": {"certificate": f"{INSIDE}/tls.crt", "key": f"{INSIDE}/tls.key", "minimumtls": "tls1.2"},
        },
        "auth": {"htpasswd": {"realm": "slipway", "path": f"{INSIDE}/htpasswd"}},
    }
    return json.dumps(value, indent=1, sort_keys=True) + "\n"


def _htpasswd(path: Path, credential: Credential) -> bytes:
    """A line for the credential; the one that is there is kept if it fits, since a new one would always look different."""
    name, _, known = (_read(path) or b"").strip().partition(b":")
    password = credential.password.encode()
    try:
        if name.decode() == credential.username and bcrypt.checkpw(password, known):
            return _read(path) or b""
    except ValueError:
        pass
    return f"{credential.username}:".encode() + bcrypt.hashpw(password, bcrypt.gensalt(_ROUNDS)) + b"\n"


def _kept(path: Path, host: str) -> Credential | None:
    return Keychain.from_file(path).find(host) if path.is_file() else None


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def keychain(path: Path, host: str, as_host: str) -> Keychain:
    """The credential for ``host`` in a file, filed under another name of the same registry."""
    credential = Keychain.from_file(path).find(host)
    return Keychain({as_host: credential} if credential else {})
