# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one setting of the machine that nodes need higher than its default, and that is put back when the last node is gone.

inotify(7): all nodes run as one user of the machine, and each takes some fifteen instances. With the kernel's default of 128
the kubelets of a second or third cluster don't start ("inotify_init: too many open files"). A higher limit costs nothing unused.
"""

from __future__ import annotations

from pathlib import Path

WANTED = 1024
_SETTING = Path("/proc/sys/fs/inotify/max_user_instances")
_BEFORE = Path("/run/slipway/inotify-max-user-instances")


def raise_limit(setting: Path = _SETTING, before: Path = _BEFORE) -> bool:
    """Raise the limit if it is lower than what nodes need; says whether it was."""
    present = int(setting.read_text())
    if present >= WANTED:
        return False
    before.parent.mkdir(parents=True, exist_ok=True)
    before.write_text(str(present))
    setting.write_text(str(WANTED))
    return True


def restore_limit(setting: Path = _SETTING, before: Path = _BEFORE) -> None:
    """Put back what ``raise_limit`` found, unless someone else has changed it since."""
    if before.exists():
        if int(setting.read_text()) == WANTED:
            setting.write_text(before.read_text())
        before.unlink()
