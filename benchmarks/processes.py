"""What the programs that this process started cost: memory, processor time, threads, by what they are."""

import os
import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

_PROGRAMS: Final[Mapping[str, tuple[bytes, ...]]] = {
    "site server": (b"site", b"run"),
    "fabric": (b"fabric", b"run"),
    "role instances": (b"distribution-point", b"host"),  # the process that they are copies of, too
}
_TICKS: Final = os.sysconf("SC_CLK_TCK")


@dataclass(slots=True)
class Cost:
    """What one kind of program cost."""

    peak_bytes: int = 0  # resident; each has its part of the pages that several share
    peak_threads: int = 0
    peak_processes: int = 0
    cpu_seconds: float = 0.0


@dataclass(slots=True)
class Costs:
    """What each kind of program cost while it was watched."""

    by_program: dict[str, Cost] = field(default_factory=lambda: defaultdict(Cost))

    def look(self, before: Mapping[int, float], seen: dict[int, tuple[str, float]]) -> None:
        """Take a look at all processes that descend from this one."""
        memory: dict[str, int] = defaultdict(int)
        threads: dict[str, int] = defaultdict(int)
        processes: dict[str, int] = defaultdict(int)
        for process, program in _descendants():
            try:
                cpu, thread_count, resident = _figures(process)
            except (FileNotFoundError, ProcessLookupError):
                continue  # ended between two looks
            memory[program] += resident
            threads[program] += thread_count
            processes[program] += 1
            seen[process] = (program, cpu - before.get(process, 0.0))
        for program, octets in memory.items():
            cost = self.by_program[program]
            cost.peak_bytes = max(cost.peak_bytes, octets)
            cost.peak_threads = max(cost.peak_threads, threads[program])
            cost.peak_processes = max(cost.peak_processes, processes[program])
            cost.cpu_seconds = sum(cpu for of, cpu in seen.values() if of == program)


@contextmanager
def watched(every_seconds: float = 2.0) -> Iterator[Costs]:
    """Watch the programs while the block lasts; what they used before is not counted."""
    before = {process: _figures(process)[0] for process, _ in _descendants()}
    costs, is_over = Costs(), threading.Event()
    seen: dict[int, tuple[str, float]] = {}

    def watch() -> None:
        while not is_over.wait(every_seconds):
            costs.look(before, seen)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield costs
    finally:
        is_over.set()
        watcher.join()
        costs.look(before, seen)


def _descendants() -> list[tuple[int, str]]:
    parents: dict[int, int] = {}
    programs: dict[int, str] = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0")
            parents[int(entry.name)] = int(_stat(entry)[1])
        except (FileNotFoundError, ProcessLookupError):
            continue
        for program, (first, second) in _PROGRAMS.items():
            if first in words and second in words:
                programs[int(entry.name)] = program
    return [(process, program) for process, program in programs.items() if _is_below(process, parents)]


def _is_below(process: int, parents: Mapping[int, int]) -> bool:
    while process > 1:
        if process == os.getpid():
            return True
        process = parents.get(process, 0)
    return False


def _figures(process: int) -> tuple[float, int, int]:
    """Give processor seconds, threads and resident octets."""
    folder = Path("/proc") / str(process)
    fields, memory = _stat(folder), (folder / "smaps_rollup").read_text(encoding="ascii")
    kibibytes = int((memory.partition("Pss:")[2].split() or ["0"])[0])  # nothing of one that has ended
    return (int(fields[11]) + int(fields[12])) / _TICKS, int(fields[17]), kibibytes * 1024


def _stat(folder: Path) -> list[str]:
    """Read what proc(5) tells in `stat`, from the third field on."""
    return (folder / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
