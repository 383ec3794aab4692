"""The journal's hook that ends its own process: the power cut of the tests that count crashes."""

import os
import signal


class Killer:
    """Ends this process without warning at the nth time the journal's hook is called."""

    def __init__(self, calls: int) -> None:
        self._left = calls

    def before(self, workflow_id: str, step: str) -> None:
        self._count()

    def after(self, workflow_id: str, step: str) -> None:
        self._count()

    def _count(self) -> None:
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
