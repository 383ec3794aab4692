"""A program that starts site servers and fabrics as forks of itself, so that a start costs no imports.

It is told on a socket what to start, and handed the end of another one, over which the new process says when it is
ready, asks whether it may go on where it was told to pause, and learns that it is no longer needed.
"""

import json
import os
import signal
import socket
import sys
import threading
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event

from clouddp.bootstrap.site import run_site
from clouddp.fabric.server import FabricOptions, run_fabric
from clouddp.site_server.site import SiteFolders

LINE_LIMIT_BYTES = 65_536


class Talk:
    """The new process's end of its socket: lines of JSON both ways."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._lines = connection.makefile("r", encoding="utf-8")

    def say(self, **message: Any) -> None:
        self._connection.sendall(json.dumps(message).encode() + b"\n")

    def hear(self) -> dict[str, Any] | None:
        """Wait for a message; None when the other end is gone."""
        line = self._lines.readline()
        heard: dict[str, Any] | None = json.loads(line) if line else None
        return heard


class PausingObserver:
    """Stops a site server's work at the moments it was told, each once, until it is told to go on.

    It may be told to die just before a step's nth transaction on the site database is committed.
    """

    def __init__(self, talk: Talk) -> None:
        self._talk = talk
        self._pauses: set[str] = set()
        self._going = threading.Semaphore(0)
        self._fatal_write = 0
        self._writes: dict[int, int] = {}  # of the step that each thread is at
        event.listen(Engine, "commit", self._count_write)

    def obey(self, order: dict[str, Any]) -> None:
        """Do what the other end wants."""
        self._pauses = set(order.get("pause_at", self._pauses))
        self._fatal_write = order.get("die_at_write", self._fatal_write)
        if order.get("go_on"):
            self._going.release()

    def before(self, workflow_id: str, step: str) -> None:
        self._pause(f"before {step}", workflow_id)
        self._writes[threading.get_ident()] = 0

    def after(self, workflow_id: str, step: str) -> None:
        writes = self._writes.pop(threading.get_ident())
        self._pause(f"after {step}", workflow_id, writes=writes)

    def _pause(self, moment: str, workflow_id: str, **facts: Any) -> None:
        wanted = {moment, moment.partition(" ")[0]} & self._pauses
        if wanted:
            self._pauses.discard(moment)
            self._talk.say(moment=moment, workflow=workflow_id, **facts)
            self._going.acquire()

    def _count_write(self, _connection: object) -> None:
        thread = threading.get_ident()
        if thread in self._writes:
            self._writes[thread] += 1
            if self._writes[thread] == self._fatal_write:
                os.kill(os.getpid(), signal.SIGKILL)


def serve_site(order: dict[str, Any], talk: Talk) -> None:
    observer = PausingObserver(talk)
    observer.obey(order)
    with run_site(SiteFolders.of_home(Path(order["home"])), observer=observer) as running:
        talk.say(ready=running)
        while (told := talk.hear()) is not None:
            observer.obey(told)


def serve_fabric(order: dict[str, Any], talk: Talk) -> None:
    with run_fabric(FabricOptions(state=Path(order["state"]))) as addresses:
        talk.say(ready=addresses)
        while talk.hear() is not None:
            pass


def run(order: dict[str, Any], connection: socket.socket) -> None:
    """Be the new process until the other end closes."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    talk = Talk(connection)
    talk.say(process_id=os.getpid())
    {"site": serve_site, "fabric": serve_fabric}[order["kind"]](order, talk)


def main(control: socket.socket) -> None:
    """Start what is asked for until nobody asks any more."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody asks how they ended
    while True:
        message, descriptors, _, _ = socket.recv_fds(control, LINE_LIMIT_BYTES, 1)
        if not message:
            return
        with socket.socket(fileno=descriptors[0]) as connection:
            if os.fork() == 0:
                control.close()
                try:
                    run(json.loads(message), connection)
                finally:
                    os._exit(0)


if __name__ == "__main__":
    main(socket.socket(fileno=int(sys.argv[1])))
