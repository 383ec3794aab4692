"""`clouddp demo`: tell the story, then stay up so that people can look around."""

import json
import os
import shutil
import signal
import sys
import threading
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from clouddp.demo.places import SERVICE_FQDN, ZONE, Places, default_source
from clouddp.demo.processes import Programs
from clouddp.demo.story import STEPS, Story, Told
from clouddp.demo.telling import Teller
from clouddp.language.command_line import chosen_language, clouddp_home, exit_on_error
from clouddp.language.program import Program
from clouddp.language.translate import LANGUAGES
from clouddp.model.errors import InvalidInputError

app = Program()


@app.command()
@exit_on_error
def demo(
    *,
    source: Annotated[Path | None, typer.Option(help="Folder to distribute; default: real files of Python.")] = None,
    end: Annotated[bool, typer.Option("--exit", help="End when the story is told instead of staying up.")] = False,
    reset: Annotated[bool, typer.Option("--reset", help="Remove what an earlier demo made and start anew.")] = False,
    lang: Annotated[str | None, typer.Option(help="Language: en or fr.")] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one last line of JSON; the story goes to stderr.")
    ] = False,
) -> None:
    """Run the whole main job on this machine, embedded cloud included.

    Example: clouddp demo --source /srv/software --exit
    """
    language = _language(lang)
    places = Places(clouddp_home() / "demo")
    if reset:
        shutil.rmtree(places.home, ignore_errors=True)
    places.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    console = Console(stderr=as_json)
    teller = Teller(console, language, STEPS)
    programs = Programs(places.home, language)
    story = Story(
        places=places,
        source=(source or default_source()).resolve(),
        language=language,
        programs=programs,
        teller=teller,
    )
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(1))
    try:
        told = story.tell()
        teller.summary(_summary(told, places))
        if as_json:
            typer.echo(json.dumps(_facts(told, places)))
        if not end:
            teller.detail("demo.stays_up")
            threading.Event().wait()
    except KeyboardInterrupt:
        teller.detail("demo.interrupted")
    finally:
        programs.stop()


def _language(chosen: str | None) -> str:
    if chosen is None:
        return chosen_language()
    if chosen not in LANGUAGES:
        raise InvalidInputError("site.language_unknown", language=chosen)
    os.environ["CLOUDDP_LANG"] = chosen  # errors are told in the same language, and the programs inherit it
    return chosen


def _facts(told: Told, places: Places) -> dict[str, Any]:
    return {
        "admin_url": told.site["admin_url"],
        "token_file": told.site["token_file"],
        "management_url": told.fabric["management_url"],
        "portal_url": told.fabric["portal_url"],
        "ca_file": str(places.trusted_pem),
        "dns": told.fabric["dns"],
        "dns_zone": ZONE,
        "subscription_id": told.fabric["subscription_id"],
        "management_pfx": str(places.management_pfx),
        "management_pfx_password_file": str(places.password_file),
        "service_fqdn": SERVICE_FQDN,
        "service_name": told.service["service_name"],
        "vip": told.service["virtual_ip"],
        "port": told.service["port"],
        "storage_path": str(places.fabric / "storage"),
        "log_directory": str(places.site_logs),
        "site_key_fingerprint": told.site["site_key_fingerprint"],
        "home": str(places.home),
    }


def _summary(told: Told, places: Places) -> dict[str, str]:
    files = "" if told.compared is None else f"{told.compared.files} / {told.compared.size_bytes:,}"
    return {
        "demo.label_service": f"{SERVICE_FQDN} → {told.service['service_name']}.cloudapp.net "
        f"→ {told.service['virtual_ip']}:{told.service['port']}",
        "demo.label_content": f"{told.package['id']} ({told.package['name']}): {files}",
        "demo.label_sent": f"{told.distribution['sent_bytes']:,}",
        "demo.label_fetched": f"{told.fetched['fetched_bytes']:,}",
        "demo.label_administration": f"{told.site['admin_url']} ({told.site['token_file']})",
        "demo.label_portal": f"{told.fabric['portal_url']} ({told.fabric['portal_token_file']})",
        "demo.label_storage": str(places.fabric / "storage"),
        "demo.label_logs": str(places.site_logs),
        "demo.label_home": str(places.home),
    }
