"""`clouddp client`: register this computer, and get content."""

import json
import socket
import sys
from collections.abc import Mapping
from contextlib import nullcontext
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Final

import typer

from clouddp.client.client_logs import open_client_logs
from clouddp.client.download import Downloader, DownloadReport
from clouddp.client.identity import ClientFolders, load_identity
from clouddp.client.location import ContentLocator
from clouddp.client.progress import ProgressBar
from clouddp.client.registration import register_client
from clouddp.client.service_names import follow_by_server, follow_by_system
from clouddp.language.command_line import chosen_language, clouddp_home, exit_on_error
from clouddp.language.program import Program
from clouddp.language.translate import translate
from clouddp.model.errors import InvalidInputError
from clouddp.network.registration import parse_registration_token
from clouddp.network.tls import client_context

_TOKEN_FILE_LIMIT: Final = 1024
_NAME_LIMIT: Final = 64

app = Program()

Home = Annotated[Path | None, typer.Option(help="Folder of the client; normally `client` in CLOUDDP_HOME.")]
Json = Annotated[bool, typer.Option("--json", help="Answer with JSON.")]


@app.callback()
def client() -> None:
    """Register this computer at a site, and get content from it."""


@app.command("register")
@exit_on_error
def register(
    *,
    management_point: Annotated[str, typer.Option(help="Address of the management point, https://HOST:PORT.")],
    token_file: Annotated[Path, typer.Option(help="File with the registration token.")],
    name: Annotated[str | None, typer.Option(help="What the site calls this client; normally its host name.")] = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Register this client, and trust the site that the token names and no other.

    Example: clouddp client register --management-point https://mp.contoso.com --token-file token.txt
    """
    folders = _folders(home)
    identity = register_client(
        folders,
        url=management_point,
        token=parse_registration_token(_read_token(token_file)),
        name=(name or socket.gethostname())[:_NAME_LIMIT],
        language=chosen_language(),
    )
    answer = {"client_id": identity.client_id, "site_code": identity.trust.site_code, "home": str(folders.root)}
    _answer(answer, "client.registered", as_json=as_json)


@app.command("get")
@exit_on_error
def get(
    package: Annotated[str, typer.Argument(help="The package ID, such as P0100001.")],
    *,
    to: Annotated[Path, typer.Option(help="Folder that is to hold the content; it must be new or empty.")],
    dns: Annotated[str | None, typer.Option(help="DNS server to ask, ADDRESS:PORT; normally the system's.")] = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Download a package, verify it and put it into a folder; run it again to continue one that was interrupted.

    Example: clouddp client get P0100001 --to ./software
    """
    folders, language = _folders(home), chosen_language()
    identity = load_identity(folders)
    is_quiet = as_json or not sys.stderr.isatty()
    with nullcontext(_say_nothing) if is_quiet else ProgressBar(package) as progress:
        downloader = Downloader(
            ContentLocator(identity, folders, language=language, now=lambda: datetime.now(UTC)),
            context=client_context(authorities_pem=identity.trust.authorities_pem),
            resolve=follow_by_system if dns is None else partial(follow_by_server, resolver=dns),
            logs=open_client_logs(folders.logs, language=language),
            progress=progress,
        )
        report = downloader.download(package, to.absolute())
    _answer(_document(report), "client.content_got", as_json=as_json)


def _folders(home: Path | None) -> ClientFolders:
    return ClientFolders(root=(home or clouddp_home() / "client").absolute())


def _read_token(file: Path) -> str:
    try:
        with file.open(encoding="utf-8") as opened:
            return opened.read(_TOKEN_FILE_LIMIT)
    except (OSError, ValueError) as error:
        raise InvalidInputError("client.token_file_unreadable", path=file, reason=error) from error


def _say_nothing(_done: int, _total: int) -> None:
    """Show no progress."""


def _document(report: DownloadReport) -> dict[str, object]:
    rate = report.fetched_bytes / report.seconds if report.seconds else 0.0
    return {
        "package_id": report.package_id,
        "version": report.version,
        "path": str(report.target),
        "files": report.files,
        "size_bytes": report.size_bytes,
        "fetched_bytes": report.fetched_bytes,
        "seconds": round(report.seconds, 3),
        "rate": f"{rate / 2**20:.1f}",
        "sources": list(report.sources),
    }


def _answer(document: Mapping[str, object], code: str, *, as_json: bool) -> None:
    typer.echo(json.dumps(document) if as_json else translate(code, document, language=chosen_language()))
