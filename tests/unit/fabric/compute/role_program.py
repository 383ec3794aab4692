"""A role for tests: answers with its name on the socket that it is handed, ends when its input closes or it is told."""

import contextlib
import json
import os
import select
import signal
import socket
import sys
import threading
from pathlib import Path


def main() -> None:
    name = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))["InstanceId"].encode()
    told, tell = socket.socketpair()
    tell.setblocking(False)
    signal.signal(signal.SIGTERM, lambda *_arguments: None)
    signal.set_wakeup_fd(tell.fileno())
    with socket.socket(fileno=int(sys.argv[3])) as listener:
        listener.setblocking(False)
        threading.Thread(target=_end_with_input, daemon=True).start()
        sys.stdout.write(json.dumps({"ready": True, "pid": os.getpid()}) + "\n")
        sys.stdout.flush()
        while told not in (readable := select.select([told, listener], [], [])[0]):
            _answer(readable[0], name)


def _answer(listener: socket.socket, name: bytes) -> None:
    with contextlib.suppress(BlockingIOError):  # another instance was quicker
        connection, _ = listener.accept()
        with connection:
            connection.sendall(name)


def _end_with_input() -> None:
    while os.read(0, 1024):
        pass
    os._exit(0)


if __name__ == "__main__":
    main()
