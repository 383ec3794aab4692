"""What a manifest holds: the tree of a package version, and the chunks its stream was cut into."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, with_config

from clouddp.content.format.digests import DIGEST_LENGTH, DigestAlgorithm
from clouddp.content.format.keys import KEY_LENGTH, NAME_LENGTH

LARGEST_RAW_LENGTH = 16 * 2**20
LARGEST_NUMBER = 2**53 - 1  # what every JSON reader keeps exactly

STRICT = ConfigDict(strict=True, extra="forbid", val_json_bytes="hex", ser_json_bytes="hex")

Number = Annotated[int, Field(ge=0, le=LARGEST_NUMBER)]
Digest = Annotated[bytes, Field(min_length=DIGEST_LENGTH, max_length=DIGEST_LENGTH)]
ObjectName = Annotated[str, Field(pattern=rf"^[0-9a-f]{{{2 * NAME_LENGTH}}}\z")]


class Encoding(IntEnum):
    """How a chunk was encoded before it was encrypted."""

    RAW = 0
    ZSTD = 1


@with_config(STRICT)
@dataclass(frozen=True, slots=True, kw_only=True)
class FileEntry:
    """One file; its octets follow those of the file before it in the stream."""

    path: str
    size: Number
    mode: Annotated[int, Field(ge=0, le=0o777)]  # permission bits; set-id and sticky bits are dropped
    modified_us: Annotated[int, Field(ge=-LARGEST_NUMBER, le=LARGEST_NUMBER)]  # microseconds since 1970, UTC
    digest: Digest


@with_config(STRICT)
@dataclass(frozen=True, slots=True, kw_only=True)
class LinkEntry:
    """A symbolic link that stays inside the tree."""

    path: str
    target: str  # relative to the link's folder


@with_config(STRICT)
@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """The files, the empty folders and the links of one version, each in the order of their paths' UTF-8 octets."""

    files: tuple[FileEntry, ...]
    folders: tuple[str, ...]  # those that hold nothing; the others follow from what they hold
    links: tuple[LinkEntry, ...]

    @property
    def size(self) -> int:
        """Count the octets of the stream."""
        return sum(file.size for file in self.files)


@with_config(STRICT)
@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkEntry:
    """One chunk of the stream and the object that holds it."""

    name: ObjectName
    key: Annotated[bytes, Field(min_length=KEY_LENGTH, max_length=KEY_LENGTH, repr=False)] = field(repr=False)
    raw_length: Annotated[int, Field(gt=0, le=LARGEST_RAW_LENGTH)]
    stored_length: Annotated[int, Field(gt=0, le=2 * LARGEST_RAW_LENGTH)]
    encoding: Encoding
    digest: Digest


@with_config(STRICT)
@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """All a client needs to rebuild one version from its objects."""

    format: Literal[1] = 1
    generation: Annotated[int, Field(ge=1, le=2**32 - 1)]
    digest_algorithm: DigestAlgorithm
    tree: Tree
    chunks: tuple[ChunkEntry, ...]

    @property
    def size(self) -> int:
        """Count the octets of the stream."""
        return self.tree.size

    def object_lengths(self) -> dict[str, int]:
        """Give each chunk object's stored length by its name; a chunk that comes twice is one object."""
        return {chunk.name: chunk.stored_length for chunk in self.chunks}


@dataclass(frozen=True, slots=True)
class FileSlice:
    """A run of octets that one chunk gives to one file."""

    file: FileEntry
    file_offset: int
    chunk_offset: int
    length: int


def chunk_slices(manifest: Manifest) -> Iterator[tuple[ChunkEntry, tuple[FileSlice, ...]]]:
    """Say, chunk by chunk in stream order, which octets of which files it holds; empty files are in no chunk."""
    files = iter(manifest.tree.files)
    file = next(files, None)
    file_offset = 0
    for chunk in manifest.chunks:
        slices: list[FileSlice] = []
        chunk_offset = 0
        while file is not None and chunk_offset < chunk.raw_length:
            length = min(file.size - file_offset, chunk.raw_length - chunk_offset)
            if length:
                slices.append(FileSlice(file, file_offset, chunk_offset, length))
            file_offset += length
            chunk_offset += length
            if file_offset == file.size:
                file = next(files, None)
                file_offset = 0
        yield chunk, tuple(slices)
