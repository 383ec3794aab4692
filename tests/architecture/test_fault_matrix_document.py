"""The table of the fault matrix is about the steps that the code has."""

import re

import pytest

from tests.architecture.source_tree import ROOT
from tests.fault_matrix.operations import OPERATIONS, Operation
from tests.fault_matrix.steps import steps_of

DOCUMENT = ROOT / "docs" / "fault-matrix.md"
ROW = re.compile(r"^\| (\w+) \| ")


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_the_document_shows_each_step_of_the_code_in_its_order(operation: Operation) -> None:
    _, _, section = DOCUMENT.read_text(encoding="utf-8").partition(f"\n### {operation.name}\n")
    table = section.partition("\n### ")[0].splitlines()

    steps = [found.group(1) for line in table if (found := ROW.match(line)) and found.group(1) != "step"]

    assert tuple(dict.fromkeys(steps)) == steps_of(operation)
