"""Parsed files, forgotten after each module: hundreds of trees kept to the end would slow down all other tests."""

import pytest

from tests.architecture.source_tree import SourceFile, files_of_tests, source_files


@pytest.fixture(scope="module")
def sources() -> tuple[SourceFile, ...]:
    return source_files()


@pytest.fixture(scope="module")
def sources_and_tests(sources: tuple[SourceFile, ...]) -> tuple[SourceFile, ...]:
    return (*sources, *files_of_tests())
