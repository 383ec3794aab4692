"""When a serving program ends: told by a signal, or because the one who started it is gone."""

import os
import signal
import sys
import threading


def wait_for_end(*, until_input_closes: bool) -> None:
    """Wait for SIGTERM or SIGINT and, if asked, for the end of standard input; to be called by the main thread.

    The operating system closes a pipe when the process that holds its other end dies in whatever way, so a program
    that watches its input is never left over.
    """
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: ended.set())
    if until_input_closes:
        threading.Thread(target=_watch_input, args=(ended,), name="input-watch", daemon=True).start()
    ended.wait()


def _watch_input(ended: threading.Event) -> None:
    while os.read(sys.stdin.fileno(), 1024):
        pass
    ended.set()
