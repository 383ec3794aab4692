"""How a problem is written into a column: a catalogue code and its arguments, as JSON."""

import json

from clouddp.model.cloud_service import Problem


def written_problem(problem: Problem | None) -> str | None:
    """Write a problem."""
    if problem is None:
        return None
    return json.dumps({"code": problem.code, "arguments": dict(problem.arguments)}, ensure_ascii=False)


def read_problem(written: str | None) -> Problem | None:
    """Read what `written_problem` wrote."""
    return None if written is None else Problem(**json.loads(written))
