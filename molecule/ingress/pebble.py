# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A CA that speaks ACME, for as long as its folder has no file named over; then the folder goes, too.

Arguments: the folder, and the port of 127.0.0.1 at which it asks for every name.

The folder then has ca.json (directory) and roots.pem, whom its own TLS and its certificates are trusted by.
"""

from __future__ import annotations

import json
import shutil
import sys
import time
from pathlib import Path

from ansible_collections.slipway.platform.plugins.module_utils import _files

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests"))

from support import acme

LONGEST = 900.0  # seconds; a scenario that was killed leaves nothing behind


def main(folder: Path, port: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    ends = time.monotonic() + LONGEST
    with acme.running(folder / "pebble", httpPort=port) as ca:
        _files.write(folder / "roots.pem", ca.ca_file.read_bytes() + ca.root(), 0o644)
        _files.write(folder / "ca.json", json.dumps({"directory": ca.directory}), 0o644)
        while time.monotonic() < ends and not (folder / "over").exists():
            time.sleep(0.5)
    shutil.rmtree(folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
