"""Files and functions stay small enough to be read once."""

import ast

from tests.architecture.source_tree import SourceFile

FILE_LIMIT = 500
FUNCTION_LIMIT = 50


def test_a_file_has_at_most_500_lines(sources_and_tests: tuple[SourceFile, ...]) -> None:
    assert [file.name for file in sources_and_tests if file.text.count("\n") > FILE_LIMIT] == []


def test_a_function_has_at_most_50_lines(sources_and_tests: tuple[SourceFile, ...]) -> None:
    long = [
        f"{file.name}: {node.name}"
        for file in sources_and_tests
        if "migrations" not in file.path.parts  # a schema is one list
        for node in file.functions()
        if (node.end_lineno or 0) - node.lineno + 1 > FUNCTION_LIMIT
    ]

    assert long == []


def test_a_file_begins_by_saying_what_it_is_for(sources: tuple[SourceFile, ...]) -> None:
    silent = [file.name for file in sources if ast.get_docstring(file.tree) is None or not file.text.startswith('"""')]

    assert silent == []


def test_imports_stand_at_the_top(sources: tuple[SourceFile, ...]) -> None:
    late = [
        f"{file.name}, line {node.lineno}"
        for file in sources
        if file.path.name != "__main__.py"
        for function in file.functions()
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]

    assert late == []


def test_a_package_file_is_one_docstring(sources: tuple[SourceFile, ...]) -> None:
    packages = [file for file in sources if file.path.name == "__init__.py"]

    assert packages
    assert [file.name for file in packages if len(file.tree.body) != 1] == []
