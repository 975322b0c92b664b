# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How this machine reaches package registries, for the time of a build only: nothing of it may stay in an image or its history."""

from __future__ import annotations

import ast
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path

from ansible_collections.slipway.platform.plugins.module_utils import _command
from ansible_collections.slipway.platform.plugins.module_utils._errors import CommandFailed

# Where the bundle is found inside a build; Debian's own place, which every client there reads.
BUNDLE_INSIDE = "/etc/ssl/certs/ca-certificates.crt"
_BUNDLES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "PIP_CERT")
_LINE = re.compile(r"^(?P<section>[\w:-]+)\.(?P<name>[\w-]+)=(?P<value>'.*'|\".*\")$")
_CONNECTION = ("index-url", "extra-index-url", "find-links", "trusted-host", "proxy", "timeout", "default-timeout", "retries", "no-index", "client-cert")


def pip_conf(listing: str) -> str:
    """A pip.conf with the settings of ``pip config list`` that say how to reach an index; places on this machine are left out."""
    settings: dict[str, str] = {}
    for line in listing.splitlines():
        match = _LINE.match(line)
        if match and match["name"] in _CONNECTION:
            value = str(ast.literal_eval(match["value"]))
            kept = [part for part in value.split() if not part.startswith(("/", ".", "file:"))]
            if kept:
                # Later lines are stronger: pip lists the environment last.
                settings[match["name"]] = "\n    ".join(kept)
    settings["cert"] = BUNDLE_INSIDE
    settings["disable-pip-version-check"] = "true"
    return "[global]\n" + "".join(f"{name.replace('default-timeout', 'timeout')} = {value}\n" for name, value in sorted(settings.items()))


def read_pip_settings() -> str:
    """What pip on this machine is configured to, from its files and its environment; empty without pip."""
    try:
        return _command.run([sys.executable, "-m", "pip", "--disable-pip-version-check", "config", "list"], deadline=60).stdout
    except CommandFailed:
        return ""


def bundle(env: Mapping[str, str] = os.environ) -> Path | None:
    """The certificates this machine trusts, as one file."""
    candidates = [env[name] for name in _BUNDLES if env.get(name)] + [BUNDLE_INSIDE, "/etc/pki/tls/certs/ca-bundle.crt"]
    return next((Path(name) for name in candidates if Path(name).is_file()), None)
