"""The project's own source files, as the architecture tests read them."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "clouddp"


@dataclass(frozen=True)
class SourceFile:
    """One parsed file."""

    path: Path
    text: str
    tree: ast.Module

    @property
    def name(self) -> str:
        return str(self.path.relative_to(ROOT))

    def functions(self) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
        for node in ast.walk(self.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield node


def source_files() -> tuple[SourceFile, ...]:
    return tuple(_parse(path) for path in sorted(SOURCE.rglob("*.py")))


def files_of_tests() -> tuple[SourceFile, ...]:
    return tuple(_parse(path) for path in sorted((ROOT / "tests").rglob("*.py")))


def _parse(path: Path) -> SourceFile:
    text = path.read_text(encoding="utf-8")
    return SourceFile(path, text, ast.parse(text))
