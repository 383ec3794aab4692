"""`clouddp content status`: where content is and how far it is, as a table for people."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import typer

from clouddp.admin.api_client import SiteApi
from clouddp.admin.commands.output import print_json, print_table
from clouddp.language.command_line import chosen_language
from clouddp.language.translate import translate

_FIELDS: Final = (
    "package_id",
    "version",
    "distribution_point",
    "state_text",
    "percent",
    "activity_text",
    "speed",
    "time_left",
    "sent_bytes",
    "retries_left",
    "next_try_at",
    "validation_text",
)
_HEADINGS: Final = {"validation_text": "content.column_validation"}
_UNITS: Final = ("B", "KB", "MB", "GB", "TB")


def tell_distributions(api: SiteApi, distributions: Sequence[Mapping[str, Any]], *, as_json: bool) -> None:
    """Show content status."""
    if as_json:
        print_json(distributions)
        return
    names = {point["id"]: point["service_fqdn"] for point in api.get("/cloud-distribution-points")}
    rows = [_row(row, names) for row in distributions]
    shown = [field for field in _FIELDS if any(row[field] is not None for row in rows)]
    print_table({field: _HEADINGS.get(field, f"content.column_{field}") for field in shown}, rows)
    for row in rows:
        if row["problem"] is not None:
            typer.echo(f"{row['distribution_point']}: {row['problem']['text']}")
            typer.echo(f"  → {row['problem']['next_step']}")


def size_text(count: int) -> str:
    """Write a number of bytes as people read it."""
    value, unit = float(count), 0
    while value >= 1024 and unit < len(_UNITS) - 1:
        value, unit = value / 1024, unit + 1
    return f"{value:.0f} {_UNITS[unit]}" if unit == 0 else f"{value:.1f} {_UNITS[unit]}"


def _row(row: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    speed, seconds = row["bytes_per_second"], row["seconds_left"]
    return {
        **row,
        "distribution_point": names.get(row["distribution_point_id"], row["distribution_point_id"]),
        "activity_text": row["activity_text"] or None,
        "speed": None if speed is None else f"{size_text(speed)}/s",
        "time_left": None if seconds is None else f"{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}",
        "validation_text": _validation_text(row["validation"]),
    }


def _validation_text(validation: Mapping[str, Any] | None) -> str | None:
    if validation is None:
        return None
    counts = {
        "count": validation["object_count"],
        "missing": validation["missing_count"],
        "damaged": validation["damaged_count"],
    }
    return translate(f"content.validation_{validation['state']}", counts, language=chosen_language())
