# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The machine's own apt configuration, read through apt itself, so that images come from the sources this machine trusts.

Suites, mirrors and proxies are whatever apt-get on this machine uses (apt-get(8) ``indextargets``, apt-config(8)).
"""

from __future__ import annotations

import re
from pathlib import Path

from ansible_collections.slipway.platform.plugins.module_utils import _command
from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput

_DEADLINE = 60.0
_NETWORK_SETTING = re.compile(r"Acquire::(?:http|https|ftp|Check-|Retries|ForceIPv|AllowInsecureRepositories)", re.IGNORECASE)


def sources(targets: str, suite: str) -> list[str]:
    """One-line apt sources (sources.list(5)) of this suite, its updates and its security updates.

    ``targets`` is what ``apt-get indextargets`` printed. Sources of other parties are left out: an image gets Debian's packages only.
    """
    wanted = {suite, f"{suite}-updates", f"{suite}-security", f"{suite}/updates"}
    components: dict[tuple[str, str], list[str]] = {}
    seen: set[str] = set()
    for paragraph in targets.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in paragraph.splitlines() if ": " in line)
        release = fields.get("Release", "")
        seen.add(release)
        if fields.get("Created-By") == "Packages" and release in wanted:
            listed = components.setdefault((fields["Repo-URI"], release), [])
            if fields["Component"] not in listed:
                listed.append(fields["Component"])
    lines = [f"deb {uri} {release} {' '.join(listed)}" for (uri, release), listed in components.items()]
    if not any(release == suite for _, release in components):
        known = ", ".join(sorted(seen - {""})) or "none"
        raise InvalidInput(f"apt on this machine has no source for the suite {suite} (it has: {known}); add one to /etc/apt/sources.list.d", suite=suite)
    return lines


def network_settings(dump: str) -> str:
    """The lines of ``apt-config dump`` that say how to reach a mirror: proxies, certificates, retries."""
    return "".join(f"{line}\n" for line in dump.splitlines() if _NETWORK_SETTING.match(line) and not line.endswith('"";'))


def write_configuration(suite: str, folder: Path) -> tuple[Path, Path]:
    """Write the sources and the settings for a build to files (0600, since a proxy's address may hold a password)."""
    apt_get, apt_config = _command.find("apt-get", "apt"), _command.find("apt-config", "apt")
    listing = _command.run([apt_get, "indextargets", "Created-By: Packages"], deadline=_DEADLINE).stdout
    dump = _command.run([apt_config, "dump"], deadline=_DEADLINE).stdout
    settings = network_settings(dump) + 'Acquire::Languages "none";\n'
    return _private(folder / "sources.list", "\n".join(sources(listing, suite)) + "\n"), _private(folder / "apt.conf", settings)


def architecture() -> str:
    """The Debian name of this machine's architecture, for example amd64."""
    return _command.run([_command.find("dpkg", "dpkg"), "--print-architecture"], deadline=_DEADLINE).stdout.strip()


def _private(path: Path, text: str) -> Path:
    path.touch(mode=0o600)
    path.write_text(text)
    return path
