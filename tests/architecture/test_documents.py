"""Links in the documents lead somewhere."""

import re
from pathlib import Path

import pytest

from tests.architecture.source_tree import ROOT

DOCUMENTS = sorted(
    path for path in ROOT.rglob("*.md") if not any(part.startswith(".") for part in path.relative_to(ROOT).parts)
)
LINK = re.compile(r"\]\((?!https?:|#|mailto:)([^)#\s]+)")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_relative_links_lead_to_files(document: Path) -> None:
    text = document.read_text(encoding="utf-8")

    dead = [link for link in LINK.findall(text) if not (document.parent / link).exists()]

    assert dead == []
