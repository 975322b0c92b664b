# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists of AWS in this process, over HTTP: requests are checked by the service models that botocore has, and answers are made by them.

A test fills ``lists`` with what an operation lists, as boto3 would return it. Pages, their tokens and the wire (JSON or XML) are as AWS has them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

import botocore.session
from botocore.model import ServiceModel, Shape
from botocore.validate import ParamValidator
from support.serving import serving

_SESSION = botocore.session.get_session()


class AwsApi:
    """``log``: service, operation and parameters of each request. ``denied``: operations that are refused. ``page``: the largest page there is."""

    def __init__(self) -> None:
        self.lists: dict[str, list[dict[str, Any]]] = {}
        self.denied: dict[str, str] = {}
        self.page = 1000
        self.log: list[tuple[str, str, dict[str, Any]]] = []
        self.mistakes: list[str] = []
        self.url = ""

    def answer(self, headers: dict[str, str], body: bytes) -> tuple[int, str, bytes]:
        """Status, content type and body for a request; the service is the one that it was signed for."""
        service = headers["authorization"].partition("Credential=")[2].split("/")[3]
        model = _SESSION.get_service_model(service)
        is_json = model.metadata["protocol"] == "json"
        if is_json:
            operation, parameters = headers["x-amz-target"].partition(".")[2], json.loads(body)
        else:
            form = dict(parse_qsl(body.decode()))
            operation, version = form.pop("Action"), form.pop("Version")
            assert version == model.api_version
            parameters = {key: int(value) if value.isdigit() else value for key, value in form.items()}
        self.log.append((service, operation, parameters))
        if operation in self.denied:
            return self._refusal(self.denied[operation], is_json)
        shape = model.operation_model(operation).input_shape
        report = ParamValidator().validate(parameters, shape)
        unknown = set(parameters) - set(shape.members)
        if report.has_errors() or unknown:
            self.mistakes.append(f"{operation}: {report.generate_report()} {unknown or ''}")
            return self._refusal("ValidationException", is_json)
        return self._listed(model, operation, parameters, is_json)

    def _listed(self, model: ServiceModel, operation: str, parameters: dict[str, Any], is_json: bool) -> tuple[int, str, bytes]:
        pages = _paginator(model.service_name, operation)
        begin = int(str(parameters.get(pages["input_token"], "at-0")).removeprefix("at-"))
        size = min(self.page, int(parameters.get(pages["limit_key"], self.page)))
        everything = self.lists.get(operation, [])
        result: dict[str, Any] = {pages["result_key"]: everything[begin : begin + size]}
        if begin + size < len(everything):
            result[pages["output_token"]] = f"at-{begin + size}"
        if "more_results" in pages:
            result[pages["more_results"]] = begin + size < len(everything)
        shape = model.operation_model(operation).output_shape
        if is_json:
            return 200, "application/x-amz-json-1.1", json.dumps(_plain(result)).encode()
        wrapped = f"<{operation}Response><{operation}Result>{_xml(result, shape)}</{operation}Result></{operation}Response>"
        return 200, "text/xml", wrapped.encode()

    def _refusal(self, code: str, is_json: bool) -> tuple[int, str, bytes]:
        text = "User: arn:aws:iam::123456789012:user/test is not authorized"
        if is_json:
            return 400, "application/x-amz-json-1.1", json.dumps({"__type": code, "message": text}).encode()
        return 403, "text/xml", f"<ErrorResponse><Error><Code>{code}</Code><Message>{text}</Message></Error></ErrorResponse>".encode()


def _paginator(service: str, operation: str) -> dict[str, Any]:
    pages: dict[str, Any] = _SESSION.get_paginator_model(service).get_paginator(operation)
    return pages


def _plain(value: Any) -> Any:
    """As JSON has it: times in seconds since 1970."""
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return value.timestamp() if isinstance(value, datetime) else value


def _xml(value: Any, shape: Shape) -> str:
    if shape.type_name == "structure":
        parts = ((shape.members[key], key, each) for key, each in value.items())
        return "".join(_element(member.serialization.get("name", key), each, member) for member, key, each in parts)
    if shape.type_name == "list":
        return "".join(_element(shape.member.serialization.get("name", "member"), each, shape.member) for each in value)
    if isinstance(value, bool):
        return str(value).lower()
    return value.strftime("%Y-%m-%dT%H:%M:%SZ") if isinstance(value, datetime) else escape(str(value))


def _element(name: str, value: Any, shape: Shape) -> str:
    return f"<{name}>{_xml(value, shape)}</{name}>"


@contextmanager
def running() -> Iterator[AwsApi]:
    """The lists on a free port of 127.0.0.1; give ``url`` to boto3 as endpoint_url."""
    api = AwsApi()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, kind, data = api.answer({key.lower(): value for key, value in self.headers.items()}, body)
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with serving(Handler) as url:
        api.url = url
        yield api
