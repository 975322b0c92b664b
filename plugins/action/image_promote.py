# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action plugin of ``image_promote``: the options are documented in the module of the same name."""

from __future__ import annotations

from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._ansible import to_json
from ansible_collections.slipway.platform.plugins.module_utils._errors import SlipwayError
from ansible_collections.slipway.platform.plugins.module_utils._oci.access import OPTIONS
from ansible_collections.slipway.platform.plugins.module_utils._promotion import options
from ansible_collections.slipway.platform.plugins.module_utils._promotion.model import Result
from ansible_collections.slipway.platform.plugins.module_utils._promotion.promote import promote
from ansible_collections.slipway.platform.plugins.plugin_utils._action import CoreAction, Progress, access

IMAGE = {
    "source": {"type": "str", "required": True},
    "destination": {"type": "str", "required": True},
    "tags": {"type": "list", "elements": "str", "default": []},
}
ARGUMENTS = {
    "images": {"type": "list", "elements": "dict", "required": True, "options": IMAGE},
    "referrers": {"type": "str", "choices": ["carry", "require", "ignore"], "default": "carry"},
    "immutable": {"type": "bool", "default": True},
    "moving_tags": {"type": "list", "elements": "str", "default": []},
    **OPTIONS,
}


class ActionModule(CoreAction):
    argument_spec = ARGUMENTS

    def work(self, params: dict[str, Any], check_mode: bool, progress: Progress) -> Result:
        result = promote(options.request(params, access(params), check_mode))
        if result.failed:
            first = result.failed[0]
            message = f"{len(result.failed)} of {len(result.images)} images were not promoted; {first.source}: {first.reason}: {first.msg}"
            # The others may have changed something: a failed task says that too.
            raise SlipwayError(message, **to_json(result))
        return result
