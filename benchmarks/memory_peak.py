"""How much memory this process has held at most."""

import resource
import sys
from pathlib import Path


def peak_bytes() -> int:
    """Read the high-water mark of the resident set, which Linux counts anew for each program."""
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text(encoding="ascii").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    unit = 1 if sys.platform == "darwin" else 1024  # getrusage(2): kilobytes on Linux, bytes on macOS
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
