# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Backends that list what a test gives them: thousands of certificates, instances in any state, in pages of any size."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import botocore.session
from botocore import xform_name
from moto.core.responses import ActionResult

from simulator.backend import Backend


class Lists:
    """``of``: what an operation lists, as boto3 returns it. ``page``: the largest page there is."""

    def __init__(self) -> None:
        self.of: dict[str, list[dict[str, Any]]] = {}
        self.page = 1000

    def backend(self, service: str, *operations: str) -> type[Backend]:
        """Answers these operations of the service and no others; for ``running(backends=...)``."""

        def init(backend: Backend) -> None:
            Backend.__init__(backend, service_name=service)

        methods = {xform_name(operation): self._listing(service, operation) for operation in operations}
        return type("Listing", (Backend,), {"__init__": init, **methods})

    def _listing(self, service: str, operation: str) -> Callable[[Backend], ActionResult]:
        pages = botocore.session.get_session().get_paginator_model(service).get_paginator(operation)

        def listing(backend: Backend) -> ActionResult:
            begin = int(str(backend._get_param(pages["input_token"]) or "at-0").removeprefix("at-"))
            end = begin + min(self.page, int(backend._get_param(pages["limit_key"]) or self.page))
            everything = self.of.get(operation, [])
            result: dict[str, Any] = {pages["result_key"]: everything[begin:end]}
            if end < len(everything):
                result[pages["output_token"]] = f"at-{end}"
            if "more_results" in pages:
                result[pages["more_results"]] = end < len(everything)
            return ActionResult(result)

        return listing
