# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""image_promote's core in a process of its own: the module's arguments as JSON on standard input, what happened as JSON on standard output.

The seconds are those of the promotion, without those that Python needs to start: Ansible's Python runs anyhow.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "collections"))

from ansible_collections.slipway.platform.plugins.module_utils._oci.access import Access
from ansible_collections.slipway.platform.plugins.module_utils._promotion import options
from ansible_collections.slipway.platform.plugins.module_utils._promotion.promote import promote


def main() -> int:
    params = json.load(sys.stdin)
    request = options.request(params, Access.from_params(params, {}, Path.cwd()), False)
    started = time.monotonic()
    result = promote(request)
    seconds = time.monotonic() - started
    failed = [f"{image.destination}: {image.reason}: {image.msg}" for image in result.failed]
    print(json.dumps({"seconds": seconds, "requests": result.requests, "failed": failed}))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
