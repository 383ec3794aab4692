"""A role for tests: listens where its configuration says, answers with its name, ends when its input closes."""

import json
import os
import socket
import sys
import threading
from pathlib import Path


def main() -> None:
    values = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    host, _, port = values["ListenAddress"].rpartition(":")
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.bind((host, int(port)))
        listener.listen()
        threading.Thread(target=_end_with_input, daemon=True).start()
        sys.stdout.write(json.dumps({"ready": True, "pid": os.getpid()}) + "\n")
        sys.stdout.flush()
        while True:
            connection, _ = listener.accept()
            with connection:
                connection.sendall(values["InstanceId"].encode())


def _end_with_input() -> None:
    while os.read(0, 1024):
        pass
    os._exit(0)


if __name__ == "__main__":
    main()
