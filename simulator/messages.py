# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests and answers against the operation's model: what was asked, and everything that is not as the model has it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree

from botocore.awsrequest import HeadersDict
from botocore.parsers import ResponseParserError, create_parser
from botocore.serialize import create_serializer
from moto.core.model import ListShape, MapShape, Shape, StructureShape
from moto.core.parse import PROTOCOL_PARSERS, RequestDict, RequestParserError
from moto.core.request import Request

from simulator.routing import Route
from simulator.shapes import Finding, Rules, check

_ENVELOPE = {"Action", "Version"}  # of the query protocols
_JSON = ("json", "rest-json")
_RAW = ("string", "blob")  # payloads that are the body itself


# -- requests


def parameters_of(route: Route, request: Request) -> tuple[dict[str, Any], list[Finding]]:
    """Parameters by their names in the model, and what is wrong with them."""
    assert route.operation is not None
    shape = route.operation.input_shape
    if shape is None:
        return {}, []
    parts: RequestDict = {
        "method": request.method,
        "values": request.values,
        "headers": request.headers,
        "body": request.get_data(),
        "url_path": request.path,
        "url_params": route.labels,
    }
    try:
        parsed = PROTOCOL_PARSERS[route.protocol](route.operation).parse(parts)
    except (RequestParserError, ValueError, TypeError, AttributeError, ElementTree.ParseError) as error:
        return {}, [("", f"can't be parsed ({type(error).__name__})")]
    # What may stand in the address more than once is an empty list there if it does not.
    parsed = {name: value for name, value in parsed.items() if value != [] or shape.members[name].serialization.get("location") != "querystring"}
    return parsed, list(_request_findings(route, request, shape, parsed))


def _request_findings(route: Route, request: Request, shape: StructureShape, parsed: dict[str, Any]) -> Iterator[Finding]:
    rules = Rules(json=route.protocol == "json", complete=True)
    if route.protocol == "json":
        yield from check(_json(request.get_data()), shape, rules)
        return
    if route.protocol == "rest-json":
        yield from _rest_json(request.get_data(), shape, parsed, rules)
    else:
        yield from check(parsed, shape, rules)
    if route.protocol == "rest-xml":
        yield from _unknown_in_xml(request.get_data(), shape, "querystring")
    if route.protocol in ("query", "ec2"):
        yield from _unknown_in_form(route, request, parsed)
    else:
        yield from _unknown_in_address(route, request, shape)


def _rest_json(body: bytes, shape: StructureShape, parsed: dict[str, Any], rules: Rules) -> Iterator[Finding]:
    """What the body holds is looked at as it came: parsed, a string of digits would be a number."""
    outside, inside = _by_place(shape)
    yield from check({name: value for name, value in parsed.items() if name in outside and value is not None}, shape, replace(rules, only=outside))
    payload = shape.serialization.get("payload")
    if payload is None:
        yield from check(_json(body), shape, replace(rules, json=True, only=inside))
    elif shape.members[payload].type_name not in _RAW and body:
        yield from check(_json(body), shape.members[payload], replace(rules, json=True), payload)


def _unknown_in_form(route: Route, request: Request, parsed: dict[str, Any]) -> Iterator[Finding]:
    """Whatever is not there any more when what was understood is written down again."""
    sent = {key for key in request.values if key not in _ENVELOPE and not key.lower().startswith("x-amz-")}
    again = create_serializer(route.protocol, include_validation=False).serialize_to_request(parsed, route.operation)["body"]
    empty = {key for key in sent if request.values[key] == ""}
    yield from ((key, "is not in the model") for key in sorted(sent - again.keys() - empty))


def _unknown_in_address(route: Route, request: Request, shape: StructureShape) -> Iterator[Finding]:
    assert route.operation is not None
    members = [member for member in shape.members.values() if member.serialization.get("location") == "querystring"]
    if any(member.type_name == "map" for member in members):
        return
    known = {member.serialization.get("name") for member in members} | route.operation.http_trait.query_args.keys() | {"x-id"}
    yield from ((key, "is not in the model") for key in sorted(request.args) if key not in known and not key.lower().startswith("x-amz-"))


# -- answers


def answer_findings(route: Route, status: int, headers: Mapping[str, str], body: bytes) -> tuple[str, list[Finding]]:
    """The code of an error ("" if it is none), and what is wrong with the answer."""
    assert route.operation is not None
    parts = {"status_code": status, "headers": HeadersDict(headers), "body": body, "context": {}}
    shape = route.operation.output_shape
    payload = shape.members[shape.serialization["payload"]] if shape is not None and "payload" in shape.serialization else None
    streams = payload is not None and (payload.type_name in _RAW or getattr(payload, "is_eventstream", False))
    if status < 300 and (shape is None or streams):
        return "", []
    try:
        parsed = create_parser(route.protocol).parse(parts, shape)
    except (ResponseParserError, ValueError, TypeError, KeyError, AttributeError) as error:
        unparsed = ("", f"can't be parsed ({type(error).__name__})")
        inside = _answer_findings(route, shape, {}, body) if shape is not None and route.protocol in _JSON else ()
        return "", [*inside, unparsed]
    if status >= 300:
        return _error_findings(route, status, parsed, body)
    assert shape is not None
    return "", list(_answer_findings(route, shape, parsed, body))


def _answer_findings(route: Route, shape: StructureShape, parsed: dict[str, Any], body: bytes) -> Iterator[Finding]:
    rules = Rules(json=route.protocol == "json", complete=False)
    parsed = {name: value for name, value in parsed.items() if name != "ResponseMetadata"}
    if route.protocol == "json":
        yield from check(_json(body), shape, rules)
    elif route.protocol == "rest-json":
        yield from _rest_json(body, shape, parsed, rules)
    else:
        yield from check(parsed, shape, rules)
        yield from _unknown_in_xml(body, shape, shape.serialization.get("resultWrapper", ""))


# Codes that any service may answer, beside those that its model has: the common errors of the API references, and what signatures lead to.
COMMON = {
    "AccessDenied",
    "AccessDeniedException",
    "ExpiredToken",
    "ExpiredTokenException",
    "InternalFailure",
    "InternalServerError",
    "InvalidClientTokenId",
    "InvalidParameterCombination",
    "InvalidParameterValue",
    "InvalidSignatureException",
    "MissingParameter",
    "RequestLimitExceeded",
    "ServiceUnavailable",
    "SignatureDoesNotMatch",
    "Throttling",
    "ThrottlingException",
    "UnrecognizedClientException",
    "ValidationError",
    "ValidationException",
}


def _error_findings(route: Route, status: int, parsed: dict[str, Any], body: bytes) -> tuple[str, list[Finding]]:
    assert route.operation is not None
    code = str(parsed.get("Error", {}).get("Code", ""))
    if route.operation.http.get("method") == "HEAD":
        return code or str(status), []
    if not code or body.lstrip()[:9].lower() == b"<!doctype":
        return code, [("", f"has status {status} and no error")]
    modelled = {shape.metadata.get("error", {}).get("code", shape.name) for shape in route.operation.service_model.error_shapes}
    # EC2 and S3 model none or few of theirs.
    if route.service not in ("ec2", "s3") and modelled and code not in modelled | COMMON:
        return code, [("Error.Code", "is no error of this service")]
    return code, []


# -- both


def _json(body: bytes) -> Any:
    try:
        return json.loads(body or b"{}")
    except ValueError:
        return None


def _by_place(shape: StructureShape) -> tuple[frozenset[str], frozenset[str]]:
    """Members that stand in the address, the headers or the status; and those that stand in the body."""
    outside = frozenset(name for name, member in shape.members.items() if "location" in member.serialization)
    return outside, frozenset(shape.members) - outside


def _unknown_in_xml(body: bytes, shape: StructureShape, wrapper: str) -> Iterator[Finding]:
    """Elements that the shape has no member for."""
    payload = shape.serialization.get("payload")
    if not body.strip() or (payload and shape.members[payload].type_name in _RAW):
        return
    try:
        root = ElementTree.fromstring(body)
    except ElementTree.ParseError:
        yield "", "is no XML"
        return
    result = next((each for each in root if _tag(each) == wrapper), root) if wrapper else root
    yield from _unknown_elements(result, shape.members[payload] if payload else shape, payload or "")


def _unknown_elements(node: ElementTree.Element, shape: Shape, where: str) -> Iterator[Finding]:
    if isinstance(shape, StructureShape):
        names = {name: member for key, member in shape.members.items() for name in _names(key, member)}
        dot = f"{where}." if where else ""
        for child in node:
            tag = _tag(child)
            if tag in names:
                yield from _unknown_below(child, names[tag], dot + tag)
            elif tag.lower() not in ("requestid", "responsemetadata"):
                yield dot + tag, "is not in the model"
    elif isinstance(shape, ListShape):
        for child in node:
            yield from _unknown_elements(child, shape.member, f"{where}[]")
    elif isinstance(shape, MapShape):
        for entry in node:
            for value in (child for child in entry if _tag(child) == shape.value.serialization.get("name", "value")):
                yield from _unknown_elements(value, shape.value, f"{where}{{}}")


def _unknown_below(node: ElementTree.Element, member: Shape, where: str) -> Iterator[Finding]:
    """A flattened list has no element of its own: each of its items stands where it would."""
    if isinstance(member, ListShape) and member.serialization.get("flattened"):
        yield from _unknown_elements(node, member.member, f"{where}[]")
    elif not (isinstance(member, MapShape) and member.serialization.get("flattened")):
        yield from _unknown_elements(node, member, where)


def _names(key: str, member: Shape) -> set[str]:
    if isinstance(member, ListShape) and member.serialization.get("flattened"):
        return {member.member.serialization.get("name", member.serialization.get("name", key)), member.serialization.get("name", key)}
    return {member.serialization.get("name", key)}


def _tag(node: ElementTree.Element) -> str:
    return node.tag.rpartition("}")[2]
