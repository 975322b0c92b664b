# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A JUnit report, as CI systems show it: a suite for each source, a test case for each row. Pure.

Critical, expired and unknown are failures; a warning passes, and says why in its output.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.sax.saxutils import quoteattr

from ansible_collections.slipway.platform.plugins.module_utils._certificates.model import Row, Verdict
from ansible_collections.slipway.platform.plugins.module_utils._certificates.report import title

FAILURES = (Verdict.EXPIRED, Verdict.CRITICAL, Verdict.UNKNOWN)
# XML 1.0 has no way to write these, and a certificate's subject may hold them.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def text(rows: Sequence[Row]) -> str:
    """The file's content."""
    suites = []
    for source in sorted({row.source for row in rows}):
        of_source = [row for row in rows if row.source == source]
        cases = "".join(_case(row) for row in of_source)
        attributes = f'tests="{len(of_source)}" failures="{_failures(of_source)}" errors="0" skipped="0" time="0"'
        suites.append(f"  <testsuite name={_attribute(source)} {attributes}>\n{cases}  </testsuite>\n")
    head = f'<testsuites name="certificates" tests="{len(rows)}" failures="{_failures(rows)}" errors="0" time="0">'
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{head}\n{"".join(suites)}</testsuites>\n'


def _case(row: Row) -> str:
    begin = f'    <testcase classname={_attribute(f"certificates.{row.source}")} name={_attribute(title(row))} time="0"'
    said = _content("\n".join(f"{problem.code}: {problem.text}" for problem in row.problems))
    if row.verdict in FAILURES:
        first = row.reasons[0] if row.reasons else str(row.verdict)
        return f"{begin}>\n      <failure type={_attribute(row.verdict)} message={_attribute(first)}>{said}</failure>\n    </testcase>\n"
    return f"{begin}>\n      <system-out>{said}</system-out>\n    </testcase>\n" if said else f"{begin}/>\n"


def _failures(rows: Sequence[Row]) -> int:
    return sum(1 for row in rows if row.verdict in FAILURES)


def _attribute(value: str) -> str:
    return quoteattr(_FORBIDDEN.sub("\ufffd", value), {"\n": "&#10;", "\r": "&#13;", "\t": "&#9;"})


def _content(value: str) -> str:
    return _FORBIDDEN.sub("\ufffd", value).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
