"""A role for tests: answers with its name on the socket that it is handed, ends when its input closes."""

import json
import os
import socket
import sys
import threading
from pathlib import Path


def main() -> None:
    values = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    with socket.socket(fileno=int(sys.argv[3])) as listener:
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
