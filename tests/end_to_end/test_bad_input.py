"""What people get wrong: a message that says what to do, the right exit code, and nothing changed."""

import socket
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from clouddp.network.certificates import KeyedCertificate, to_quick_pfx
from clouddp.network.issuing import issue_management_certificate, issue_service_certificate
from tests.end_to_end.installation import PASSWORD, SERVICE_FQDN, Installation, pfx

BUSY_FQDN = "taken.contoso.com"
UNKNOWN_SUBSCRIPTION = "00000000-1111-2222-3333-444444444444"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """One installation for all: what changes nothing needs no fresh one."""
    made = Installation(tmp_path_factory.mktemp("installation"))
    made.begin()
    now = datetime.now(UTC)
    certificate = issue_service_certificate([BUSY_FQDN], authority=made.authority, now=now)
    made.api.post("/cloud-distribution-points", made.wanted(service_certificate=pfx(certificate)))
    yield made
    made.close()


def service_like(installation: Installation, **changes: Any) -> KeyedCertificate:
    """Make a service certificate with something wrong."""
    wanted: dict[str, Any] = {
        "bits": 2048,
        "usage": ExtendedKeyUsageOID.SERVER_AUTH,
        "starts": -10,
        "ends": 100,
        "host": SERVICE_FQDN,
    }
    wanted |= changes
    now = datetime.now(UTC)
    key = rsa.generate_private_key(public_exponent=65537, key_size=wanted["bits"])
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, wanted["host"])]))
        .issuer_name(installation.authority.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + timedelta(days=wanted["starts"]))
        .not_valid_after(now + timedelta(days=wanted["ends"]))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(wanted["host"])]), critical=False)
        .add_extension(x509.ExtendedKeyUsage([wanted["usage"]]), critical=False)
    )
    return KeyedCertificate(builder.sign(installation.authority.key, hashes.SHA256()), key)


def without_key(keyed: KeyedCertificate) -> bytes:
    encryption = serialization.BestAvailableEncryption(PASSWORD.encode())
    return pkcs12.serialize_key_and_certificates(b"x", None, keyed.certificate, None, encryption)


def create(installation: Installation, folder: Path, *, expected: int, **changes: Any) -> dict[str, Any]:
    """Try `clouddp cloud-dp create` with one thing wrong; what it tells."""
    service = changes.get("service", to_quick_pfx(installation.service, PASSWORD))
    management = changes.get("management", to_quick_pfx(installation.management, PASSWORD))
    files = {"service.pfx": service, "management.pfx": management}
    for name, content in files.items():
        (folder / name).write_bytes(content)
    (folder / "password.txt").write_text(changes.get("password", PASSWORD), encoding="utf-8")
    options = {
        "--management-url": installation.fabric["management_url"],
        "--cloud-ca-file": installation.fabric["ca_file"],
        "--subscription-id": changes.get("subscription", installation.fabric["subscription_id"]),
        "--management-certificate": str(folder / "management.pfx"),
        "--service-certificate": str(folder / "service.pfx"),
        "--password-file": str(folder / "password.txt"),
        "--region": changes.get("region", "North Europe"),
        "--service-fqdn": changes.get("fqdn", SERVICE_FQDN),
    }
    arguments = [word for option in options.items() for word in option]
    return installation.run("cloud-dp", "create", *arguments, expected=expected)


def codes(told: dict[str, Any]) -> set[str]:
    found = {told["code"]}
    for fault in told.get("faults", ()):
        found |= codes(fault)
    return found


def next_steps(told: dict[str, Any]) -> list[str]:
    own = [told["next_step"]] if told.get("next_step") else []
    return own + [step for fault in told.get("faults", ()) for step in next_steps(fault)]


Wrong = Callable[[Installation], dict[str, Any]]

WRONG: list[tuple[str, Wrong, str]] = [
    ("password", lambda _: {"password": "wrong"}, "certificate.pfx_password"),
    ("broken file", lambda _: {"service": b"this is no .pfx"}, "certificate.pfx_unreadable"),
    ("half a file", lambda i: {"service": to_quick_pfx(i.service, PASSWORD)[:500]}, "certificate.pfx_cut_short"),
    ("no private key", lambda i: {"service": without_key(i.service)}, "certificate.without_key"),
    (
        "no server authentication",
        lambda i: {"service": to_quick_pfx(service_like(i, usage=ExtendedKeyUsageOID.CODE_SIGNING), PASSWORD)},
        "certificate.without_server_authentication",
    ),
    ("expired", lambda i: {"service": to_quick_pfx(service_like(i, ends=-1), PASSWORD)}, "certificate.expired"),
    (
        "short key",
        lambda i: {"service": to_quick_pfx(service_like(i, bits=1024), PASSWORD)},
        "certificate.key_too_short",
    ),
    ("other host", lambda _: {"fqdn": "other.contoso.com"}, "certificate.host_not_covered"),
    (
        "name in use",
        lambda i: {"fqdn": BUSY_FQDN.upper(), "service": to_quick_pfx(service_like(i, host=BUSY_FQDN), PASSWORD)},
        "cloud.fqdn_in_use",
    ),
    ("region", lambda _: {"region": "Atlantis"}, "cloud.region_unknown"),
]


@pytest.mark.parametrize(("wrong", "code"), [case[1:] for case in WRONG], ids=[case[0] for case in WRONG])
def test_a_creation_that_cannot_succeed_is_refused_before_anything_is_made(
    shared: Installation, tmp_path: Path, wrong: Wrong, code: str
) -> None:
    before = shared.api.get("/cloud-distribution-points")

    told = create(shared, tmp_path, expected=2, **wrong(shared))

    assert code in codes(told)
    assert next_steps(told)
    assert shared.api.get("/cloud-distribution-points")[0]["id"] == before[0]["id"]
    assert len(shared.api.get("/cloud-distribution-points")) == 1


def test_all_faults_are_told_at_once(shared: Installation, tmp_path: Path) -> None:
    certificate = to_quick_pfx(
        service_like(shared, ends=-1, bits=1024, usage=ExtendedKeyUsageOID.CODE_SIGNING), PASSWORD
    )

    told = create(shared, tmp_path, expected=2, service=certificate, region="Atlantis", fqdn="other.contoso.com")

    assert codes(told) >= {
        "certificate.expired",
        "certificate.key_too_short",
        "certificate.without_server_authentication",
        "certificate.host_not_covered",
        "cloud.region_unknown",
    }


@pytest.mark.parametrize("what", ["certificate", "subscription"])
def test_what_the_cloud_does_not_know_is_shown_with_where_to_look(
    shared: Installation, tmp_path: Path, what: str
) -> None:
    """The cloud does not tell which of the two it is, so both are shown."""
    stranger = issue_management_certificate("Stranger", now=datetime.now(UTC))
    changes: dict[str, Any] = {"certificate": {"management": to_quick_pfx(stranger, PASSWORD)}}.get(
        what, {"subscription": UNKNOWN_SUBSCRIPTION}
    )

    told = create(shared, tmp_path, expected=2, **changes)

    assert "cloud.certificate_not_known" in codes(told)
    text = str(told)
    assert (stranger if what == "certificate" else shared.management).thumbprint in text
    assert changes.get("subscription", shared.fabric["subscription_id"]) in text
    assert "Management Certificates" in text


def test_a_source_folder_that_is_not_there_or_empty_makes_no_package(shared: Installation, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()

    missing = shared.run("content", "add", str(tmp_path / "missing"), "--name", "x", expected=2)
    empty = shared.run("content", "add", str(tmp_path / "empty"), "--name", "x", expected=2)

    assert missing["code"] == "content.source_missing"
    assert empty["code"] == "content.source_empty"
    assert shared.api.get("/packages") == []


def test_a_second_site_server_on_the_same_directory_is_refused(shared: Installation) -> None:
    told = shared.run("site", "run", expected=1)

    assert told["code"] == "site.already_running"
    assert str(shared.processes["site"].pid) in told["text"]


def test_a_second_site_in_the_same_directory_is_refused(shared: Installation) -> None:
    told = shared.run("site", "init", expected=1)

    assert told["code"] == "site.already_running"


def test_a_port_in_use_is_named(installation: Installation) -> None:
    installation.run("site", "init", "--authority", str(installation.authority_file))
    settings = (installation.home / "site" / "site.json").read_text(encoding="utf-8")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        told = installation.run("site", "init", "--admin-port", str(port), expected=1)
        other = {"CLOUDDP_HOME": str(installation.home / "other")}
        told_of_port = installation.run("site", "init", "--admin-port", str(port), expected=1, environment=other)

    assert told["code"] == "site.exists_already"
    assert told_of_port["code"] == "server.port_in_use"
    assert str(port) in told_of_port["text"]
    assert (installation.home / "site" / "site.json").read_text(encoding="utf-8") == settings
    assert not (installation.home / "other" / "site" / "site.json").exists()


def test_a_site_that_others_can_read_does_not_start(installation: Installation) -> None:
    installation.run("site", "init", "--authority", str(installation.authority_file))
    (installation.home / "site").chmod(0o755)

    told = installation.run("site", "run", expected=2)

    assert told["code"] == "database.key_readable_by_others"
    assert str(installation.home / "site") in told["text"]
