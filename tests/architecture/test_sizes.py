"""Files and functions stay small enough to be read once."""

import ast

import pytest

from tests.architecture.source_tree import SourceFile, files_of_tests, source_files

FILE_LIMIT = 500
FUNCTION_LIMIT = 50
ALL = (*source_files(), *files_of_tests())
NOT_A_MIGRATION = [file for file in ALL if "migrations" not in file.path.parts]  # a schema is one list


@pytest.mark.parametrize("file", ALL, ids=lambda file: file.name)
def test_a_file_has_at_most_500_lines(file: SourceFile) -> None:
    assert file.text.count("\n") <= FILE_LIMIT


@pytest.mark.parametrize("file", NOT_A_MIGRATION, ids=lambda file: file.name)
def test_a_function_has_at_most_50_lines(file: SourceFile) -> None:
    long = [node.name for node in file.functions() if (node.end_lineno or 0) - node.lineno + 1 > FUNCTION_LIMIT]

    assert long == []


@pytest.mark.parametrize("file", source_files(), ids=lambda file: file.name)
def test_a_file_begins_by_saying_what_it_is_for(file: SourceFile) -> None:
    docstring = ast.get_docstring(file.tree)

    assert docstring is not None
    assert file.text.startswith('"""')


@pytest.mark.parametrize("file", source_files(), ids=lambda file: file.name)
def test_imports_stand_at_the_top(file: SourceFile) -> None:
    late = [
        node.lineno
        for function in file.functions()
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]

    assert late == [] or file.path.name == "__main__.py"


@pytest.mark.parametrize("file", source_files(), ids=lambda file: file.name)
def test_a_package_file_is_one_docstring(file: SourceFile) -> None:
    assert file.path.name != "__init__.py" or len(file.tree.body) == 1
