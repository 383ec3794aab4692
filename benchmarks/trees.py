"""Make folders of incompressible files, quickly and without repetition."""

import os
from pathlib import Path

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

_BLOCK = 4 * 1024 * 1024
_PER_FOLDER = 100


class Noise:
    """Octets that no compressor and no deduplication can shorten: AES in counter mode over zeros."""

    def __init__(self) -> None:
        self._stream = Cipher(algorithms.AES(os.urandom(16)), modes.CTR(os.urandom(16))).encryptor()

    def read(self, length: int) -> bytes:
        """Give the next octets."""
        return self._stream.update(bytes(length))


def make_large_files(folder: Path, *, count: int, size: int) -> Path:
    """Make `count` files of `size` octets."""
    noise = Noise()
    folder.mkdir(parents=True)
    for number in range(count):
        with (folder / f"{number:02}.bin").open("wb") as file:
            left = size
            while left:
                left -= file.write(noise.read(min(left, _BLOCK)))
    os.sync()
    return folder


def make_small_files(folder: Path, *, count: int, size: int) -> Path:
    """Make `count` files of `size` octets, a hundred to a folder."""
    noise = Noise()
    for number in range(count):
        place = folder / f"{number // _PER_FOLDER:04}" / f"{number:06}.dat"
        if number % _PER_FOLDER == 0:
            place.parent.mkdir(parents=True)
        place.write_bytes(noise.read(size))
    os.sync()
    return folder
