"""The fabric's own authority is made once, and issues what the endpoints' clients accept."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509

from clouddp.fabric.authority import Authority
from clouddp.fabric.state import open_state
from clouddp.model.errors import DamagedError

NOW = datetime.now(UTC)


def open_authority(root: Path) -> Authority:
    return Authority(open_state(root), now=lambda: NOW)


def names_of(certificate: x509.Certificate) -> tuple[list[str], list[str]]:
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return names.get_values_for_type(x509.DNSName), [str(each) for each in names.get_values_for_type(x509.IPAddress)]


def test_the_authority_stays_and_its_key_is_the_owners_alone(tmp_path: Path) -> None:
    before = open_authority(tmp_path).ca_file.read_bytes()

    after = open_authority(tmp_path).ca_file.read_bytes()

    assert before == after
    assert b"PRIVATE" not in before
    assert (tmp_path / "authority.pem").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("host", "names", "addresses"),
    [
        ("127.0.0.1", ["localhost"], ["127.0.0.1"]),
        ("127.0.0.9", ["localhost"], ["127.0.0.1", "127.0.0.9"]),
        ("::1", ["localhost"], ["127.0.0.1", "::1"]),
        ("cloud.contoso.com", ["cloud.contoso.com", "localhost"], ["127.0.0.1"]),
        ("localhost", ["localhost"], ["127.0.0.1"]),
    ],
)
def test_an_endpoints_certificate_is_for_its_host(
    tmp_path: Path, host: str, names: list[str], addresses: list[str]
) -> None:
    authority = open_authority(tmp_path)

    issued = authority.issue_endpoint_certificate(host)

    assert names_of(issued.certificate) == (names, addresses)
    ca = x509.load_pem_x509_certificate(authority.ca_file.read_bytes())
    issued.certificate.verify_directly_issued_by(ca)
    assert issued.certificate.not_valid_before_utc <= NOW < issued.certificate.not_valid_after_utc


@pytest.mark.parametrize("content", [b"", b"nonsense", b"-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n"])
def test_a_damaged_authority_is_named_and_left(tmp_path: Path, content: bytes) -> None:
    open_authority(tmp_path)
    (tmp_path / "authority.pem").write_bytes(content)

    with pytest.raises(DamagedError) as caught:
        open_authority(tmp_path)

    assert caught.value.arguments["path"] == tmp_path / "authority.pem"
    assert (tmp_path / "authority.pem").read_bytes() == content
