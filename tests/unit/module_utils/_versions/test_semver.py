# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Semantic and calendar versions against the examples of their specifications, and against what must hold for all of them."""

from __future__ import annotations

import contextlib
import itertools
import random

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput
from ansible_collections.slipway.platform.plugins.module_utils._versions import calver, semver
from ansible_collections.slipway.platform.plugins.module_utils._versions.semver import Version, parse

# semver.org, rule 11, and the issue's own: rc.10 is above rc.9.
RISING = [
    "0.0.0-0",
    "0.0.0",
    "0.9.99",
    "1.0.0-alpha",
    "1.0.0-alpha.1",
    "1.0.0-alpha.beta",
    "1.0.0-beta",
    "1.0.0-beta.2",
    "1.0.0-beta.11",
    "1.0.0-rc.1",
    "1.0.0-rc.9",
    "1.0.0-rc.10",
    "1.0.0",
    "1.9.0",
    "1.10.0",
    "1.11.0",
    "2.0.0",
    "10.0.0",
]


def test_precedence() -> None:
    keys = [parse(text).key for text in RISING]
    assert keys == sorted(keys)
    assert len(set(keys)) == len(keys)


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("1.4.0", Version((1, 4, 0))),
        ("v1.4.0", Version((1, 4, 0))),
        ("v1.4.0-rc.10", Version((1, 4, 0), ("rc", "10"))),
        ("1.0.0-0A.is.legal", Version((1, 0, 0), ("0A", "is", "legal"))),
        ("1.0.0--.-", Version((1, 0, 0), ("-", "-"))),
        ("1.0.0-alpha-a.b-c+build.001--x", Version((1, 0, 0), ("alpha-a", "b-c"), ("build", "001--x"))),
        ("1.0.0+0-rc.1", Version((1, 0, 0), (), ("0-rc", "1"))),
        ("99999999999999999999.999999999999999999.99999999999999999", Version((99999999999999999999, 999999999999999999, 99999999999999999))),
    ],
)
def test_the_grammar(text: str, version: Version) -> None:
    assert parse(text) == version


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "1 to 128 characters"),
        ("1" * 129, "1 to 128 characters"),
        ("1", "it has 1 number and needs three"),
        ("1.2.3.4", "it has 4 numbers and needs three"),
        ("1.2", "it has 2 numbers"),
        ("01.2.3", "its major `01` begins with a zero; write 1"),
        ("1.02.3", "its minor `02` begins with a zero"),
        ("1.2.00", "its patch `00` begins with a zero; write 0"),
        ("1..3", "its minor is empty"),
        ("vv1.2.3", "its major is `v1`"),
        ("V1.2.3", "its major is `V1`"),
        ("v 1.2.3", "its major is ` 1`"),
        ("1.2.x", "its patch is `x`"),
        ("1.2.3-", "a field of its pre-release is empty"),
        ("1.2.3-rc..1", "a field of its pre-release is empty"),
        ("1.2.3-rc.01", "its pre-release `01` begins with a zero"),
        ("1.2.3+", "a field of its build is empty"),
        ("1.2.3+a+b", "its build holds '+'"),
        ("1.2.3-rc_1", "its pre-release holds '_'"),
        ("1.2.3-rc.1 ", "its pre-release holds ' '"),
        ("1.2.3\n", "its patch is `3\n`"),
        ("1.2.٣", "its patch is `٣`"),
        ("1.2.²", "its patch is `²`"),
        ("-1.2.3", "it has 1 number and needs three"),
        ("+1.2.3", "it has 1 number "),
        ("1.2.3-é", "its pre-release holds 'é'"),
    ],
)
def test_what_is_no_version(text: str, why: str) -> None:
    with pytest.raises(InvalidInput) as error:
        parse(text)
    assert why in error.value.message


def test_a_dot_is_a_dot() -> None:
    """An unescaped pattern would take these for 26.4.0."""
    for text in ("26x4.0", "2634.0", "26.4x0", "a26.4.0", "26.4.0-rc.1.", "26.4.0 26.4.0"):
        with pytest.raises(InvalidInput):
            parse(text)


@pytest.mark.parametrize(
    ("text", "rc"),
    [("1.0.0-rc.1", 1), ("1.0.0-rc.0", 0), ("1.0.0-rc", None), ("1.0.0-rc1", None), ("1.0.0-rc.1.2", None), ("1.0.0-RC.1", None), ("1.0.0", None)],
)
def test_release_candidates(text: str, rc: int | None) -> None:
    assert parse(text).rc == rc


def generated(seed: int, count: int) -> list[str]:
    """Valid versions from the grammar, with few values so that many are near each other."""
    chance = random.Random(seed)

    def field(numbers_are_plain: bool) -> str:
        if chance.random() < 0.5:
            return str(chance.randint(0, 11)) if numbers_are_plain else f"{chance.randint(0, 11):03}"
        return "".join(chance.choice("ab-Z0") for _ in range(chance.randint(1, 3))).replace("0", "x")

    found = []
    for _ in range(count):
        text = ".".join(str(chance.randint(0, 3)) for _ in range(3))
        if chance.random() < 0.7:
            text += "-" + ".".join(field(True) for _ in range(chance.randint(1, 3)))
        if chance.random() < 0.3:
            text += "+" + ".".join(field(False) for _ in range(chance.randint(1, 3)))
        found.append(text)
    return found


def reference_order(left: str, right: str) -> int:
    """Rule 11, written down a second time and straight from its sentences."""
    (a, _, x), (b, _, y) = (text.partition("+")[0].partition("-") for text in (left, right))
    for one, other in zip(a.split("."), b.split("."), strict=True):
        if int(one) != int(other):
            return -1 if int(one) < int(other) else 1
    if not x or not y:
        return (not x) - (not y)
    for one, other in itertools.zip_longest(x.split("."), y.split(".")):
        if one == other:
            continue
        if one is None or other is None:
            return -1 if one is None else 1
        if one.isdigit() and other.isdigit():
            return -1 if int(one) < int(other) else 1
        if one.isdigit() != other.isdigit():
            return -1 if one.isdigit() else 1
        return -1 if one < other else 1
    return 0


def test_order_of_generated_versions() -> None:
    keys = {text: parse(text).key for text in generated(4, 250)}
    for left, right in itertools.product(keys, repeat=2):
        a, b = keys[left], keys[right]
        assert (a > b) - (a < b) == reference_order(left, right), (left, right)


def test_what_is_written_is_what_is_read() -> None:
    for text in generated(5, 500):
        version = parse(text)
        again = ".".join(map(str, version.core)) + "".join(sign + ".".join(part) for sign, part in (("-", version.prerelease), ("+", version.build)) if part)
        assert again == text
        assert parse(f"v{text}") == version


def test_no_text_breaks_the_parser() -> None:
    """Mutations of valid versions are a version or one clear error, and never anything else."""
    chance = random.Random(6)
    for text in generated(7, 2000):
        place = chance.randrange(len(text))
        mutant = text[:place] + chance.choice([*"v.-+_ 0x\n\0é٣", ""]) + text[place + chance.randint(0, 1) :]
        with contextlib.suppress(InvalidInput):
            assert len(parse(mutant).core) == 3


# --- calendar versions


@pytest.mark.parametrize(
    ("form", "text", "core"),
    [
        ("YYYY.0M.MICRO", "2026.05.1", (2026, 5, 1)),
        ("YYYY.0M.MICRO", "2026.11.10-rc.2", (2026, 11, 10)),
        ("vYYYY.MM.DD", "v2026.2.28", (2026, 2, 28)),
        ("vYYYY.MM.DD", "v2028.2.29", (2028, 2, 29)),
        ("YY.0M", "26.04", (26, 4)),
        ("YY.0M.MICRO", "106.04.3", (106, 4, 3)),
        ("0Y.0W.MICRO", "06.53.0", (6, 53, 0)),
        ("YYYY.MINOR.MICRO", "2026.0.12+a", (2026, 0, 12)),
    ],
)
def test_calendar_versions(form: str, text: str, core: tuple[int, ...]) -> None:
    assert calver.read_format(form).parse(text).core == core


@pytest.mark.parametrize(
    ("form", "text", "why"),
    [
        ("YYYY.0M.MICRO", "2026.5.1", "its month has two digits, as in 05"),
        ("YYYY.0M.MICRO", "2026.13.1", "there is no month 13"),
        ("YYYY.0M.MICRO", "2026.00.1", "there is no month 0"),
        ("YYYY.0M.MICRO", "2026.005.1", "its month `005` begins with a zero"),
        ("YYYY.0M.MICRO", "2026.05.01", "its micro `01` begins with a zero; write 1"),
        ("YYYY.0M.MICRO", "v2026.05.1", "its year is `v2026`"),
        ("vYYYY.0M.MICRO", "2026.05.1", "is not a version of the format vYYYY.0M.MICRO"),
        ("YYYY.0M.MICRO", "2026.05", "is not a version of the format YYYY.0M.MICRO"),
        ("YYYY.MM.DD", "2026.2.29", "there is no day 29 in that month"),
        ("YY.0M.0D", "26.04.31", "there is no day 31 in that month"),
    ],
)
def test_what_is_no_calendar_version(form: str, text: str, why: str) -> None:
    with pytest.raises(InvalidInput) as error:
        calver.read_format(form).parse(text)
    assert why in error.value.message


@pytest.mark.parametrize(
    ("form", "why"),
    [
        ("YYYY.0M.MIKRO", "`MIKRO` is no part of a calendar version; did you mean `MICRO`?"),
        ("YYYY.MM.0M", "has the month twice"),
        ("MAJOR.MINOR", "has no year"),
        ("", "`` is no part of a calendar version"),
    ],
)
def test_what_is_no_format(form: str, why: str) -> None:
    with pytest.raises(InvalidInput) as error:
        calver.read_format(form)
    assert why in error.value.message


def test_order_of_calendar_versions() -> None:
    form = calver.read_format("YYYY.0M.MICRO")
    rising = ["2025.12.9", "2026.05.1-rc.9", "2026.05.1-rc.10", "2026.05.1", "2026.05.2", "2026.05.10", "2026.10.0"]
    keys = [form.parse(text).key for text in rising]
    assert keys == sorted(keys)
    assert semver.parse("1.0.0").key < semver.parse("1.0.1-rc.1").key
