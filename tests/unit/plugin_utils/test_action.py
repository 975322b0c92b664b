# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every action does: a worker ends with the run it works for, even when that is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

from ansible_collections.slipway.platform.plugins.plugin_utils._action import end_with_the_run

# A parent that forks a worker as Ansible does, and waits; the worker says when it is ready, and what it must not live to say.
RUN = """
import multiprocessing, os, signal, time
from ansible_collections.slipway.platform.plugins.plugin_utils._action import end_with_the_run
def work():
    os.setsid()
    end_with_the_run()
    print(os.getpid(), flush=True)
    time.sleep(5)
    print('worked on', flush=True)
worker = multiprocessing.get_context('fork').Process(target=work)
worker.start()
worker.join()
"""


def test_a_worker_ends_with_a_run_that_is_killed() -> None:
    run = subprocess.Popen([sys.executable, "-c", RUN], stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)})
    assert run.stdout
    with run, run.stdout:
        assert int(run.stdout.readline()) > 0
        run.send_signal(signal.SIGKILL)
        # The worker holds the other end of the pipe: it closes when both are gone.
        assert run.stdout.read() == b""


def test_who_is_no_worker_is_left_alone() -> None:
    end_with_the_run()
