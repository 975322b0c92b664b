# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Debian packages say about themselves, and stand-ins for the ones an image does without (deb-control(5), deb(5))."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.slipway.platform.plugins.module_utils import _command
from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput

# Only maintainer scripts and interactive use need these, and a distroless image has neither. What they provide beside their name:
WITHOUT: Mapping[str, str] = {
    "adduser": "",
    "bash": "",
    "coreutils": "",
    "dash": "",
    "debconf": "debconf-2.0",
    "debianutils": "",
    "diffutils": "",
    "dpkg": "",
    "findutils": "",
    "grep": "",
    "gzip": "",
    "hostname": "",
    "init-system-helpers": "",
    "login": "",
    "lsb-base": "",
    "mawk": "awk",
    "media-types": "mime-support",
    "passwd": "",
    "perl": "",
    "perl-base": "",
    "procps": "",
    "sed": "",
    "sensible-utils": "",
    "ssl-cert": "",
    "sysvinit-utils": "",
    "tar": "",
    "ucf": "",
    "usrmerge": "",
    "usr-is-merged": "",
    "util-linux": "",
}
_AR_DATE = slice(24, 36)  # in the header of the first member, deb(5) and ar(5)


@dataclass(frozen=True, order=True)
class Package:
    """A package of an image; ``control`` is its control paragraph and ``md5sums`` the checksums of its files."""

    name: str
    version: str
    architecture: str
    control: str = ""
    md5sums: str = ""


def stand_ins(names: Iterable[str], architecture: str) -> str:
    """A dpkg status file in which these packages are already installed, so that apt neither takes them nor what they need."""
    paragraphs = []
    for name in sorted(set(names)):
        lines = [
            f"Package: {name}",
            "Status: install ok installed",
            "Maintainer: none <none@localhost>",
            f"Architecture: {architecture}",
            "Multi-Arch: allowed",
            "Version: 99:0",
            "Description: left out of this image",
        ]
        provided = WITHOUT.get(name, "")
        if provided:
            lines.insert(-1, f"Provides: {provided}")
        paragraphs.append("\n".join(lines) + "\n")
    return "\n".join(paragraphs)


def paragraphs(status: str) -> Iterator[dict[str, str]]:
    """The paragraphs of a control file as fields; continuation lines are kept as they are."""
    for text in status.split("\n\n"):
        fields: dict[str, str] = {}
        name = ""
        for line in text.splitlines():
            if line[:1] in (" ", "\t"):
                fields[name] += f"\n{line}"
            elif ":" in line:
                name, _, value = line.partition(":")
                fields[name] = value.strip()
        if "Package" in fields:
            yield fields


def installed(status: str) -> list[Package]:
    """The packages of a dpkg status file."""
    return sorted(Package(f["Package"], f["Version"], f["Architecture"]) for f in paragraphs(status) if f.get("Status", "").endswith(" installed"))


def read_archive(path: Path) -> Package:
    """A package from its .deb file."""
    dpkg_deb = _command.find("dpkg-deb", "dpkg")
    control = _command.run([dpkg_deb, "--field", str(path)], deadline=60).stdout
    fields = next(paragraphs(control), None)
    if fields is None:
        raise InvalidInput(f"{path} has no control paragraph; remove it and build again")
    sums = _command.run(["/bin/sh", "-c", 'exec dpkg-deb --ctrl-tarfile "$1" | tar -xO ./md5sums 2>/dev/null || :', "sh", str(path)], deadline=60).stdout
    return Package(fields["Package"], fields["Version"], fields["Architecture"], control, sums)


def archive_time(path: Path) -> int:
    """When a .deb was built (seconds since the epoch): builders write the date of the newest changelog entry there."""
    with path.open("rb") as handle:
        header = handle.read(60)
    return int(header[_AR_DATE])
