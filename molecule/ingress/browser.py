# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Does Chromium accept the certificate, with the CA given to it and nothing else? Arguments: URL, CA file. Exits with 77 if there is no Chromium."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile


def main(url: str, ca_file: str) -> int:
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    certutil = shutil.which("certutil")  # Debian: libnss3-tools
    if not chromium or not certutil:
        return 77
    with tempfile.TemporaryDirectory() as home:
        database = f"sql:{home}/.pki/nssdb"
        os.makedirs(f"{home}/.pki/nssdb")  # noqa: PTH103
        subprocess.run([certutil, "-d", database, "-N", "--empty-password"], check=True, timeout=30)
        subprocess.run([certutil, "-d", database, "-A", "-n", "slipway", "-t", "C,,", "-i", ca_file], check=True, timeout=30)
        page = subprocess.run(
            [chromium, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={home}/profile", "--dump-dom", url],
            env={**os.environ, "HOME": home},
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )
    print(page.stdout)
    return 0 if ">OK<" in page.stdout else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
