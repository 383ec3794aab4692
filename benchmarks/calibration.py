"""How fast this machine encrypts, hashes and copies: what the other numbers are to be read beside."""

import hashlib
import os
import platform
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

from blake3 import blake3
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from benchmarks.measuring import Line, Report, Sample, Scale

_LENGTH = 4 * 1024 * 1024
_PACKAGES = ("blake3", "cryptography", "pyfastcdc", "zstandard", "sqlalchemy")


def calibrate(scale: Scale) -> Report:
    """Measure one thread's rates."""
    data = memoryview(os.urandom(_LENGTH))
    target = bytearray(_LENGTH + 16)
    cipher = AESGCM(bytes(16))
    passes = scale.choose(quick=2, normal=64, full=64)
    works: dict[str, Callable[[], object]] = {
        "AES-128-GCM": lambda: cipher.encrypt_into(bytes(12), data, None, target),
        "BLAKE3": lambda: blake3(data).digest(),
        "SHA-256": lambda: hashlib.sha256(data).digest(),
        "copy": lambda: bytes(data),
    }
    lines = tuple(
        Line(what=what, unit="GB/s, one thread", sample=Sample(tuple(_rate(work, passes) for _ in range(5))))
        for what, work in works.items()
    )
    return Report(title="Calibration", lines=lines, notes=(_machine(), _versions()))


def _rate(work: Callable[[], object], passes: int) -> float:
    work()
    started = time.perf_counter()
    for _ in range(passes):
        work()
    return passes * _LENGTH / (time.perf_counter() - started) / 1e9


def _machine() -> str:
    facts = Path("/proc/cpuinfo")
    names = {
        line.partition(":")[2].strip()
        for line in (facts.read_text(encoding="utf-8").splitlines() if facts.exists() else ())
        if line.startswith("model name")
    }
    processor = ", ".join(sorted(names)) or platform.processor()
    load = f", load {os.getloadavg()[0]:.1f} at the start" if hasattr(os, "getloadavg") else ""
    return f"{os.cpu_count()} processors, {processor}, {platform.system()} {platform.release()}{load}"


def _versions() -> str:
    return ", ".join([f"Python {platform.python_version()}", *(f"{name} {version(name)}" for name in _PACKAGES)])
