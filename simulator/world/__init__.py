# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is real behind the simulated AWS: a registry, a cluster, a database, names and certificates. See README.md."""

import sys
from importlib.util import find_spec
from pathlib import Path

# `python -m simulator` finds its own checkout's collection; whoever has another one in its path means that one.
if find_spec("ansible_collections") is None:
    sys.path.append(str(Path(__file__).resolve().parents[2] / "collections"))
