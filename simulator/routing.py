# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a request is: service, region, operation and caller; from its signature and botocore's models."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from moto.core.model import OperationModel
from moto.core.request import Request, determine_request_protocol
from werkzeug.exceptions import HTTPException

from simulator import models

# SigV4's credential scope: <key id>/<date>/<region>/<service>/aws4_request; in the header Authorization, or in the address of a presigned request.
SCOPE = re.compile(r"(?P<key>[^/\s=]+)/\d{8}/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request")
_UNSIGNED = {"AssumeRoleWithWebIdentity": "sts", "AssumeRoleWithSAML": "sts"}


@dataclass(frozen=True)
class Route:
    """``service`` and ``operation`` are empty if nobody can tell; ``protocol`` is that of the request, of those that the service has."""

    service: str = ""
    region: str = ""
    access_key: str = ""
    operation: OperationModel | None = None
    protocol: str = "query"
    labels: dict[str, Any] = field(default_factory=dict)  # from the path

    @property
    def name(self) -> str:
        return self.operation.name if self.operation else ""


def route(request: Request) -> Route:
    """Presigned requests are made to look like others, for who comes after us."""
    signature = request.headers.get("Authorization", "")
    if not signature and "X-Amz-Credential" in request.args:
        signature = f"AWS4-HMAC-SHA256 Credential={request.args['X-Amz-Credential']}, SignedHeaders={request.args.get('X-Amz-SignedHeaders', '')}"
        request.environ["HTTP_AUTHORIZATION"] = signature
    scope = SCOPE.search(signature)
    if scope:
        key, region, candidates = scope["key"], scope["region"], models.services_signed_as(scope["service"])
    else:
        unsigned = _UNSIGNED.get(request.values.get("Action", ""))
        key, region, candidates = "", models.GLOBAL, (unsigned,) if unsigned else ()
    routes = [_as(service, region, key, request) for service in candidates]
    named = Route(service=scope["service"] if scope else "", region=region, access_key=key)
    return next((found for found in routes if found.operation), routes[0] if routes else named)


def _as(service: str, region: str, key: str, request: Request) -> Route:
    model = models.service_model(service)
    try:
        protocol = determine_request_protocol(model, request.content_type)
    except NotImplementedError:
        protocol = str(model.protocol)
    # The version tells apart what has one name and one address: load balancers of two generations.
    if request.values.get("Version", model.api_version) != model.api_version:
        return Route(service, region, key, None, protocol)
    if protocol == "query" and "ec2" in model.metadata.get("protocols", ()):
        protocol = "ec2"
    try:
        operation, labels = models.router(service).match(request)
    except (HTTPException, NotImplementedError):
        return Route(service, region, key, None, protocol)
    # moto takes a slash in the last label of every address; clients encode it, unless the model says that it may stand there.
    template = operation.http_trait.path
    if protocol == "rest-json" and "+}" not in template and request.raw_path.strip("/").count("/") != template.strip("/").count("/"):
        return Route(service, region, key, None, protocol)
    return Route(service, region, key, operation, protocol, labels)
