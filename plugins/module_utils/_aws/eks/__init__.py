# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""EKS: clusters, who may enter them, their add-ons, node groups and roles for pods, and a kubeconfig that asks for a token each time."""
