# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest

from hello.settings import Settings, SettingsError


def test_defaults() -> None:
    settings = Settings.from_environment({})
    assert (settings.port, settings.metrics_port, settings.greeting, settings.release) == (8080, 9090, "Hello", settings.version)


def test_every_mistake_is_named_at_once() -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.from_environment({"HELLO_PORT": "70000", "HELLO_CACHE_SECONDS": "soon", "HELLO_LOG_LEVEL": "loud", "HELLO_GREETING": "a\nb"})
    assert [line.split("=")[0] for line in str(caught.value).splitlines()] == ["HELLO_GREETING", "HELLO_PORT", "HELLO_CACHE_SECONDS", "HELLO_LOG_LEVEL"]
