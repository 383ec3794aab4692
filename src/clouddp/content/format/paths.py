"""Which paths and links a package may hold, so that they mean the same, and stay inside, on every client."""

import re
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from itertools import pairwise

from clouddp.content.format.entries import Tree
from clouddp.model.errors import InvalidInputError

_LONGEST_PATH = 32_767  # UTF-8 octets; Windows' limit counts UTF-16 units
_LONGEST_NAME = 255
_FORBIDDEN = re.compile(r'[\x00-\x1f\\<>:"|?*]')
_DEVICE = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?\Z", re.IGNORECASE)


def check_path(path: str) -> None:
    """Accept a relative path with `/` between names that every client's file system can hold.

    Raises: InvalidInputError with the reason.
    """
    if len(_utf8(path)) > _LONGEST_PATH:
        raise InvalidInputError("content.path_too_long", path=f"{path[:60]}…", limit=_LONGEST_PATH)
    for name in path.split("/"):
        _check_name(name, path)


def check_link(path: str, target: str) -> None:
    """Accept a link whose target climbs first, not above the tree, and only then descends.

    `..` after a name is refused: the name may be a link itself, and `..` would then leave from where it leads.

    Raises: InvalidInputError with the reason.
    """
    check_path(path)
    _utf8(target)
    if target == ".":
        return
    names = target.split("/")
    climbs = 0
    while climbs < len(names) and names[climbs] == "..":
        climbs += 1
    if target.startswith("/") or climbs > path.count("/") or ".." in names[climbs:]:
        raise InvalidInputError("content.link_leaves", path=path, target=target)
    if names[climbs:]:
        check_path("/".join(names[climbs:]))


def check_tree(tree: Tree) -> None:
    """Accept a tree of valid paths in order, each once, none below a file or a link.

    Raises: InvalidInputError with the first reason found.
    """
    for path in (*(file.path for file in tree.files), *tree.folders):
        check_path(path)
    for link in tree.links:
        check_link(link.path, link.target)
    files = [file.path for file in tree.files]
    links = [link.path for link in tree.links]
    for paths in (files, tree.folders, links, sorted([*files, *tree.folders, *links], key=path_order)):
        _check_order(paths)
    ends = {*files, *links}
    for path in (*files, *links, *tree.folders):
        _check_parents(path, ends)


def path_order(path: str) -> bytes:
    """Give the key by which paths are sorted: their UTF-8 octets."""
    return path.encode("utf-8")


def _check_name(name: str, path: str) -> None:
    if name in {"", ".", ".."}:
        raise InvalidInputError("content.path_not_inside", path=path)
    found = _FORBIDDEN.search(name)
    if found:
        raise InvalidInputError("content.path_character", path=path, character=ascii(found[0]))
    if _DEVICE.match(name) or name[-1] in " .":
        raise InvalidInputError("content.path_reserved", path=path, name=name)
    if len(name.encode("utf-8")) > _LONGEST_NAME:
        raise InvalidInputError("content.path_too_long", path=f"{path[:60]}…", limit=_LONGEST_NAME)


def _check_order(paths: Sequence[str]) -> None:
    for earlier, later in pairwise(map(path_order, paths)):
        if earlier >= later:
            raise InvalidInputError("content.path_twice", path=later.decode("utf-8"))


def _check_parents(path: str, ends: AbstractSet[str]) -> None:
    position = path.find("/")
    while position >= 0:
        if path[:position] in ends:
            raise InvalidInputError("content.path_twice", path=path)
        position = path.find("/", position + 1)


def _utf8(path: str) -> bytes:
    try:
        return path.encode("utf-8")
    except UnicodeEncodeError as error:
        raise InvalidInputError("content.path_not_unicode", path=ascii(path)) from error
