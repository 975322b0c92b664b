# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Metrics for node_exporter's textfile collector (Prometheus text format 0.0.4). Pure.

Three families, so that dashboards and alerts which people have go on working: ``x509_cert_*`` as x509-certificate-exporter names them (one
series for each certificate), ``probe_*`` as blackbox_exporter does (one for each probed address), and ``slipway_certificate_*`` (one for
each row: the verdict, and when to renew). No time of the run is in it: ``node_textfile_mtime_seconds`` says how fresh the file is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import PurePath

from ansible_collections.slipway.platform.plugins.module_utils._certificates.model import Certificate, Row, Verdict

Labels = Mapping[str, str]
Sample = tuple[str, Labels, int]

# Larger is worse, so that `max` and `>= 3` say what one thinks they say.
LEVELS = {Verdict.OK: 0, Verdict.WARNING: 1, Verdict.UNKNOWN: 2, Verdict.CRITICAL: 3, Verdict.EXPIRED: 4}
FAMILIES = {
    "x509_cert_not_before": "When the certificate begins to be valid, in seconds since 1970.",
    "x509_cert_not_after": "When the certificate expires, in seconds since 1970.",
    "x509_cert_expired": "1 if the certificate has expired, 0 otherwise.",
    "x509_cert_error": "1 if no certificate could be read there, 0 otherwise.",
    "probe_success": "1 if clients would accept the certificate now, 0 otherwise.",
    "probe_ssl_earliest_cert_expiry": "The earliest end in all that the server sent, in seconds since 1970.",
    "probe_ssl_last_chain_expiry_timestamp_seconds": "The end of the path that clients verify, in seconds since 1970.",
    "slipway_certificate_verdict": "0 ok, 1 warning, 2 unknown, 3 critical, 4 expired.",
    "slipway_certificate_not_after_timestamp_seconds": "When it stops working, in seconds since 1970.",
    "slipway_certificate_renew_at_timestamp_seconds": "When it is time to renew, in seconds since 1970.",
    "slipway_certificate_problem": "1 for each thing that was noticed, by its code.",
    "slipway_certificates": "How many were looked at, by source and verdict.",
}
# What x509-certificate-exporter calls our labels, by the kind of what they are about.
_SECRET = {"namespace": "secret_namespace", "object": "secret_name", "key": "secret_key"}
_CONFIG_MAP = {"namespace": "configmap_namespace", "object": "configmap_name", "key": "configmap_key"}
_CA_BUNDLE = {"kind": "cabundle_resource_kind", "object": "cabundle_resource_name", "key": "cabundle_entry"}
_FILE = {"path": "filepath", "kind": "embedded_kind", "key": "embedded_key"}
_COMMON_NAME = re.compile(r"(?:^|[,+])CN=((?:\\.|[^,+\\])*)")


def content(rows: Sequence[Row], now: datetime) -> bytes:
    """The file's content. Each series is there once, also where two rows are called the same: a duplicate would spoil the whole file.

    Of two such rows the more urgent one is kept. Lines are bytes at once, because ten thousand rows are a hundred thousand lines.
    """
    families = {family: bytearray() for family in FAMILIES}
    seen: set[int] = set()
    for row in sorted(rows, key=lambda row: (row.source, row.name, row.verdict.urgency)):
        for family, labels, value in _of_row(row, now):
            series = _series(family, labels)
            if hash(series) not in seen:
                seen.add(hash(series))
                families[family] += f"{series} {value}\n".encode("utf-8", "replace")  # a path may hold bytes that are no text
    for family, labels, value in _counts(rows):
        families[family] += f"{_series(family, labels)} {value}\n".encode()
    heads = {family: f"# HELP {family} {text}\n# TYPE {family} gauge\n".encode() for family, text in FAMILIES.items()}
    return b"".join(part for family, lines in families.items() if lines for part in (heads[family], lines))


def _of_row(row: Row, now: datetime) -> Iterator[Sample]:
    own = {**row.labels, "source": row.source, "name": row.name}
    known = _known_labels(row)
    for place, certificate in enumerate(row.certificates):
        yield from _of_certificate(certificate, {**known, "position": str(place)}, now)
    yield "x509_cert_error", known, int(not row.certificates)
    if row.source == "endpoint":
        target = {key: row.labels[key] for key in ("address", "server_name") if key in row.labels} | {"target": row.name}
        refused = any(problem.verdict.urgency <= Verdict.UNKNOWN.urgency and problem.code != "expires_soon" for problem in row.problems)
        yield "probe_success", target, int(not refused)
        if row.sent_not_after:
            yield "probe_ssl_earliest_cert_expiry", target, _seconds(row.sent_not_after)
        if row.path_not_after:
            yield "probe_ssl_last_chain_expiry_timestamp_seconds", target, _seconds(row.path_not_after)
    yield "slipway_certificate_verdict", own, LEVELS[row.verdict]
    if row.not_after:
        yield "slipway_certificate_not_after_timestamp_seconds", own, _seconds(row.not_after)
    if row.renew_at:
        yield "slipway_certificate_renew_at_timestamp_seconds", own, _seconds(row.renew_at)
    for problem in row.problems:
        yield "slipway_certificate_problem", {**own, "code": problem.code}, 1


def _of_certificate(certificate: Certificate, labels: Labels, now: datetime) -> Iterator[Sample]:
    all_labels = {
        **labels,
        "serial_number": str(int(certificate.serial, 16)) if re.fullmatch("-?[0-9A-Fa-f]+", certificate.serial) else certificate.serial,
        "subject_CN": _common_name(certificate.subject),
        "issuer_CN": _common_name(certificate.issuer),
    }
    if certificate.not_before:
        yield "x509_cert_not_before", all_labels, _seconds(certificate.not_before)
    yield "x509_cert_not_after", all_labels, _seconds(certificate.not_after)
    yield "x509_cert_expired", all_labels, int(now > certificate.not_after)


def _known_labels(row: Row) -> dict[str, str]:
    """The row's labels by the names that x509 dashboards filter by; what they have no name for keeps ours."""
    names: Mapping[str, str] = {}
    if row.source == "kubernetes":
        names = {"Secret": _SECRET, "ConfigMap": _CONFIG_MAP}.get(row.labels.get("kind", ""), _CA_BUNDLE)
    elif "path" in row.labels:
        names = _FILE
    labels = {names.get(key, key): value for key, value in row.labels.items()}
    if "filepath" in labels:
        labels["filename"] = PurePath(labels["filepath"]).name
    return labels | {"source": row.source, "name": row.name}


def _counts(rows: Sequence[Row]) -> Iterator[Sample]:
    for source in sorted({row.source for row in rows}):
        for verdict in Verdict:
            count = sum(1 for row in rows if row.source == source and row.verdict is verdict)
            yield "slipway_certificates", {"source": source, "verdict": str(verdict)}, count


def _series(family: str, labels: Labels) -> str:
    pairs = ",".join(f'{_label_name(key)}="{_escaped(value)}"' for key, value in sorted(labels.items()) if value)
    return f"{family}{{{pairs}}}"


def _label_name(key: str) -> str:
    safe = re.sub(r"[^a-zA-Z0-9_]", "_", key)
    return f"_{safe}" if safe[:1].isdigit() else safe


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")


def _common_name(subject: str) -> str:
    """The last common name of an RFC 4514 name, which is the most specific one; the whole name if there is none."""
    found = _COMMON_NAME.search(subject)
    return re.sub(r"\\(.)", r"\1", found[1]) if found else subject


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())
