"""`clouddp cloud-dp reconcile`: what the clouds hold against what they should hold, and remedies."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, Final

import typer

from clouddp.admin.api_client import SiteApi
from clouddp.admin.commands.named_service import find_service_path
from clouddp.admin.commands.output import print_json, print_table, say
from clouddp.language.command_line import clouddp_home, exit_on_error
from clouddp.model.errors import InvalidInputError, SiteError

_PATH: Final = "/reconciliation"
_ALL: Final = "all"
_COLUMNS: Final = {
    "id": "reconciliation.column_finding",
    "offered": "reconciliation.column_remedies",
    "text": "reconciliation.column_text",
}


@exit_on_error
def reconcile(
    name: Annotated[str | None, typer.Argument(help="Service FQDN, service name or ID; all when left out.")] = None,
    *,
    adopt: Annotated[list[str] | None, typer.Option(help="Take what the cloud has into the record.")] = None,
    repair: Annotated[list[str] | None, typer.Option(help="Bring the cloud back to the record.")] = None,
    remove: Annotated[list[str] | None, typer.Option(help="Delete what is too much.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Answer with JSON.")] = False,
) -> None:
    """Compare the clouds with what should be there, after someone deleted or changed parts by hand.

    Without a remedy it only looks. Each remedy takes a finding of the preview, or all.

    Example: clouddp cloud-dp reconcile clouddp1.contoso.com --repair all
    """
    api = SiteApi.from_home(clouddp_home())
    path = _PATH if name is None else f"{find_service_path(api, name)}{_PATH}"
    preview = api.get(path)
    chosen = {"adopt": adopt or [], "repair": repair or [], "remove": remove or []}
    if not any(chosen.values()):
        _show(preview, as_json=as_json)
        return
    remedies = choose(preview["findings"], chosen)
    if not remedies:
        _show(preview, as_json=as_json)
        return
    _tell(api.post(path, {"digest": preview["digest"], "remedies": remedies}), as_json=as_json)


def choose(findings: Iterable[Mapping[str, Any]], chosen: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Give the remedy of each finding; one that is named comes before `all`.

    Raises:
        InvalidInputError: two remedies meet in one finding.
    """
    named = _joined((id_, remedy) for remedy, ids in chosen.items() for id_ in ids if id_ != _ALL)
    for_all = [remedy for remedy, ids in chosen.items() if _ALL in ids]
    return named | _joined(
        (finding["id"], remedy)
        for finding in findings
        if finding["id"] not in named
        for remedy in for_all
        if remedy in finding["remedies"]
    )


def _joined(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    remedies: dict[str, list[str]] = {}
    for id_, remedy in pairs:
        remedies.setdefault(id_, []).append(remedy)
    faults: list[SiteError] = [
        InvalidInputError("reconciliation.remedy_ambiguous", id=id_, remedies=", ".join(found))
        for id_, found in remedies.items()
        if len(set(found)) > 1
    ]
    if faults:
        raise InvalidInputError("reconciliation.choice_invalid", faults=tuple(faults))
    return {id_: found[0] for id_, found in remedies.items()}


def _show(preview: Mapping[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(preview)
        return
    findings = preview["findings"]
    if findings:
        print_table(_COLUMNS, [finding | {"offered": ", ".join(finding["remedies"])} for finding in findings])
        say("reconciliation.command_how_to_go_on")
    for untold in preview["not_judged"]:
        reason = f"{untold['text']} {untold['next_step'] or ''}".strip()
        say("reconciliation.command_not_judged", name=untold["name"], reason=reason)
    if not findings and not preview["not_judged"]:
        say("reconciliation.command_nothing_found")


def _tell(applied: Mapping[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(applied)
    else:
        for accepted in applied["accepted"]:
            say("reconciliation.command_accepted", id=accepted["id"], remedy=accepted["remedy"])
        for refused in applied["refused"]:
            say("reconciliation.command_refused", id=refused["id"], reason=refused["problem"]["title"])
    if applied["refused"]:
        raise typer.Exit(1)
