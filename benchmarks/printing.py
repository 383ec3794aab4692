"""Print reports: a table for people, JSON for programs."""

import json

from benchmarks.measuring import Line, Report


def print_table(report: Report) -> None:
    """Print one report."""
    width = max((len(line.what) for line in report.lines), default=0)
    print(f"\n{report.title}")
    for line in report.lines:
        goal = f"   goal {line.goal}" if line.goal else ""
        print(f"  {line.what:<{width}}  {_numbers(line)} {line.unit}{goal}")
    for note in report.notes:
        print(f"  - {note}")


def json_text(reports: dict[str, Report], calibration: Report) -> str:
    """Write all reports as one JSON object."""
    return json.dumps({name: _plain(report) for name, report in {"calibration": calibration, **reports}.items()})


def _plain(report: Report) -> dict[str, object]:
    lines = [
        {
            "what": line.what,
            "unit": line.unit,
            "median": line.sample.median,
            "min": line.sample.low,
            "max": line.sample.high,
            "values": line.sample.values,
            "goal": line.goal,
        }
        for line in report.lines
    ]
    return {"title": report.title, "lines": lines, "notes": report.notes}


def _numbers(line: Line) -> str:
    sample = line.sample
    if len(sample.values) == 1:
        return f"{_short(sample.median):>9}"
    return f"{_short(sample.median):>9}  ({_short(sample.low)} to {_short(sample.high)}, {len(sample.values)} runs)"


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
