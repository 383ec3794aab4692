"""Tests of the paths and links a package may hold."""

import pytest

from clouddp.content.format.entries import LinkEntry
from clouddp.content.format.paths import check_link, check_path, check_tree
from clouddp.model.errors import InvalidInputError
from tests.unit.content.format.trees import a_file, a_tree


@pytest.mark.parametrize(
    "path",
    [
        "a",
        "a/b/c.txt",
        ".hidden",
        "..a",
        "été",
        "e\u0301te\u0301",
        "文件/файл/ملف",
        "a b",
        "x" * 255,
        "console",
        "com10",
    ],
)
def test_ordinary_paths_in_any_script_are_taken_as_they_are(path: str) -> None:
    check_path(path)


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("", "content.path_not_inside"),
        ("/etc/passwd", "content.path_not_inside"),
        ("a//b", "content.path_not_inside"),
        ("a/", "content.path_not_inside"),
        ("./a", "content.path_not_inside"),
        ("a/../../b", "content.path_not_inside"),
        ("a\\b", "content.path_character"),
        ("a\x00b", "content.path_character"),
        ("a\nb", "content.path_character"),
        ("c:\\windows", "content.path_character"),
        ("file:stream", "content.path_character"),
        ("nul", "content.path_reserved"),
        ("a/COM1.txt/b", "content.path_reserved"),
        ("ends.", "content.path_reserved"),
        ("ends ", "content.path_reserved"),
        ("x" * 256, "content.path_too_long"),
        ("/".join(["long"] * 10_000), "content.path_too_long"),
        ("bad\udcff", "content.path_not_unicode"),
    ],
)
def test_a_path_that_some_client_cannot_hold_is_refused_with_the_reason(path: str, code: str) -> None:
    with pytest.raises(InvalidInputError) as raised:
        check_path(path)

    assert raised.value.code == code


@pytest.mark.parametrize(
    ("path", "target"), [("a", "b"), ("a/b", "../c"), ("a/b/c", "../../d/e"), ("a/b", "c"), ("a/b", ".."), ("a", ".")]
)
def test_links_that_stay_inside_are_kept(path: str, target: str) -> None:
    check_link(path, target)


@pytest.mark.parametrize(
    ("path", "target"),
    [("a", "/etc/passwd"), ("a", "../x"), ("a/b", "../../x"), ("a", "b/../../x"), ("a", "b/.."), ("a/b", "../c/../d")],
)
def test_links_that_leave_or_might_leave_are_refused(path: str, target: str) -> None:
    with pytest.raises(InvalidInputError) as raised:
        check_link(path, target)

    assert raised.value.code == "content.link_leaves"


def test_a_chain_of_links_cannot_climb_out_of_the_tree() -> None:
    """`p/q/s` leads to the root, so `s/..` would be above it."""
    check_link("p/q/s", "../..")

    with pytest.raises(InvalidInputError):
        check_link("p/q/t", "s/..")


def test_a_path_below_a_link_is_refused() -> None:
    tree = a_tree(a_file("link/file"), links=(LinkEntry(path="link", target="elsewhere"),))

    with pytest.raises(InvalidInputError, match="path_twice"):
        check_tree(tree)


def test_a_path_that_is_a_file_and_a_folder_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="path_twice"):
        check_tree(a_tree(a_file("a"), folders=("a",)))
