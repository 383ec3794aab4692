"""Write and read manifests: strict JSON, padded with spaces, encrypted in RFC 8188 records of 64 KiB."""

from functools import cache

from pydantic import TypeAdapter, ValidationError

from clouddp.content.format import content_encoding
from clouddp.content.format.digests import Octets
from clouddp.content.format.entries import Manifest, Tree
from clouddp.content.format.padding import padded_length
from clouddp.content.format.paths import check_tree
from clouddp.model.errors import DamagedError, InvalidInputError

MANIFEST_LIMIT_BYTES = 256 * 2**20

_RECORD_SIZE = 64 * 1024


def seal_manifest(manifest: Manifest, *, key: bytes, salt: bytes) -> bytes:
    """Encrypt a manifest under a key and a salt that were made for it alone, by chance."""
    text = _manifests().dump_json(manifest)
    return content_encoding.encrypt(text.ljust(padded_length(len(text))), key, salt, record_size=_RECORD_SIZE)


def open_manifest(ciphertext: Octets, key: bytes) -> Manifest:
    """Decrypt and read a manifest, and check that it makes sense in itself.

    Raises: DamagedError when it is not what a site wrote.
    """
    if len(ciphertext) > MANIFEST_LIMIT_BYTES:
        raise DamagedError("content.manifest_not_valid", reason="length")
    try:
        manifest = _manifests().validate_json(content_encoding.decrypt(ciphertext, key))
        check_tree(manifest.tree)
    except ValidationError as error:
        raise DamagedError("content.manifest_not_valid", reason=_first(error)) from None
    except InvalidInputError as error:
        raise DamagedError("content.manifest_not_valid", reason=error.code) from error
    if sum(chunk.raw_length for chunk in manifest.chunks) != manifest.size:
        raise DamagedError("content.manifest_not_valid", reason="size")
    return manifest


def write_tree(tree: Tree) -> bytes:
    """Write the tree of a version as JSON, as the content library keeps it."""
    return _trees().dump_json(tree)


def read_tree(text: bytes) -> Tree:
    """Read what `write_tree` wrote.

    Raises: DamagedError when it is something else.
    """
    try:
        return _trees().validate_json(text)
    except ValidationError as error:
        raise DamagedError("content.manifest_not_valid", reason=_first(error)) from None


@cache
def _manifests() -> TypeAdapter[Manifest]:
    return TypeAdapter(Manifest)


@cache
def _trees() -> TypeAdapter[Tree]:
    return TypeAdapter(Tree)


def _first(error: ValidationError) -> str:
    """Name the first place that is wrong, never the value: a manifest holds keys."""
    return ".".join(str(part) for part in error.errors(include_input=False, include_url=False)[0]["loc"])
