# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Long lists, page by page, in a memory that does not grow with them.

https://kubernetes.io/docs/reference/using-api/api-concepts/#retrieving-large-results-sets-in-chunks
"""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.slipway.platform.plugins.module_utils._errors import Conflict, Unreachable
from ansible_collections.slipway.platform.plugins.module_utils._k8s.client import Client
from ansible_collections.slipway.platform.plugins.module_utils._k8s.kinds import Kind, Object

_GONE = 410
_MOST_BEGINNINGS = 4


def each(client: Client, kind: Kind, namespace: str | None = None, *, labels: str = "", fields: str = "", limit: int = 250) -> Iterator[Object]:
    """Every object of a kind in one namespace or in all, once. Of the objects that were seen only a number each is kept.

    A server forgets after some minutes where a list was to go on (410). It is read from its beginning then, and what came before is passed
    over; ``Unreachable`` if that happens again and again.
    """
    query = {key: value for key, value in (("labelSelector", labels), ("fieldSelector", fields)) if value} | {"limit": str(limit)}
    seen: set[int] = set()
    for _ in range(_MOST_BEGINNINGS):
        try:
            for item in _from_the_beginning(client, kind, namespace, query):
                metadata = item["metadata"]
                key = hash((metadata.get("namespace"), metadata.get("name"), metadata.get("uid")))
                if key not in seen:
                    seen.add(key)
                    yield item
            return
        except Conflict as error:
            if error.facts.get("status") != _GONE:
                raise
    raise Unreachable(
        f"list of {kind.plural} at {client.host}: it could not be read to its end in {_MOST_BEGINNINGS} tries; ask for larger pages", host=client.host
    )


def _from_the_beginning(client: Client, kind: Kind, namespace: str | None, query: dict[str, str]) -> Iterator[Object]:
    token = ""
    while True:
        asked = query | {"continue": token} if token else query
        page = client.request("GET", kind.path(namespace), query=asked, what=f"list of {kind.plural}")
        token = page["metadata"].get("continue", "")
        items = page.pop("items") or []
        items.reverse()
        while items:  # what was looked at is let go before the next page is asked for
            yield items.pop()
        if not token:
            return
