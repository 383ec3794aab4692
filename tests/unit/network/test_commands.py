"""`clouddp certificate` as an administrator uses it."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import IO, Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from typer.testing import CliRunner, Result

from clouddp.network.certificates import certificate_pem, load_pfx, to_pfx
from clouddp.network.commands import app
from tests.unit.network.certificate_builders import odd_certificate, service
from tests.unit.network.openssl_command import needs_openssl, openssl

FQDN = "clouddp1.contoso.com"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in, with a password in the environment."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CLOUDDP_PASSWORD", "secret")
    monkeypatch.setenv("CLOUDDP_LANG", "en")
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def answer(*arguments: str) -> dict[str, Any]:
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.output
    return dict(json.loads(result.stdout))


def refusal(*arguments: str) -> tuple[int, str]:
    result = run(*arguments, "--json")
    return result.exit_code, str(json.loads(result.stderr)["code"]).removeprefix("certificate.")


def make_authority_file() -> None:
    answer("new-authority", "Contoso CA")


@needs_openssl
def test_an_organisation_gets_its_certificates(folder: Path) -> None:
    make_authority_file()
    answer("new-management", "Contoso management")
    made = answer("new-service", FQDN, "clouddp2.contoso.com", "--authority", "authority.pfx", "--folder", "out")

    assert made["host_names"] == [FQDN, "clouddp2.contoso.com"]
    assert made["files"] == {"cer": "out/service.cer", "pfx": "out/service.pfx"}
    openssl("x509", "-inform", "der", "-in", "out/service.cer", "-out", "service.pem", folder=folder)
    assert b"OK" in openssl("verify", "-x509_strict", "-CAfile", "authority.pem", "service.pem", folder=folder)
    assert load_pfx((folder / "out/service.pfx").read_bytes(), "secret", name="x").thumbprint == made["thumbprint"]


def test_private_files_are_for_their_owner_alone(folder: Path) -> None:
    make_authority_file()

    assert stat.S_IMODE((folder / "authority.pfx").stat().st_mode) == 0o600
    assert sorted(path.name for path in folder.iterdir()) == ["authority.cer", "authority.pem", "authority.pfx"]
    assert b"PRIVATE" not in (folder / "authority.pem").read_bytes()


def test_what_is_there_is_not_overwritten_unless_told(folder: Path) -> None:
    make_authority_file()
    before = {path: path.read_bytes() for path in folder.iterdir()}

    assert refusal("new-authority", "Contoso CA") == (1, "file_exists")
    (folder / "authority.pfx").unlink()
    assert refusal("new-authority", "Contoso CA") == (1, "file_exists")

    assert not (folder / "authority.pfx").exists()
    assert all(path.read_bytes() == content for path, content in before.items() if path.exists())
    answer("new-authority", "Contoso CA", "--force")
    assert (folder / "authority.pem").read_bytes() != before[folder / "authority.pem"]


def test_a_folder_that_cannot_be_made_is_named(folder: Path) -> None:
    (folder / "taken").write_bytes(b"")

    assert refusal("new-authority", "Contoso CA", "--folder", "taken/below") == (1, "file_not_written")


def test_a_management_certificate_may_be_issued_by_an_authority_with_a_password_of_its_own(folder: Path) -> None:
    (folder / "authority.txt").write_text("other\r\n")
    answer("new-authority", "Contoso CA", "--password-file", "authority.txt")

    wanted = ("new-management", "Contoso management", "--authority", "authority.pfx")
    assert refusal(*wanted) == (2, "pfx_password")
    made = answer(*wanted, "--authority-password-file", "authority.txt")

    assert made["issuer"] == "CN=Contoso CA"
    assert made["enhanced_key_usages"] == ["1.3.6.1.5.5.7.3.2"]


def test_a_certificate_that_is_no_authority_issues_nothing(folder: Path) -> None:
    (folder / "service.pfx").write_bytes(to_pfx(service(), "secret"))

    result = refusal("new-service", FQDN, "--authority", "service.pfx", "--name", "new")

    assert result == (2, "not_an_authority")
    assert [path.name for path in folder.iterdir()] == ["service.pfx"]


def test_inspect_shows_what_a_certificate_says(folder: Path) -> None:
    (folder / "service.cer").write_bytes(service().certificate.public_bytes(Encoding.DER))
    (folder / "service.pfx").write_bytes(to_pfx(service(), "secret"))

    shown = answer("inspect", "service.pfx")

    assert shown == answer("inspect", "service.cer")
    assert shown["thumbprint"] == service().thumbprint
    assert (shown["key"], shown["signature"], shown["host_names"]) == ("RSA 2048", "SHA256", [FQDN])


def test_inspect_says_everything_that_keeps_a_certificate_from_being_used(folder: Path) -> None:
    (folder / "odd.pfx").write_bytes(to_pfx(odd_certificate(hosts=(), usages=()), "secret"))

    result = run("inspect", "odd.pfx", "--as", "service", "--service-fqdn", FQDN, "--json")

    assert result.exit_code == 2
    faults = [fault["code"] for fault in json.loads(result.stderr)["faults"]]
    assert faults == ["certificate.management_given_as_service", "certificate.without_host_names"]


def test_inspect_finds_a_fresh_certificate_usable(folder: Path) -> None:
    make_authority_file()
    answer("new-service", FQDN, "--authority", "authority.pfx")
    answer("new-management", "Contoso management")

    answer("inspect", "service.pfx", "--as", "service", "--service-fqdn", FQDN)
    answer("inspect", "management.pfx", "--as", "management")
    assert refusal("inspect", "management.pfx", "--as", "service") == (2, "not_usable")
    assert refusal("inspect", "service.pfx", "--as", "management") == (2, "not_usable")


def test_a_person_reads_it_in_french(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLOUDDP_LANG", "fr")
    (folder / "service.cer").write_bytes(certificate_pem(service().certificate))

    shown = run("inspect", "service.cer").stdout
    missing = run("inspect", "absent.cer")

    assert f"Empreinte numérique\N{NO-BREAK SPACE}: {service().thumbprint}" in shown
    assert missing.exit_code == 3
    assert "n’existe pas" in missing.stderr


@pytest.mark.parametrize(
    ("arguments", "refused"),
    [
        (("inspect", "absent.pfx"), (3, "file_missing")),
        (("inspect", "."), (2, "file_unreadable")),
        (("inspect", "text.cer"), (2, "unreadable")),
        (("inspect", "text.pfx"), (2, "pfx_unreadable")),
        (("inspect", "large.pfx"), (2, "too_large")),
        (("new-authority", "x" * 65), (2, "common_name_length")),
        (("new-authority", "x", "--password-file", "absent.txt"), (3, "file_missing")),
        (("new-authority", "x", "--password-file", "empty.txt"), (2, "password_missing")),
        (("new-authority", "x", "--password-file", "binary.txt"), (2, "password_file_not_text")),
        (("new-authority", "x", "--password-file", "large.pfx"), (2, "too_large")),
        (("new-service", "a b", "--authority", "absent.pfx"), (3, "file_missing")),
    ],
)
def test_bad_input_is_refused_and_nothing_is_written(
    folder: Path, arguments: tuple[str, ...], refused: tuple[int, str]
) -> None:
    given = {"text.cer": b"text", "text.pfx": b"text", "empty.txt": b"\n", "binary.txt": b"\xff\xfe"}
    for name, content in {**given, "large.pfx": bytes(300_000)}.items():
        (folder / name).write_bytes(content)

    assert refusal(*arguments) == refused
    assert {path.name for path in folder.iterdir()} == {*given, "large.pfx"}


def test_no_password_at_all_is_said_where_nobody_can_be_asked(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CLOUDDP_PASSWORD")

    assert refusal("new-authority", "Contoso CA") == (2, "password_missing")
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("command", ["new-authority", "new-management", "new-service", "inspect"])
def test_help_shows_an_example_and_no_password_among_the_arguments(command: str) -> None:
    shown = run(command, "--help").stdout

    assert f"Example:\n  clouddp certificate {command} " in shown
    assert "--password " not in shown


def test_a_new_password_is_asked_for_twice_at_a_terminal_and_never_shown(folder: Path) -> None:
    pty = pytest.importorskip("pty", reason="there are no pseudo terminals on this system")
    terminal, side = pty.openpty()
    environment = {name: value for name, value in os.environ.items() if name != "CLOUDDP_PASSWORD"}
    command = [sys.executable, "-c", "from clouddp.network.commands import app; app()", "new-authority", "Contoso CA"]

    with subprocess.Popen(
        command,
        bufsize=0,
        env=environment,
        start_new_session=True,  # else the terminal of whoever runs this test would be asked
        stdin=side,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        for _ in range(2):
            read_until(process.stderr, b": ")  # what is typed before the prompt is dropped
            os.write(terminal, b"hush\n")
        stdout, stderr = process.communicate(timeout=30)
    os.close(terminal)
    os.close(side)

    assert process.returncode == 0, stderr.decode()
    assert b"hush" not in stdout + stderr
    load_pfx((folder / "authority.pfx").read_bytes(), "hush", name="authority.pfx")


def read_until(stream: IO[bytes] | None, end: bytes) -> None:
    assert stream is not None
    seen = b""
    while not seen.endswith(end):
        byte = stream.read(1)
        assert byte, seen.decode()
        seen += byte
