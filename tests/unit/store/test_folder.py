"""A store in a local folder, beyond what every store promises."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from clouddp.store.folder import FolderStore

_WRITER = """
import sys
from pathlib import Path
from clouddp.store.folder import FolderStore
store = FolderStore(Path(sys.argv[1]))
print("ready", flush=True)
while True:
    for letter in b"ab":
        store.put("content/object", bytes([letter]) * 300_000)
"""


def test_a_writer_killed_at_any_moment_leaves_whole_objects(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", _WRITER, str(tmp_path)], stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        writer.stdout.readline()
        store = FolderStore(tmp_path)
        while store.length("content/object") is None:
            assert writer.poll() is None
        os.kill(writer.pid, signal.SIGKILL)

    body = store.get("content/object")

    assert body in (b"a" * 300_000, b"b" * 300_000)
    assert list(store.list("")) == [("content/object", 300_000)]


def test_unfinished_objects_are_not_listed(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    (tmp_path / ".unfinished" / "half").write_bytes(b"half")

    assert list(store.list("")) == []
