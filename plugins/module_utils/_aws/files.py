# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of the controller that go to AWS."""

from __future__ import annotations

from pathlib import Path

from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput


def public(path: Path, option: str) -> bytes:
    """Its content. ``option`` says where the path is from. Raises ``InvalidInput``."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise InvalidInput(f"{option}: {path} can't be read ({error.strerror}); correct the path, it is one of the controller's") from None


def private(path: Path, option: str) -> bytes:
    """The same of a file that nobody else on this machine may read."""
    content = public(path, option)
    if path.stat().st_mode & 0o077:
        raise InvalidInput(f"{option}: {path} is secret, and others on this machine can read it; chmod 600 {path}")
    return content
