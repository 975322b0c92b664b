# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Have a running server take a new certificate, without ending a connection.

The kubelet brings the Secret's new content into the pod, and the server reads it when it is told to (``pg_reload_conf``); connections that are open
keep what they began with. The kubelet looks once a minute, or at once when the pod changes, so an annotation of the pod makes it look.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput, NotReady
from ansible_collections.slipway.platform.plugins.module_utils._k8s.client import Client
from ansible_collections.slipway.platform.plugins.module_utils._k8s.kinds import BUILT_IN
from ansible_collections.slipway.platform.plugins.module_utils._postgres.psql import Pod, Psql

FILE = "/etc/postgresql-tls/tls.crt"
ANNOTATION = "slipway.platform/certificate"
PAUSE_SECONDS = 0.5
# The words of the server's log (src/backend/postmaster/postmaster.c) where it went on with the certificate that it had.
_KEPT = "SSL configuration was not reloaded"
_LOOK = f"""SELECT encode(sha256(pg_read_binary_file('{FILE}')), 'hex'),
(pg_stat_file('{FILE}')).modification <= pg_conf_load_time();
"""
_RELOAD = "SELECT pg_reload_conf();\n"


@dataclass(frozen=True)
class Request:
    """``wanted``: SHA-256 (hex) of the certificate's file; it must be in use within so many ``seconds``."""

    pod: Pod
    wanted: str
    seconds: float = 150.0

    @classmethod
    def of(cls, pod: Pod, file: Path, seconds: float, check_mode: bool) -> Request:
        """The certificate in a file; in check mode it may not be made yet."""
        try:
            return cls(pod, hashlib.sha256(file.read_bytes()).hexdigest(), seconds)
        except OSError as error:
            if check_mode and isinstance(error, FileNotFoundError):
                return cls(pod, "", seconds)
            raise InvalidInput(f"the certificate {file} cannot be read: {error.strerror}", cert_file=str(file)) from error


@dataclass(frozen=True)
class Used:
    """``file``: SHA-256 of what lies in the pod; ``loaded``: whether the server has read its files since that came."""

    file: str = ""
    loaded: bool = False


@dataclass(frozen=True)
class Result:
    """``before`` and ``after``: SHA-256 of the file that the server uses; empty if it has not read what lies in the pod."""

    before: str
    after: str
    diff: dict[str, str] = field(default_factory=dict)

    @property
    def changed(self) -> bool:
        return self.before != self.after


def use(
    request: Request,
    client: Client | None,
    psql: Psql | None,
    clock: Callable[[], float],
    sleep: Callable[[float], None],
    progress: Callable[[str], object],
    check_mode: bool = False,
) -> Result:
    """Wait until the server uses the wanted certificate. ``NotReady`` if it does not in time, or refuses it."""
    if client is None or psql is None:
        return _result(Used(), Used(request.wanted, True))
    before = _look(psql)
    if before == Used(request.wanted, True) or check_mode:
        return _result(before, Used(request.wanted, True))
    ends = clock() + request.seconds
    if before.file != request.wanted:
        _bring(request, client, psql, lambda: clock() >= ends, sleep, progress)
    psql(_RELOAD)
    progress(f"{request.pod.name}: told to read its certificate")
    while not (now := _look(psql)).loaded:
        _give_up(clock() >= ends, f"{request.pod.name} does not read its files again; see its log")
        sleep(PAUSE_SECONDS)
    refused = [line for line in client.log(request.pod.namespace, request.pod.name, request.pod.container, lines=5) if _KEPT in line]
    _give_up(
        bool(refused), f"{request.pod.name} goes on with the certificate that it had: {' '.join(refused)}; see whether certificate and key belong together"
    )
    return _result(before, now)


def _bring(request: Request, client: Client, psql: Psql, late: Callable[[], bool], sleep: Callable[[float], None], progress: Callable[[str], object]) -> None:
    """Have the kubelet bring the wanted file into the pod, and wait for it."""
    pod = request.pod
    client.merge(BUILT_IN["", "v1", "Pod"], pod.namespace, pod.name, {"metadata": {"annotations": {ANNOTATION: request.wanted[:16]}}})
    progress(f"{pod.name}: waiting for the kubelet to bring the new certificate")
    while _look(psql).file != request.wanted:
        _give_up(late(), f"{FILE} in pod {pod.namespace}/{pod.name} is not the wanted certificate; is it in the Secret that the pod mounts?")
        sleep(PAUSE_SECONDS)


def _look(psql: Psql) -> Used:
    file, _, loaded = psql(_LOOK).strip().partition("|")
    return Used(file, loaded == "t")


def _give_up(really: bool, why: str) -> None:
    if really:
        raise NotReady(why)


def _result(before: Used, after: Used) -> Result:
    used, then = (one.file if one.loaded else "" for one in (before, after))
    return Result(used, then, {"before": f"{used[:16]}\n" if used else "", "after": f"{then[:16]}\n" if then else ""})
