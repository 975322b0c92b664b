# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One region of one account: calls by name, with deadlines, adaptive retries and pages; errors are those of _errors.py."""

from __future__ import annotations

import importlib
import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar

from ansible_collections.slipway.platform.plugins.module_utils._aws import errors
from ansible_collections.slipway.platform.plugins.module_utils._errors import Missing, NotFound, SlipwayError

T = TypeVar("T")
_AT_ONCE = 8  # AWS throttles per account and operation: more only makes everybody wait
_MAKES = re.compile(r"(Allocate|Associate|Attach|Authorize|Create(?!Tags)|Import)[A-Z]\w*")
_TOKEN = re.compile(r"\w*Token", re.IGNORECASE)


@dataclass(frozen=True)
class Access:
    """How AWS is reached. Credentials are not among it: boto3 finds them (environment, profile, SSO, instance or pod identity).

    ``region``: "" for that of the configuration of AWS. ``endpoint_urls``: by service, in boto3's names ("eks"); ``endpoint_url`` is that of all
    others, "" for AWS's own. ``attempts``: of each call; ``connect``, ``read``: seconds of each attempt.
    """

    region: str
    profile: str = ""
    endpoint_url: str = ""
    endpoint_urls: Mapping[str, str] = field(default_factory=dict)
    attempts: int = 8
    connect: float = 10
    read: float = 60

    def endpoint(self, service: str) -> str | None:
        """None: AWS's own, or what the environment says (AWS_ENDPOINT_URL)."""
        return self.endpoint_urls.get(service) or self.endpoint_url or None


@dataclass(frozen=True)
class Clock:
    """Time as the core uses it. ``monotonic``: seconds, for deadlines; ``now``: aware, UTC."""

    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    now: Callable[[], datetime] = lambda: datetime.now(UTC)


def _silent(line: str) -> None:
    pass


class Aws:
    """``progress`` is told what is waited for, in lines for people."""

    def __init__(self, access: Access, progress: Callable[[str], None] = _silent, clock: Clock | None = None) -> None:
        self.access, self.progress, self.clock = access, progress, clock or Clock()
        self._session: Any = None
        self._clients: dict[str, Any] = {}
        self._making = threading.Lock()

    @property
    def region(self) -> str:
        """Where no option says it, what the configuration of AWS says; "" if nobody does."""
        return self.access.region or str(self._made_session().region_name or "")

    @property
    def known_regions(self) -> list[str]:
        """Those that botocore knows, of all partitions; AWS may have newer ones."""
        session = self._made_session()
        return sorted(name for partition in session.get_available_partitions() for name in session.get_available_regions("ec2", partition))

    @property
    def partition(self) -> str:
        """ "aws", "aws-cn", "aws-us-gov", ...: what ARNs begin with."""
        found: str = self._made_session().get_partition_for_region(self.region)
        return found

    def call(self, service: str, operation: str, /, **parameters: Any) -> dict[str, Any]:
        """What boto3's method returns. ``operation``: in its names (describe_cluster). Raises what errors.py says."""
        client = self.client(service)
        try:
            answer: dict[str, Any] = getattr(client, operation)(**parameters)
        except Exception as error:
            raise self._meaning(error, client, service, operation) from None
        return answer

    def find(self, service: str, operation: str, /, **parameters: Any) -> dict[str, Any] | None:
        """The same, and None if AWS says that it is not there. Being refused is no absence."""
        try:
            return self.call(service, operation, **parameters)
        except NotFound:
            return None

    def listed(self, service: str, operation: str, key: str, /, **parameters: Any) -> list[Any]:
        """``key`` of all pages together."""
        return list(self.each(service, operation, key, **parameters))

    def each(self, service: str, operation: str, key: str, /, **parameters: Any) -> Iterator[Any]:
        """The same one by one, so that what came before an error is there."""
        client = self.client(service)
        try:
            if not client.can_paginate(operation):
                yield from self.call(service, operation, **parameters).get(key) or ()
            else:
                for page in client.get_paginator(operation).paginate(**parameters):
                    yield from page.get(key) or ()
        except SlipwayError:
            raise
        except Exception as error:
            raise self._meaning(error, client, service, operation) from None

    def together(self, work: Callable[[Any], T], items: Iterable[Any]) -> list[T]:
        """``work`` of each item, some at a time; in the order of the items. The first error ends it."""
        everything = list(items)
        if len(everything) < 2:
            return [work(item) for item in everything]
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            return list(pool.map(work, everything))

    def client(self, service: str) -> Any:
        """boto3's client, for what the methods above have no words for."""
        with self._making:
            if service not in self._clients:
                self._clients[service] = self._connect(service)
            return self._clients[service]

    def _connect(self, service: str) -> Any:
        session = self._made_session()
        config = importlib.import_module("botocore.config").Config(
            connect_timeout=self.access.connect,
            read_timeout=self.access.read,
            retries={"mode": "adaptive", "total_max_attempts": self.access.attempts},
            max_pool_connections=_AT_ONCE,
            user_agent_extra="slipway",
        )
        try:
            client = session.client(service, endpoint_url=self.access.endpoint(service), config=config)
        except Exception as error:
            raise errors.meaning(error, f"AWS {service} in {self.region}", service) from None
        client.meta.events.register_first(f"needs-retry.{client.meta.service_model.service_id.hyphenize()}", _not_twice)
        return client

    def _made_session(self) -> Any:
        if self._session is None:
            try:
                boto3 = importlib.import_module("boto3")
            except ImportError:
                raise Missing("AWS needs the Python package boto3 on the controller: pip install boto3") from None
            try:
                self._session = boto3.Session(profile_name=self.access.profile or None, region_name=self.access.region or None)
            except Exception as error:
                raise errors.meaning(error, f"AWS in {self.access.region or 'any region'}", "") from None
        return self._session

    def _meaning(self, error: Exception, client: Any, service: str, operation: str) -> Exception:
        name = client.meta.method_to_api_mapping.get(operation, operation)
        return errors.meaning(error, f"AWS {service} {name} in {self.region}", f"{client.meta.service_model.signing_name}:{name}")


def _not_twice(operation: Any, caught_exception: Exception | None, **_: Any) -> None:
    """What AWS may have made, though nobody heard of it, is not asked for again: without a token there would be two (botocore's handlers of needs-retry)."""
    if caught_exception is None or type(caught_exception).__name__ in errors.NEVER_SENT or not _MAKES.fullmatch(operation.name):
        return
    if not any(_TOKEN.fullmatch(member) for member in operation.input_shape.members):
        raise errors.AnswerLost(type(caught_exception).__name__)
