# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Job that migrates a service's data before its new version starts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ansible_collections.slipway.platform.plugins.module_utils._score import pod
from ansible_collections.slipway.platform.plugins.module_utils._score.configuration import Configuration
from ansible_collections.slipway.platform.plugins.module_utils._score.context import Context, Manifest, digest

RETRIES = 3
_PREFIX = 46


def job(context: Context, configurations: Mapping[str, Configuration]) -> Manifest | None:
    """Image, variables, files and bindings of the main container, with the migration's own command.

    A finished Job cannot be changed, so its name carries a hash of all it does: an unchanged migration is not run
    again, a changed one is a new Job, and the old one is pruned. Versions of Secrets are not part of it: a rotated
    password needs no migration. It is not restarted in place, so that the log of a failed try is kept.
    """
    migration = context.workload.migration
    if migration is None:
        return None
    main = context.workload.main
    source = replace(main, name="migrate", command=migration.command or main.command, args=migration.args if migration.args or migration.command else main.args)
    config = configurations[main.name]
    spec: Manifest = {
        "activeDeadlineSeconds": migration.timeout,
        "backoffLimit": RETRIES,
        "template": {
            "metadata": {"labels": context.labels("migration")},
            "spec": {
                **pod.common(context),
                "containers": [pod.container(context, replace(source, mounts=()), config)],
                "restartPolicy": "Never",
                "volumes": _volumes(context, config),
            },
        },
    }
    name = f"{context.name[:_PREFIX].rstrip('-')}-migrate-{digest(spec)}"
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": context.metadata(name, "migration"), "spec": spec}


def _volumes(context: Context, config: Configuration) -> list[Manifest]:
    """Without the workload's own volumes: a claim that one pod holds would keep the Job waiting for the old version."""
    own = {f"volume-{resource.name}" for resource in context.workload.of_type("volume")}
    return [volume for volume in pod.volumes(context, {context.workload.main.name: config}) if volume["name"] not in own]
