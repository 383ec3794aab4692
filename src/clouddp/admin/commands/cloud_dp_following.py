"""Follow the work on a cloud distribution point: each step, how long it has taken, and how it ends."""

import time
from collections.abc import Mapping
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.markup import escape

from clouddp.admin.api_client import SiteApi
from clouddp.admin.commands.named_service import SERVICES_PATH
from clouddp.admin.commands.output import print_json, say
from clouddp.language.command_line import chosen_language
from clouddp.language.translate import translate
from clouddp.model.errors import CloudError, NotFoundError

Json = Annotated[bool, typer.Option("--json", help="Answer with JSON.")]
Wait = Annotated[bool, typer.Option("--wait", help="Wait for the end, and show each step.")]
Name = Annotated[str, typer.Argument(help="Service FQDN, service name or ID.")]

_LOOK_SECONDS: Final = 0.25


def tell_end(api: SiteApi, service: Mapping[str, Any], *, wait: bool, as_json: bool) -> None:
    """Tell what became of a request that was accepted; with `wait`, when its work has ended.

    Raises:
        CloudError: the work ended in an error.
    """
    ended: Mapping[str, Any] | None = _await_end(api, service, is_quiet=as_json) if wait else service
    if as_json:
        print_json(ended)
    elif ended is None:
        say("cloud.command_deleted")
    elif wait and ended["state"] == "stopped":
        say("cloud.command_stopped", fqdn=ended["service_fqdn"])
    elif wait:
        say(
            "cloud.command_ready",
            fqdn=ended["service_fqdn"],
            site_url=ended["site_url"],
            virtual_ip=ended["virtual_ip"],
            port=ended["port"],
        )


def _await_end(api: SiteApi, service: Mapping[str, Any], *, is_quiet: bool) -> Mapping[str, Any] | None:
    """Follow the work until it ends; None when it removed the distribution point."""
    told, delay = 0, None
    console = Console(stderr=True, quiet=is_quiet)
    with console.status(service["state_text"]) as status:
        while True:
            try:
                seen: Mapping[str, Any] = api.get(f"{SERVICES_PATH}/{service['id']}")
            except NotFoundError:
                return None
            if seen["generation"] != service["generation"]:
                service, told = seen, 0  # somebody wanted something else meanwhile
            for step in seen["steps"][told:]:
                console.print(f"  ✓ {step['text']}")
            told = len(seen["steps"])
            if seen["settled"]:
                return _settled(seen)
            if seen["delay"] is not None and seen["delay"] != delay:
                console.print("  … " + escape(_delay(seen["delay"])))
            delay = seen["delay"]
            status.update(_progress(seen))
            time.sleep(_LOOK_SECONDS)


def _progress(service: Mapping[str, Any]) -> str:
    activity = service["activity"] or service["state_text"]
    if service["remaining_seconds"] is None:
        return str(activity)
    arguments = {
        "activity": activity,
        "elapsed": service["elapsed_seconds"],
        "remaining": service["remaining_seconds"],
    }
    return translate("cloud.command_progress", arguments, language=chosen_language())


def _delay(delay: Mapping[str, Any]) -> str:
    return translate("cloud.command_delayed", {"reason": delay["text"]}, language=chosen_language())


def _settled(service: Mapping[str, Any]) -> Mapping[str, Any]:
    problem = service["problem"]
    if problem is not None:
        raise CloudError(
            "cloud.command_failed",
            fqdn=service["service_fqdn"],
            reason=problem["text"],
            advice=problem["next_step"] or "",
        )
    return service
