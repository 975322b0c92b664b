# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Errors as the protocols have them: a client must understand them as it would understand AWS's own."""

from __future__ import annotations

import json
from dataclasses import dataclass
from xml.sax.saxutils import escape

from simulator.routing import Route

REQUEST_ID = "00000000-0000-4000-8000-000000000000"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


def error(route: Route, status: int, code: str, message: str) -> Answer:
    """``code`` as a client finds it in Error.Code."""
    headers = {"x-amzn-RequestId": REQUEST_ID, "x-amzn-ErrorType": code}
    if route.protocol in ("json", "rest-json"):
        kind = "application/x-amz-json-1.1" if route.protocol == "json" else "application/json"
        return Answer(status, {**headers, "Content-Type": kind}, json.dumps({"__type": code, "message": message, "Message": message}).encode())
    inner = f"<Code>{escape(code)}</Code><Message>{escape(message)}</Message>"
    if route.protocol == "ec2":
        text = f"<Response><Errors><Error>{inner}</Error></Errors><RequestID>{REQUEST_ID}</RequestID></Response>"
    elif route.service == "s3":
        text = f"<Error>{inner}<RequestId>{REQUEST_ID}</RequestId></Error>"
    else:
        fault = "Sender" if status < 500 else "Receiver"
        text = f"<ErrorResponse><Error><Type>{fault}</Type>{inner}</Error><RequestId>{REQUEST_ID}</RequestId></ErrorResponse>"
    return Answer(status, {**headers, "Content-Type": "text/xml"}, f'<?xml version="1.0" encoding="UTF-8"?>{text}'.encode())


def modelled(route: Route, *wanted: str) -> tuple[str, int] | None:
    """Code and status of the operation's first error whose code has one of these words in it, in their order."""
    shapes = route.operation.error_shapes if route.operation else []
    errors = [(shape.metadata.get("error", {}), shape.name) for shape in shapes]
    codes = [(str(error.get("code", name)), int(error.get("httpStatusCode", 400))) for error, name in errors]
    return next(((code, status) for word in wanted for code, status in codes if word in code), None)


def invalid(route: Route, message: str) -> Answer:
    """What AWS says of parameters that are not as they must be."""
    found = modelled(route, "ValidationException", "InvalidParameterException", "InvalidInput", "InvalidRequestException")
    by_protocol = {"query": "ValidationError", "ec2": "InvalidParameterValue", "rest-xml": "InvalidRequest"}
    code, status = found or (by_protocol.get(route.protocol, "ValidationException"), 400)
    return error(route, status, code, message)


def not_implemented(route: Route, message: str) -> Answer:
    """501: botocore does not try it again, and nobody takes it for an absence."""
    return error(route, 501, "NotImplemented", message)


def throttled(route: Route) -> Answer:
    if route.protocol == "ec2":
        return error(route, 503, "RequestLimitExceeded", "Request limit exceeded.")
    if route.service == "s3":
        return error(route, 503, "SlowDown", "Please reduce your request rate.")
    code, status = modelled(route, "Throttl", "TooManyRequests") or ("ThrottlingException" if "json" in route.protocol else "Throttling", 400)
    return error(route, status, code, "Rate exceeded")


def failed(route: Route, status: int = 500) -> Answer:
    code = {503: "ServiceUnavailable"}.get(status, "InternalError" if route.protocol == "ec2" or route.service == "s3" else "InternalFailure")
    return error(route, status, code, "An internal error has occurred")


def absent(route: Route, code: str = "") -> Answer:
    """NotFound as the operation has it; EC2 models no errors: its codes must be given."""
    found = None if code else modelled(route, "NotFound", "NoSuch")
    code, status = found or (code or "ResourceNotFoundException", 400 if route.protocol == "ec2" else 404)
    return error(route, status, code, "It does not exist (yet).")


def expired(route: Route) -> Answer:
    code = {"ec2": "RequestExpired", "json": "ExpiredTokenException", "rest-json": "ExpiredTokenException"}.get(route.protocol, "ExpiredToken")
    return error(route, 400 if route.protocol in ("ec2", "json") else 403, code, "The security token included in the request is expired")


def unrecognized(route: Route) -> Answer:
    if route.protocol == "ec2":
        return error(route, 401, "AuthFailure", "AWS was not able to validate the provided access credentials")
    if route.service == "s3":
        return error(route, 403, "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.")
    code = "UnrecognizedClientException" if "json" in route.protocol else "InvalidClientTokenId"
    return error(route, 400 if route.protocol == "json" else 403, code, "The security token included in the request is invalid")


def unsigned(route: Route) -> Answer:
    return error(route, 403, "MissingAuthenticationToken", "Request is missing Authentication Token")


def elsewhere(route: Route) -> Answer:
    """A region that does not exist; where the address is not looked up by name, the signature is what AWS stumbles over."""
    code = "InvalidSignatureException" if "json" in route.protocol else "AuthFailure" if route.protocol == "ec2" else "SignatureDoesNotMatch"
    return error(route, 400 if route.protocol == "json" else 403, code, f"Credential should be scoped to a valid region. {route.region} is none.")
