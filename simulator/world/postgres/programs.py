# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The PostgreSQL server that this machine has."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

DEBIAN = Path("/usr/lib/postgresql")
MISSING = "this machine has no PostgreSQL server to stand behind the simulated RDS; install Debian's package postgresql"
_SECONDS = 30


@dataclass(frozen=True)
class Programs:
    """``folder``: of the programs; ``version``: such as 15.18."""

    folder: Path
    version: str

    @property
    def major(self) -> int:
        return int(self.version.partition(".")[0])

    def path(self, name: str) -> str:
        return str(self.folder / name)

    @property
    def parameters(self) -> frozenset[str]:
        """The names that this server knows."""
        return _parameters(self.path("postgres"))

    def libraries(self, names: list[str]) -> list[str]:
        """Those that this server can load."""
        return [name for name in names if (self.folder.parent / "lib" / f"{name}.so").exists()]


def find(major: str = "", debian: Path = DEBIAN) -> Programs | None:
    """Of Debian's folders (postgresql-common) the one of this major version, else the newest; else whatever is in PATH."""
    folders = sorted(debian.glob("[0-9]*/bin"), key=lambda each: (each.parent.name == major, float(each.parent.name)), reverse=True)
    on_path = shutil.which("postgres")
    for folder in [*folders, *([Path(on_path).resolve().parent] if on_path else [])]:
        if all((folder / name).exists() for name in ("postgres", "initdb", "psql")):
            return Programs(folder, _output(str(folder / "postgres"), "--version").split()[2])
    return None


def unprivileged() -> dict[str, Any]:
    """For subprocess: PostgreSQL refuses to be run by root."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        try:
            found = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": found.pw_uid, "group": found.pw_gid, "extra_groups": []}
    raise OSError("there is no user postgres and no user nobody, and PostgreSQL refuses to be run by root")


@cache
def _parameters(program: str) -> frozenset[str]:
    return frozenset(line.partition("\t")[0] for line in _output(program, "--describe-config").splitlines())


def _output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=False).stdout
