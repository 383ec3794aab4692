"""The examples of docs/fabric.md are rules that the fabric takes, one of each kind."""

import re
import shlex
from pathlib import Path
from typing import Any

from clouddp.fabric.trouble.rules import TroubleKind, parse_rule
from tests.architecture.source_tree import ROOT

PAGE = Path(ROOT) / "docs" / "fabric.md"
NUMBERS = {"after": int, "times": int, "seconds": float, "status": int, "retry_after": int}


def examples() -> list[dict[str, Any]]:
    (block,) = re.findall(r"```text\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    return [rule_of(shlex.split(line, comments=True)) for line in block.splitlines()]


def rule_of(words: list[str]) -> dict[str, Any]:
    names = [word.removeprefix("--").replace("-", "_") for word in words[1::2]]
    pairs = zip(names, words[2::2], strict=True)
    return {"kind": words[0]} | {name: NUMBERS.get(name, str)(value) for name, value in pairs}


def test_every_kind_has_one_example_that_is_accepted() -> None:
    rules = [parse_rule(example) for example in examples()]

    assert [rule.kind for rule in rules] == list(TroubleKind)
