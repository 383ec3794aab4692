"""A site server killed once before and once after each journalled step, as by a power cut, and started again.

Each server is a fork of this process, which has the imports behind it: the crash is tested, not Python's start.
Which moments it has died at already is kept in a file.
"""

import json
import os
import signal
import sys
from functools import partial
from pathlib import Path
from types import FrameType

from clouddp.bootstrap.site import run_site
from clouddp.language.command_line import clouddp_home
from clouddp.network.lifetime import wait_for_end
from clouddp.site_server.site import SiteFolders


class KillingObserver:
    """Kills this process at every moment at which it has not died yet."""

    def __init__(self, record: Path) -> None:
        self._record = record

    def before(self, workflow_id: str, step: str) -> None:
        self._die_once(f"before {step}")

    def after(self, workflow_id: str, step: str) -> None:
        self._die_once(f"after {step}")

    def _die_once(self, moment: str) -> None:
        died_at = self._record.read_text(encoding="utf-8").splitlines() if self._record.exists() else []
        if moment in died_at:
            return
        with self._record.open("a", encoding="utf-8") as file:
            file.write(moment + "\n")
            file.flush()
            os.fsync(file.fileno())
        os.kill(os.getpid(), signal.SIGKILL)


def serve(home: Path) -> None:
    with run_site(SiteFolders.of_home(home), observer=KillingObserver(home / "died-at.txt")) as running:
        sys.stdout.write(json.dumps(running) + "\n")
        sys.stdout.flush()
        wait_for_end(until_input_closes=True)


def main() -> None:
    """Start servers until one ends as it should."""
    status = int(signal.SIGKILL)
    while status == signal.SIGKILL:
        child = os.fork()
        if child == 0:
            serve(clouddp_home())
            os._exit(0)
        signal.signal(signal.SIGTERM, partial(_pass_on, child))
        status = os.waitpid(child, 0)[1]
    sys.exit(status)


def _pass_on(child: int, number: int, _frame: FrameType | None) -> None:
    os.kill(child, number)


if __name__ == "__main__":
    main()
