"""A status message's number means one thing, for ever."""

import ast
import re
from collections import defaultdict

from clouddp.language.translate import load_catalogue
from tests.architecture.source_tree import SourceFile

DOCUMENTED = {9409, 9425, 10050}
OURS = range(12_000, 13_000)


def test_every_number_in_the_code_has_a_text_and_one_name(sources: tuple[SourceFile, ...]) -> None:
    names = defaultdict(set)
    for file in sources:
        for node in ast.walk(file.tree):
            for name, number in _named_numbers(node):
                names[number].add(name)

    numbers = {int(key.removeprefix("m")) for key in load_catalogue("status", "en")}
    assert set(names) <= numbers
    assert {number: found for number, found in names.items() if len(found) > 1} == {}


def test_numbers_that_are_not_the_products_own_begin_at_12000() -> None:
    numbers = {int(key.removeprefix("m")) for key in load_catalogue("status", "en")}

    assert all(number in DOCUMENTED or number in OURS for number in numbers)


def _named_numbers(node: ast.AST) -> list[tuple[str, int]]:
    """Find constants that are numbers of status messages, such as READY = 9409."""
    target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
    value = getattr(node, "value", None)
    if not isinstance(target, ast.Name) or not isinstance(value, ast.Constant) or not isinstance(value.value, int):
        return []
    is_number = value.value in DOCUMENTED or value.value in OURS
    return [(target.id, value.value)] if is_number and re.fullmatch(r"_?[A-Z_]+", target.id) else []
