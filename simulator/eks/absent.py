# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a cluster can have and nobody makes here: Fargate profiles and capabilities. Whoever lists them is told that there is none."""

from __future__ import annotations

from simulator.eks.pages import page
from simulator.eks.state import Json, Scene


def list_fargate_profiles(scene: Scene, parameters: Json) -> Json:
    scene.cluster(parameters["clusterName"])
    return page("fargateProfileNames", [], parameters)


def list_capabilities(scene: Scene, parameters: Json) -> Json:
    scene.cluster(parameters["clusterName"])
    return page("capabilities", [], parameters)


OPERATIONS = {"ListFargateProfiles": list_fargate_profiles, "ListCapabilities": list_capabilities}
