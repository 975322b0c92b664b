# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The WSGI application: finds out what a request is, holds it against the model, has it answered, and holds the answer against the model too."""

from __future__ import annotations

import io
import threading
import time
import traceback
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from moto.backends import list_of_moto_modules
from moto.core.model_instances import reset_model_data
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.iam.models import iam_backends
from moto.moto_server.werkzeug_app import BackendRequest, DomainDispatcherApplication, create_backend_app
from werkzeug.wrappers import Response

from simulator import answers, control, faults, messages, models, quick, record
from simulator.answers import Answer
from simulator.backend import Backend, World
from simulator.backends import BACKENDS
from simulator.clock import Clock, ScaledClock
from simulator.corrections import region
from simulator.deviations import Deviation, known
from simulator.eks import backend as eks
from simulator.faults import Fault
from simulator.repeats import Repeats
from simulator.routing import Route, route
from simulator.shapes import Finding

ACCOUNT_ID = DEFAULT_ACCOUNT_ID


@dataclass(frozen=True)
class Violation:
    """Against the service model. ``side``: request, answer, or unimplemented; ``member`` may be empty."""

    side: str
    service: str
    operation: str
    member: str
    problem: str

    def __str__(self) -> str:
        return f"{self.side}: {self.service} {self.operation} {self.member} {self.problem}".replace("  ", " ")


class _Moto(DomainDispatcherApplication):
    def get_backend_for_host(self, host: str | None) -> Any:
        """moto would print that it does not know the service, and fail."""
        if host is not None and host not in list_of_moto_modules() and not any(pattern.match(f"http://{host}") for _, pattern in self.backend_url_patterns):
            raise NotImplementedError(host)
        return super().get_backend_for_host(host)


class Simulator:
    """One simulated AWS. ``regions``: others are refused. ``faults`` go off in their order; ``tolerated`` counts known deviations of moto's."""

    def __init__(
        self,
        clock: Clock | None = None,
        account_id: str = ACCOUNT_ID,
        regions: Iterable[str] = (),
        backends: Mapping[str, type[Backend]] | None = None,
        log: Path | None = None,
    ) -> None:
        self.world = World(clock or ScaledClock(), account_id)
        self.regions = frozenset(regions) or models.regions()
        self.backends = {**BACKENDS, **(backends or {})}
        self.record = record.Record(log)
        self.faults: list[Fault] = []
        self.violations: list[Violation] = []
        self.tolerated: Counter[Deviation] = Counter()
        self.repeats = Repeats()
        region.install()
        self._moto = _Moto(create_backend_app)
        self.lock = threading.RLock()  # one request at a time; who looks at what backends keep holds it, too

    def reset(self) -> None:
        """Empty, as at the beginning; the faults go too."""
        with self.lock:
            quick.forget()
            reset_model_data()
            self.world.reset()
            self.record.calls.clear()
            self.faults.clear()
            self.violations.clear()
            self.tolerated.clear()
            self.repeats.clear()

    # -- a request

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        _read_body(environ)
        request = BackendRequest(environ)
        request.get_data()  # kept: who asks for the form first would find nothing
        if request.path.startswith(control.PREFIX):
            with self.lock:
                return control.answer(self, request)(environ, start_response)
        begun = time.monotonic()
        with self.lock:
            found = route(request)
            parameters, findings = messages.parameters_of(found, request) if found.operation else ({}, [])
            answer, code, source = self._answered(found, request, parameters, findings)
            self._note(found, request, parameters, answer, code, source, time.monotonic() - begun)
        if answer is None:
            raise ConnectionAbortedError("a fault on demand")
        # In a list, or the length that HEAD answers would be that of no body.
        return Response([answer.body], answer.status, answer.headers)(environ, start_response)

    def _answered(self, found: Route, request: BackendRequest, parameters: dict[str, Any], findings: list[Finding]) -> tuple[Answer | None, str, str]:
        """The answer (None: none at all), its error's code, and who gave it. The order is that of AWS: who asks, how often, what."""
        refusal = self._refused(found)
        fault = None if refusal else faults.due(self.faults, found, parameters)
        if findings:
            self._violate("request", found, findings)
        if fault and not fault.is_served:
            refusal = fault.answer(found)
            if refusal is None:
                return None, "", "fault"
        elif refusal is None and findings:
            refusal = answers.invalid(found, "; ".join(f"{member} {problem}".strip() for member, problem in findings))
        if refusal is not None:
            return refusal, refusal.headers["x-amzn-ErrorType"], "fault" if fault else "simulator"
        if fault and fault.kind == "fails_later":
            eks.state_of(self.world, self._account(found), found.region).faults.fail_next(found.name, parameters, fault.code, fault.message or "On demand")
        answer, code, source = self._served(found, request, parameters)
        return (None if fault and fault.kind == "lost" else answer), code, source

    def _refused(self, found: Route) -> Answer | None:
        if not found.service:
            return answers.unsigned(found)
        if "EXPIRED" in found.access_key:
            return answers.expired(found)
        if "UNKNOWN" in found.access_key:
            return answers.unrecognized(found)
        if found.region not in self.regions | {models.GLOBAL}:
            return answers.elsewhere(found)
        if found.operation is None:
            self._violate("unimplemented", found, [("", "is no operation that botocore's models know")])
            return answers.not_implemented(found, f"The models of {found.service} have no such operation")
        return None

    def _served(self, found: Route, request: BackendRequest, parameters: dict[str, Any]) -> tuple[Answer, str, str]:
        own = self.backends.get(found.service)
        account = self._account(found)
        if not (own and own.knows_repeats) and (first := self.repeats.answer(found, account, parameters)):
            return first, "", "simulator"
        try:
            environ = self._for_backends(account, request)
            answer = self._by_own(own, environ) if own else self._by_moto(environ)
        except NotImplementedError:
            answer = None
        except Exception as error:
            return (*self._wrong(found, [("", _raised(error))]), "own" if own else "moto")
        source = "own" if own else "moto"
        if answer is None or (answer.status in (404, 405, 500) and answer.body.lstrip()[:9].lower() == b"<!doctype"):
            self._violate("unimplemented", found, [("", f"is not implemented by {'our backend' if own else 'moto'}")])
            answer = answers.not_implemented(found, f"The simulator does not implement {found.service} {found.name}")
            return answer, "NotImplemented", source
        code, findings = messages.answer_findings(found, answer.status, answer.headers, answer.body)
        wrong = [finding for finding in findings if not self._tolerates(found, finding, code)]
        if wrong:
            return (*self._wrong(found, wrong), source)
        if answer.status < 300:
            faults.succeeded(self.faults, found)
            self.repeats.keep(found, account, parameters, answer)
        return answer, code, source

    def _by_own(self, own: type[Backend], environ: dict[str, Any]) -> Answer:
        backend = own()
        backend.world = self.world
        status, headers, body = backend._dispatch(BackendRequest(environ))
        kept = {str(key): str(value) for key, value in headers.items() if key != "status"}
        return Answer(int(status), kept, body.encode() if isinstance(body, str) else body)

    def _by_moto(self, environ: dict[str, Any]) -> Answer:
        response = Response.from_app(self._moto, environ, buffered=True)
        return Answer(response.status_code, dict(response.headers), response.get_data())

    def _for_backends(self, account: str, request: BackendRequest) -> dict[str, Any]:
        """The request from its beginning, and whose it is."""
        return {**request.environ, "wsgi.input": io.BytesIO(request.get_data()), "HTTP_X_MOTO_ACCOUNT_ID": account}

    def _account(self, found: Route) -> str:
        """Keys that were made in another account (an assumed role's) are of that one; all others are of this one."""
        accounts = ((account_id, backend) for account_id, account in iam_backends.items() for backend in account.values())
        return next((account_id for account_id, backend in accounts if found.access_key in backend.access_keys), self.world.account_id)

    # -- what is noted

    def _wrong(self, found: Route, findings: list[Finding]) -> tuple[Answer, str]:
        self._violate("answer", found, findings)
        text = "; ".join(f"{member} {problem}".strip() for member, problem in findings)
        return answers.error(found, 501, "SimulatorViolation", f"The simulator's answer is not as the model has it: {text}"), "SimulatorViolation"

    def _tolerates(self, found: Route, finding: Finding, code: str) -> bool:
        deviation = known(found.service, found.name, finding[0] if finding[0] != "Error.Code" else code)
        if deviation:
            self.tolerated[deviation] += 1
        return deviation is not None

    def _violate(self, side: str, found: Route, findings: list[Finding]) -> None:
        self.violations += [Violation(side, found.service, found.name, member, problem) for member, problem in findings]

    def _note(self, found: Route, request: BackendRequest, parameters: dict[str, Any], answer: Answer | None, code: str, source: str, seconds: float) -> None:
        operation = found.operation
        shape = operation.input_shape if operation else None
        shown = record.masked({key: value for key, value in parameters.items() if value is not None}, shape)
        self.record.add(
            record.Call(
                at=self.world.clock.now().isoformat(),
                service=found.service,
                region=found.region,
                account=self._account(found),
                operation=found.name,
                write=bool(operation) and record.is_write(found.name, parameters),
                resource=record.resource_of(operation, shown) if operation else "",
                status=answer.status if answer else 0,
                error=code,
                source=source,
                parameters=shown,
                milliseconds=round(seconds * 1000, 1),
                agent=request.headers.get("User-Agent", ""),
            )
        )


def _raised(error: Exception) -> str:
    """What, and where: its text may have a secret in it."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"raised {type(error).__name__} ({'/'.join(Path(last.filename).parts[-3:])}:{last.lineno})"


def _read_body(environ: dict[str, Any]) -> None:
    """Whole, so that everybody can read it from its beginning."""
    stream = environ["wsgi.input"]
    length = environ.get("CONTENT_LENGTH")
    body = stream.read(int(length)) if length else stream.read() if environ.get("wsgi.input_terminated") else b""
    environ["wsgi.input"] = io.BytesIO(body)
    environ["CONTENT_LENGTH"] = str(len(body))
    environ.pop("HTTP_TRANSFER_ENCODING", None)
