# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Errors as application/problem+json (RFC 9457)."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

logger = logging.getLogger("hello")


class ProblemResponse(JSONResponse):
    """The media type says that the body is a problem."""

    media_type = "application/problem+json"


def problem(status: int, detail: str, request_id: str, headers: Mapping[str, str] | None = None) -> ProblemResponse:
    """A problem without a type of its own: the status says it all, detail helps a person (section 4.2.1)."""
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail, "request_id": request_id}
    return ProblemResponse(body, status_code=status, headers=headers)


async def on_http_error(request: Request, error: Exception) -> Response:
    """Not found, method not allowed, bad input."""
    assert isinstance(error, HTTPException)
    return problem(error.status_code, error.detail, request.state.request_id, error.headers)


async def on_bug(request: Request, _: Exception) -> Response:
    """The exception itself goes to the logs, under the same request id."""
    return problem(500, "The service made a mistake; the request id finds it in the logs.", request.state.request_id)


async def on_store_unavailable(request: Request, error: Exception) -> Response:
    """The reason goes to the logs, not to the visitor: it names hosts."""
    logger.warning("no database", extra={"fields": {"reason": str(error)}})
    return problem(503, "The database does not answer right now; try again.", request.state.request_id, {"Retry-After": "1"})
