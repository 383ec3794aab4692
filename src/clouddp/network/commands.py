"""`clouddp certificate`: make the certificates of an organisation, and look into them."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from cryptography.hazmat.primitives.serialization import Encoding

from clouddp.language.command_line import chosen_language, exit_on_error
from clouddp.language.program import Program
from clouddp.language.translate import translate
from clouddp.model.errors import InvalidInputError
from clouddp.network.certificate_files import NewFile, read_file, write_files
from clouddp.network.certificates import (
    CERTIFICATE_FILE_LIMIT_BYTES,
    KeyedCertificate,
    certificate_pem,
    load_certificate,
    load_pfx,
    to_pfx,
)
from clouddp.network.description import describe_certificate
from clouddp.network.issuing import (
    AUTHORITY_DAYS,
    MANAGEMENT_DAYS,
    SERVICE_DAYS,
    issue_management_certificate,
    issue_service_certificate,
    make_authority,
)
from clouddp.network.passwords import choose_password, obtain_password
from clouddp.network.requirements import check_management_certificate, check_service_certificate, is_authority

app = Program()

_DAYS_LIMIT = 36_500

Folder = Annotated[Path, typer.Option("--folder", "-o", help="Where to write the files.")]
Days = Annotated[int, typer.Option(min=1, max=_DAYS_LIMIT, help="For how long it is valid.")]
PasswordFile = Annotated[
    Path | None,
    typer.Option(help="File with the .pfx password; without it CLOUDDP_PASSWORD, else a prompt."),
]
AuthorityPasswordFile = Annotated[
    Path | None, typer.Option(help="File with the password of the authority's .pfx; without it the same password.")
]
Force = Annotated[bool, typer.Option("--force", help="Replace files that are there.")]
AsJson = Annotated[bool, typer.Option("--json", help="Answer with JSON.")]


class Use(StrEnum):
    """What a certificate is to be used as."""

    MANAGEMENT = "management"
    SERVICE = "service"


@app.callback()
def certificate() -> None:
    """Certificates: make them, look into them."""


@app.command("new-authority")
@exit_on_error
def new_authority(
    common_name: Annotated[str, typer.Argument(help="Its name, such as “Contoso CA”.")],
    *,
    folder: Folder = Path(),
    name: Annotated[str, typer.Option(help="Name of the files, without ending.")] = "authority",
    days: Days = AUTHORITY_DAYS,
    password_file: PasswordFile = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Make a certification authority: .pfx to issue with, .pem and .cer for those who trust it.

    Example: clouddp certificate new-authority "Contoso CA" --folder certificates
    """
    password = choose_password(password_file)
    keyed = make_authority(common_name, now=datetime.now(UTC), days=days)
    pem = NewFile(path=folder / f"{name}.pem", content=certificate_pem(keyed.certificate), is_private=False)
    files = [*_files(keyed, folder / name, password), pem]
    write_files(files, replace=force)
    _tell_made(keyed, files, as_json=as_json)


@app.command("new-management")
@exit_on_error
def new_management(  # noqa: PLR0913 (each is an option of the command)
    common_name: Annotated[str, typer.Argument(help="Its name, such as “Contoso management”.")],
    *,
    authority: Annotated[Path | None, typer.Option(help=".pfx of the authority; without it self-signed.")] = None,
    authority_password_file: AuthorityPasswordFile = None,
    folder: Folder = Path(),
    name: Annotated[str, typer.Option(help="Name of the files, without ending.")] = "management",
    days: Days = MANAGEMENT_DAYS,
    password_file: PasswordFile = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Make a management certificate: .cer to upload to the cloud, .pfx for the site server.

    Example: clouddp certificate new-management "Contoso management" --password-file password.txt
    """
    password = choose_password(password_file)
    issuer = None if authority is None else _open_authority(authority, authority_password_file, password)
    keyed = issue_management_certificate(common_name, now=datetime.now(UTC), authority=issuer, days=days)
    files = _files(keyed, folder / name, password)
    write_files(files, replace=force)
    _tell_made(keyed, files, as_json=as_json)


@app.command("new-service")
@exit_on_error
def new_service(  # noqa: PLR0913 (each is an option of the command)
    hosts: Annotated[list[str], typer.Argument(help="Service FQDN; more host names may follow.")],
    *,
    authority: Annotated[Path, typer.Option(help=".pfx of the authority that issues it.")],
    authority_password_file: AuthorityPasswordFile = None,
    folder: Folder = Path(),
    name: Annotated[str, typer.Option(help="Name of the files, without ending.")] = "service",
    days: Days = SERVICE_DAYS,
    password_file: PasswordFile = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Make a service certificate for the host names that clients use.

    Example: clouddp certificate new-service clouddp1.contoso.com --authority authority.pfx
    """
    password = choose_password(password_file)
    issuer = _open_authority(authority, authority_password_file, password)
    keyed = issue_service_certificate(hosts, authority=issuer, now=datetime.now(UTC), days=days)
    files = _files(keyed, folder / name, password)
    write_files(files, replace=force)
    _tell_made(keyed, files, as_json=as_json)


@app.command()
@exit_on_error
def inspect(
    file: Annotated[Path, typer.Argument(help="A .pfx or .cer file.")],
    *,
    use: Annotated[Use | None, typer.Option("--as", help="Check whether it can be used as this.")] = None,
    service_fqdn: Annotated[str | None, typer.Option(help="With --as service: the host it must cover.")] = None,
    accept_wildcard: Annotated[bool, typer.Option("--accept-wildcard", help="With --as service.")] = False,
    password_file: PasswordFile = None,
    as_json: AsJson = False,
) -> None:
    """Show what a certificate says, and with --as what keeps it from being used.

    Example: clouddp certificate inspect service.pfx --as service --service-fqdn clouddp1.contoso.com
    """
    data = read_file(file, limit_bytes=CERTIFICATE_FILE_LIMIT_BYTES)
    if use is None and file.suffix.lower() not in (".pfx", ".p12"):
        _tell(describe_certificate(load_certificate(data, name=file.name)), as_json=as_json)
        return
    keyed = load_pfx(data, obtain_password(password_file), name=file.name)
    now = datetime.now(UTC)
    if use is Use.MANAGEMENT:
        check_management_certificate(keyed, now=now)
    if use is Use.SERVICE:
        check_service_certificate(keyed, service_fqdn=service_fqdn, now=now, accept_wildcard=accept_wildcard)
    _tell(describe_certificate(keyed.certificate), as_json=as_json)


def _open_authority(path: Path, password_file: Path | None, password: str) -> KeyedCertificate:
    data = read_file(path, limit_bytes=CERTIFICATE_FILE_LIMIT_BYTES)
    opened_with = password if password_file is None else obtain_password(password_file)
    keyed = load_pfx(data, opened_with, name=path.name)
    if not is_authority(keyed.certificate):
        raise InvalidInputError("certificate.not_an_authority", name=path.name)
    return keyed


def _files(keyed: KeyedCertificate, stem: Path, password: str) -> list[NewFile]:
    public = keyed.certificate.public_bytes(Encoding.DER)
    return [
        NewFile(path=stem.with_name(f"{stem.name}.cer"), content=public, is_private=False),
        NewFile(path=stem.with_name(f"{stem.name}.pfx"), content=to_pfx(keyed, password), is_private=True),
    ]


def _tell_made(keyed: KeyedCertificate, files: list[NewFile], *, as_json: bool) -> None:
    paths = {file.path.suffix.removeprefix("."): str(file.path) for file in files}
    _tell({**describe_certificate(keyed.certificate), "files": paths}, as_json=as_json)


def _tell(answer: Mapping[str, Any], *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(answer, ensure_ascii=False, indent=2))
        return
    language = chosen_language()
    for field, value in answer.items():
        if not value:
            continue
        label = translate(f"certificate.field_{field}", language=language)
        typer.echo(translate("certificate.line", {"label": label, "value": _in_words(value)}, language=language))


def _in_words(value: str | list[str] | Mapping[str, str]) -> str:
    if isinstance(value, str):
        return value
    return ", ".join(value.values() if isinstance(value, Mapping) else value)
