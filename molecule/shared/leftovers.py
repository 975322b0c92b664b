# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an environment has left on the machine, one line each; status 1 if there is anything.

leftovers.py <prefix of its names> <its state dir>
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "collections"))

from ansible_collections.slipway.platform.plugins.module_utils import _artifacts, _podman


def leftovers(prefix: str, state: Path) -> Iterator[str]:
    yield from (f"file {path}" for path in [state] if path.exists())
    env = os.environ | _podman.environment(_artifacts.cache_dir())
    for kind, argv in {"container": ["ps", "--all"], "network": ["network", "ls"], "volume": ["volume", "ls"]}.items():
        names = "{{.Names}}" if kind == "container" else "{{.Name}}"
        listed = subprocess.run(["podman", *argv, "--format", names], check=True, capture_output=True, text=True, timeout=60, env=env).stdout.split()
        yield from (f"{kind} {name}" for name in listed if name == prefix or name.startswith(f"{prefix}-"))
    yield from (f"mount {line.split()[1]}" for line in Path("/proc/mounts").read_text().splitlines() if str(state) in line or f"{prefix}-" in line)
    yield from processes(prefix)


def processes(prefix: str) -> Iterator[str]:
    """Processes that name the environment in their command line: a container's monitor, a node's programs."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().decode(errors="replace").split("\0")
        except (FileNotFoundError, ProcessLookupError):
            continue
        if "leftovers.py" not in " ".join(words) and any(f"{prefix}-" in word for word in words):
            yield f"process {folder.name} {' '.join(words)[:120]}"


if __name__ == "__main__":
    found = list(leftovers(sys.argv[1], Path(sys.argv[2])))
    print("\n".join(found))
    sys.exit(1 if found else 0)
