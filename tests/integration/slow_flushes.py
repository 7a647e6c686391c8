# SPDX-License-Identifier: MIT
"""A server whose flushes take as long as a file says (slow_fsync.c)."""
import subprocess

from campaign import SOURCE, need


class SlowFlushes:
    """In FOLDER.  A server gets `environment`, when it is started."""

    def __init__(self, folder):
        need("cc")
        shim, self.file = folder / "slow_fsync.so", folder / "delay"
        self.take(0)
        subprocess.run(["cc", "-shared", "-fPIC", "-o", str(shim), str(SOURCE / "tests/integration/slow_fsync.c")],
                       check=True)
        self.environment = {"LD_PRELOAD": str(shim), "SLOW_FSYNC": str(self.file)}

    def take(self, ms):
        """From now on, also for a flush that is under way."""
        self.file.write_text(str(ms))
