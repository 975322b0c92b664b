# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page for people: one template, its style inside, no script."""

from __future__ import annotations

import base64
import hashlib
import html
import re
from pathlib import Path
from string import Template

from .settings import Settings

_SOURCE = (Path(__file__).parent / "page.html").read_text(encoding="utf-8")
_TEMPLATE = Template(_SOURCE)
_STYLE = re.search(r"<style>(.*?)</style>", _SOURCE, re.DOTALL)
assert _STYLE
_HASH = base64.b64encode(hashlib.sha256(_STYLE[1].encode()).digest()).decode()

# The browser may use exactly this style and nothing else.
SECURITY_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_HASH}'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def render(settings: Settings, greeting: str, today: int, total: int) -> str:
    """The page as text; every value is escaped."""
    values = {
        "greeting": greeting,
        "today": f"{today:,}",
        "total": f"{total:,}",
        "version": settings.version,
        "digest": settings.digest[:19] or "not told",
        "full_digest": settings.digest,
        "pod": settings.pod or "not told",
        "zone": settings.zone or "not told",
    }
    return _TEMPLATE.substitute({name: html.escape(value) for name, value in values.items()})
