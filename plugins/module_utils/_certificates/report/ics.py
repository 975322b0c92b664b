# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A calendar of expiries (RFC 5545): an event for each certificate when it ends, with an alarm when it is time to renew. Pure.

The same certificate on a hundred addresses is one event. What an event says depends on the certificate alone, not on the time of the run:
its UID stays, so a calendar that imports the file again updates what it has.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from hashlib import sha256

from ansible_collections.slipway.platform.plugins.module_utils._certificates.model import Certificate, Row
from ansible_collections.slipway.platform.plugins.module_utils._certificates.report import title

_LINE = 75  # octets, without the line break (§3.1)
_SHOWN = 20


def text(rows: Sequence[Row]) -> str:
    """The file's content, with the line ends that the format wants (CRLF)."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//slipway.platform//certificates//EN", "CALSCALE:GREGORIAN", "X-WR-CALNAME:Certificates"]
    for identity, of_one in sorted(_by_certificate(rows).items()):
        lines += _event(identity, of_one)
    return "".join(f"{folded}\r\n" for line in [*lines, "END:VCALENDAR"] for folded in fold(line))


def fold(line: str) -> Iterator[str]:
    """The parts of a line that may be no longer than 75 octets each; those behind the first begin with a space, and no character is cut."""
    if len(line) <= _LINE and line.isascii():
        yield line
        return
    part, size = "", 0
    for character in line:
        width = len(character.encode("utf-8", "replace"))
        if size + width > _LINE:
            yield part
            part, size = " ", 1
        part, size = part + character, size + width
    yield part


def escape(value: str) -> str:
    """A value of the type TEXT (§3.3.11). Control characters have no place in it."""
    escaped = value.replace("\\", "\\\\").replace(";", r"\;").replace(",", r"\,").replace("\r\n", "\n").replace("\n", r"\n")
    return "".join(character for character in escaped if character >= " " and character != "\x7f")


def _by_certificate(rows: Sequence[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in rows:
        if row.not_after:
            ends = _ending(row)
            identity = (
                ends.fingerprint
                if ends and ends.fingerprint
                else sha256("\0".join([row.source, title(row), _time(row.not_after)]).encode("utf-8", "replace")).hexdigest()
            )
            found.setdefault(identity, []).append(row)
    return found


def _ending(row: Row) -> Certificate | None:
    """The certificate that ends first on the path; None if it is a root that was not sent."""
    return next((certificate for certificate in row.certificates if certificate.not_after == row.not_after), None)


def _event(identity: str, rows: Sequence[Row]) -> Iterator[str]:
    row, ends = rows[0], _ending(rows[0])
    titles = sorted({title(each) for each in rows})
    where = titles[0] if len(titles) == 1 else f"{titles[0]} and {len(titles) - 1} more"
    more = [f"... and {len(titles) - _SHOWN} more"] if len(titles) > _SHOWN else []
    about = [f"Subject: {ends.subject}", f"Issuer: {ends.issuer}", f"Serial: {ends.serial}"] if ends else []
    renew_at = min((each.renew_at for each in rows if each.renew_at), default=None)
    yield from ("BEGIN:VEVENT", f"UID:{identity}@certificates.slipway.platform")
    # When what it says was last revised (§3.8.7.2): a certificate never is, so that is when it was made.
    yield f"DTSTAMP:{_time(ends.not_before if ends and ends.not_before else datetime(1970, 1, 1, tzinfo=UTC))}"
    yield f"DTSTART:{_time(row.not_after)}"
    yield f"SUMMARY:{escape(f'Certificate expires: {where}')}"
    yield f"DESCRIPTION:{escape(chr(10).join([*titles[:_SHOWN], *more, *about]))}"
    yield from ("CATEGORIES:Certificates", "TRANSP:TRANSPARENT", "STATUS:CONFIRMED")
    if renew_at:
        yield from ("BEGIN:VALARM", "ACTION:DISPLAY", f"TRIGGER;VALUE=DATE-TIME:{_time(renew_at)}")
        yield from (f"DESCRIPTION:{escape(f'Renew the certificate of {where}')}", "END:VALARM")
    yield "END:VEVENT"


def _time(moment: datetime | None) -> str:
    return moment.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ").zfill(16) if moment else ""
