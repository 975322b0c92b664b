# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The nearest of several words, for "did you mean ...?"."""

from __future__ import annotations

from collections.abc import Iterable


def distance(left: str, right: str) -> int:
    """Edits between two words: insert, delete, replace, or swap of neighbours (optimal string alignment distance)."""
    before: list[int] = []
    previous = list(range(len(right) + 1))
    for row, a in enumerate(left, 1):
        current = [row]
        for column, b in enumerate(right, 1):
            best = min(previous[column] + 1, current[-1] + 1, previous[column - 1] + (a != b))
            if row > 1 and column > 1 and a == right[column - 2] and b == left[row - 2]:
                best = min(best, before[column - 2] + 1)
            current.append(best)
        before, previous = previous, current
    return previous[-1]


def nearest(word: str, candidates: Iterable[str]) -> str | None:
    """The candidate a reader would take ``word`` for, or None if none is near.

    Case, ``_`` and ``-`` do not count (``liveness_probe`` is ``livenessProbe``); else a third of the letters may differ.
    """
    plain = _plain(word)
    ranked = sorted((distance(plain, _plain(candidate)), candidate) for candidate in candidates)
    if ranked and ranked[0][0] <= max(1, len(plain) // 3):
        return ranked[0][1]
    return None


def did_you_mean(word: str, candidates: Iterable[str]) -> str:
    """``did you mean `x`?``, or all that is allowed if nothing is near; empty if there is nothing to choose from."""
    known = sorted(candidates)
    near = nearest(word, known)
    if near is not None:
        return f"did you mean `{near}`?"
    return f"known here: {', '.join(known)}" if known else ""


def _plain(word: str) -> str:
    return word.lower().replace("_", "").replace("-", "")
