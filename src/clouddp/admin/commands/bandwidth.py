"""`clouddp bandwidth`: how fast content is sent, and at what hours which priority."""

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final

import typer

from clouddp.admin.api_client import SiteApi
from clouddp.admin.commands.content_places import Json
from clouddp.admin.commands.content_status import size_text
from clouddp.admin.commands.output import print_json, print_table, say
from clouddp.language.command_line import chosen_language, clouddp_home, exit_on_error
from clouddp.language.program import Program
from clouddp.language.translate import translate
from clouddp.model.bandwidth import Opening, Weekday
from clouddp.model.errors import InvalidInputError

app = Program()

_PATH: Final = "/bandwidth-plan"
_RATE: Final = re.compile(r"([0-9]{1,12})([KMG]?)")
_FACTORS: Final = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30}
_HOURS: Final = re.compile(r"([a-z]{3})(?:-([a-z]{3}))? +([0-9]{1,2})-([0-9]{1,2}) +([a-z_]+)")
_DAYS: Final = {day[:3]: index for index, day in enumerate(Weekday)}
_COLUMNS: Final = ("days", "from_hour", "until_hour", "opening")


@app.callback()
def bandwidth() -> None:
    """The bandwidth plan: one limit for all transfers together, and hours by priority."""


@app.command("show")
@exit_on_error
def show(*, as_json: Json = False) -> None:
    """Show the plan.

    Example: clouddp bandwidth show
    """
    _tell(SiteApi.from_home(clouddp_home()).get(_PATH), as_json=as_json)


@app.command("set")
@exit_on_error
def change(
    *,
    limit: Annotated[
        str | None,
        typer.Option(help="Bytes a second of all transfers together, such as 500K or 20M; none for no limit."),
    ] = None,
    hours: Annotated[
        list[str] | None,
        typer.Option(
            help="Days, hours (UTC) and what is open: mon-fri 8-18 high. May be repeated; the last one counts."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Change the limit, the hours, or both; it holds at once, also for what is under way.

    Example: clouddp bandwidth set --limit 20M --hours "mon-fri 8-18 high"
    """
    api = SiteApi.from_home(clouddp_home())
    plan = dict(api.get(_PATH))
    if limit is not None:
        plan["limit_bytes_per_second"] = _rate(limit)
    if hours is not None:
        plan["rules"] = [_rule(text) for text in hours]
    _tell(api.put(_PATH, plan), as_json=as_json)


@app.command("clear")
@exit_on_error
def clear(*, as_json: Json = False) -> None:
    """Send as fast as can be at all hours.

    Example: clouddp bandwidth clear
    """
    plan: dict[str, Any] = {"limit_bytes_per_second": None, "rules": []}
    _tell(SiteApi.from_home(clouddp_home()).put(_PATH, plan), as_json=as_json)


def _rate(text: str) -> int | None:
    if text.lower() == "none":
        return None
    match = _RATE.fullmatch(text.upper())
    if match is None or int(match[1]) == 0:
        raise InvalidInputError("content.rate_not_valid", rate=text)
    return int(match[1]) * _FACTORS[match[2]]


def _rule(text: str) -> dict[str, object]:
    match = _HOURS.fullmatch(text.strip().lower())
    if match is None or not {match[1], match[2] or match[1]} <= _DAYS.keys() or match[5] not in tuple(Opening):
        raise InvalidInputError("content.hours_not_valid", hours=text)
    return {
        "days": _days(_DAYS[match[1]], _DAYS[match[2] or match[1]]),
        "from_hour": int(match[3]),
        "until_hour": int(match[4]),
        "opening": match[5],
    }


def _days(first: int, last: int) -> list[str]:
    """List the days from one to another; a span may go over Sunday."""
    week = [str(day) for day in Weekday]
    return week[first : last + 1] if first <= last else week[first:] + week[: last + 1]


def _tell(plan: Mapping[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(plan)
        return
    limit = plan["limit_bytes_per_second"]
    if limit is None:
        say("content.bandwidth_unlimited")
    else:
        say("content.bandwidth_limited", rate=size_text(limit))
    _tell_rules(plan["rules"])


def _tell_rules(rules: Sequence[Mapping[str, Any]]) -> None:
    if not rules:
        say("content.hours_unlimited")
        return
    language = chosen_language()
    rows = [
        {
            **rule,
            "days": ", ".join(rule["days"]),
            "opening": translate(f"content.opening_{rule['opening']}", language=language),
        }
        for rule in rules
    ]
    print_table({field: f"content.column_{field}" for field in _COLUMNS}, rows)
