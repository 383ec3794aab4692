"""Reading, writing and naming certificates."""

import ssl
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, pkcs12
from hypothesis import given, settings
from hypothesis import strategies as st

from clouddp.model.errors import InvalidInputError
from clouddp.network.certificates import (
    CERTIFICATE_FILE_LIMIT_BYTES,
    KeyedCertificate,
    certificate_pem,
    chain_pem,
    covers_host,
    key_pem,
    load_certificate,
    load_known_pem,
    load_pfx,
    to_pfx,
)
from clouddp.network.requirements import check_service_certificate
from clouddp.network.tls import client_context, server_context
from tests.unit.network.certificate_builders import FQDN, NOW, authority, management, odd_certificate, service
from tests.unit.network.openssl_command import (
    has_legacy_algorithms,
    make_key_and_certificate,
    make_pfx,
    needs_openssl,
    openssl,
)


def code_of(data: bytes, opened_with: str = "secret") -> str:
    with pytest.raises(InvalidInputError) as caught:
        load_pfx(data, opened_with, name="given.pfx")
    assert caught.value.arguments["name"] == "given.pfx"
    return caught.value.code


def test_a_pfx_file_opens_with_its_password_and_holds_certificate_key_and_chain() -> None:
    opened = load_pfx(to_pfx(service(), "päss word"), "päss word", name="service.pfx")

    assert opened.certificate == service().certificate
    assert key_pem(opened) == key_pem(service())
    assert opened.chain == (authority().certificate,)


def test_a_wrong_password_is_told_apart_from_a_broken_file() -> None:
    pfx = to_pfx(management(), "secret")

    assert code_of(pfx, "wrong") == "certificate.pfx_password"
    assert code_of(pfx, "") == "certificate.pfx_password"
    assert code_of(pfx[:-1]) == "certificate.pfx_cut_short"
    assert code_of(pfx[:1000]) == "certificate.pfx_cut_short"
    assert code_of(b"\x00" + pfx) == "certificate.pfx_unreadable"


@pytest.mark.parametrize(
    "data", [b"", b"0", b"\x30\x80", b"\x30\x00", b"\x30\x89" + b"\x01" * 20, b"MZ\x90\x00", b"{}"]
)
def test_something_that_is_no_pfx_file_is_called_so(data: bytes) -> None:
    assert code_of(data) == "certificate.pfx_unreadable"


def test_a_certificate_given_as_pfx_lacks_its_private_key() -> None:
    certificate = management().certificate

    assert code_of(certificate.public_bytes(Encoding.DER)) == "certificate.without_key"
    assert code_of(certificate_pem(certificate)) == "certificate.without_key"


def test_a_pfx_file_with_certificates_alone_lacks_the_private_key() -> None:
    pfx = pkcs12.serialize_key_and_certificates(
        None, None, None, [management().certificate], BestAvailableEncryption(b"secret")
    )

    assert code_of(pfx) == "certificate.without_key"


def test_a_pfx_file_with_a_key_alone_lacks_the_certificate() -> None:
    pfx = pkcs12.serialize_key_and_certificates(None, management().key, None, None, BestAvailableEncryption(b"secret"))

    assert code_of(pfx) == "certificate.pfx_without_certificate"


@needs_openssl
def test_a_key_of_a_kind_that_few_clients_know_is_refused(tmp_path: Path) -> None:
    make_key_and_certificate(tmp_path, "-newkey", "ed25519")

    assert code_of(make_pfx(tmp_path, "-inkey", "key.pem")) == "certificate.key_kind"


def test_a_pem_file_with_a_key_says_how_it_becomes_a_pfx_file() -> None:
    assert code_of(chain_pem(service()) + key_pem(service())) == "certificate.pem_not_pfx"


def test_a_file_beyond_the_limit_is_not_looked_at() -> None:
    too_large = b"\x30" * (CERTIFICATE_FILE_LIMIT_BYTES + 1)

    assert code_of(too_large) == "certificate.too_large"
    with pytest.raises(InvalidInputError, match=r"certificate\.too_large"):
        load_certificate(too_large, name="large.cer")


def test_a_pfx_file_is_not_written_without_a_password() -> None:
    with pytest.raises(InvalidInputError, match=r"certificate\.password_missing"):
        to_pfx(management(), "")


@settings(deadline=None)
@given(data=st.binary(max_size=200))
def test_random_bytes_are_refused_as_our_error(data: bytes) -> None:
    code_of(data)
    with pytest.raises(InvalidInputError):
        load_certificate(data, name="random.cer")


@pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")
@settings(deadline=None)
@given(place=st.integers(min_value=0, max_value=10**6), bit=st.integers(min_value=0, max_value=7))
def test_a_damaged_certificate_is_judged_or_refused_and_nothing_else(place: int, bit: int) -> None:
    damaged = bytearray(service().certificate.public_bytes(Encoding.DER))
    damaged[place % len(damaged)] ^= 1 << bit

    try:
        certificate = load_certificate(bytes(damaged), name="damaged.cer")
        check_service_certificate(KeyedCertificate(certificate, service().key), service_fqdn=FQDN, now=NOW)
    except InvalidInputError:
        return
    assert covers_host(certificate, FQDN)


@pytest.mark.parametrize("encoding", [Encoding.DER, Encoding.PEM])
def test_a_cer_file_is_read_in_both_forms(encoding: Encoding) -> None:
    data = management().certificate.public_bytes(encoding)

    assert load_certificate(data, name="management.cer") == management().certificate


def test_the_thumbprint_is_forty_upper_case_digits() -> None:
    thumbprint = management().thumbprint

    assert len(thumbprint) == 40
    assert set(thumbprint) <= set("0123456789ABCDEF")


def test_a_certificate_without_subject_has_an_empty_common_name() -> None:
    assert odd_certificate(common_name="").subject_common_name == ""


@pytest.mark.parametrize("host", [FQDN, "CLOUDDP1.Contoso.COM", "clouddp1.contoso.com."])
def test_a_name_covers_its_host_without_regard_to_case_or_final_dot(host: str) -> None:
    assert covers_host(service().certificate, host)


@pytest.mark.parametrize("host", ["contoso.com", "x.clouddp1.contoso.com", "clouddp2.contoso.com", "", "127.0.0.1"])
def test_a_name_covers_no_other_host(host: str) -> None:
    assert not covers_host(service().certificate, host)


@pytest.mark.parametrize(
    ("pattern", "host", "covered"),
    [
        ("*.contoso.com", "clouddp1.contoso.com", True),
        ("*.CONTOSO.com", "CLOUDDP1.contoso.com", True),
        ("*.contoso.com", "a.b.contoso.com", False),
        ("*.contoso.com", "contoso.com", False),
        ("*.contoso.com", ".contoso.com", False),
        ("cloud*.contoso.com", "clouddp1.contoso.com", False),
        ("*dp1.contoso.com", "clouddp1.contoso.com", False),
        ("clouddp1.*.com", "clouddp1.contoso.com", False),
        ("*.*.com", "clouddp1.contoso.com", False),
        ("*.com", "contoso.com", False),
        ("*", "contoso", False),
        ("*.0.0.1", "127.0.0.1", False),
    ],
)
def test_a_wildcard_stands_for_one_whole_left_most_label(pattern: str, host: str, *, covered: bool) -> None:
    assert covers_host(odd_certificate(hosts=(pattern,)).certificate, host) is covered


@pytest.mark.parametrize("pattern", [FQDN, "*.contoso.com", "cloud*.contoso.com", "*.*.com", "clouddp1.*.com", "*.com"])
def test_a_host_is_covered_exactly_where_a_tls_client_says_so(pattern: str) -> None:
    keyed = odd_certificate(common_name="", hosts=(pattern,))

    for host in (FQDN, "CLOUDDP1.contoso.com", "a.b.contoso.com", "contoso.com", "clouddp2.contoso.com"):
        assert covers_host(keyed.certificate, host) is shakes_hands(keyed, host), host


def shakes_hands(keyed: KeyedCertificate, host: str) -> bool:
    """Let a client and a server meet in memory and say whether the client accepts the certificate for the host."""
    context = client_context(authorities_pem=certificate_pem(authority().certificate).decode())
    context.verify_flags |= ssl.VerifyFlags(0x200000)  # X509_V_FLAG_NO_CHECK_TIME: the test's clock stands still
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = context.wrap_bio(to_client, to_server, server_hostname=host)
    server = server_context(keyed).wrap_bio(to_server, to_client, server_side=True)
    for side in (client, server, client):
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            continue
        except ssl.SSLCertVerificationError:
            return False
    return True


def test_the_common_name_alone_covers_no_host() -> None:
    assert not covers_host(odd_certificate(common_name=FQDN, hosts=()).certificate, FQDN)


@needs_openssl
@pytest.mark.parametrize(
    "options",
    [
        pytest.param((), id="AES-256, as OpenSSL 3 writes it"),
        pytest.param(("-keypbe", "PBE-SHA1-3DES", "-certpbe", "PBE-SHA1-3DES", "-macalg", "sha1"), id="3DES"),
        pytest.param(("-keypbe", "AES-128-CBC", "-certpbe", "NONE"), id="certificate in the clear"),
        pytest.param(("-nomac",), id="without MAC"),
    ],
)
def test_a_pfx_file_of_openssl_opens(tmp_path: Path, options: tuple[str, ...]) -> None:
    make_key_and_certificate(tmp_path)
    pfx = make_pfx(tmp_path, "-inkey", "key.pem", *options)

    opened = load_pfx(pfx, "secret", name="out.pfx")

    assert opened.subject_common_name == FQDN
    assert key_pem(opened) == (tmp_path / "key.pem").read_bytes()
    assert code_of(pfx, "wrong") == "certificate.pfx_password"


@needs_openssl
def test_a_pfx_file_of_an_old_windows_opens(tmp_path: Path) -> None:
    make_key_and_certificate(tmp_path)
    if not has_legacy_algorithms(tmp_path):
        pytest.skip("this openssl is without RC2")

    opened = load_pfx(make_pfx(tmp_path, "-inkey", "key.pem", "-legacy"), "secret", name="out.pfx")

    assert opened.subject_common_name == FQDN


@needs_openssl
def test_a_pfx_file_without_password_opens_with_an_empty_one(tmp_path: Path) -> None:
    make_key_and_certificate(tmp_path)

    opened = load_pfx(make_pfx(tmp_path, "-inkey", "key.pem", "-passout", "pass:"), "", name="out.pfx")

    assert opened.subject_common_name == FQDN


@needs_openssl
def test_openssl_opens_a_pfx_file_of_ours(tmp_path: Path) -> None:
    (tmp_path / "ours.pfx").write_bytes(to_pfx(service(), "secret"))

    shown = openssl("pkcs12", "-in", "ours.pfx", "-passin", "pass:secret", "-nodes", folder=tmp_path)

    assert shown.count(b"BEGIN CERTIFICATE") == 2
    assert b"BEGIN PRIVATE KEY" in shown


@needs_openssl
def test_issuers_are_put_in_order_and_strangers_left_out(tmp_path: Path) -> None:
    make_key_and_certificate(tmp_path)
    (tmp_path / "leaf.pem").write_bytes(certificate_pem(service().certificate) + key_pem(service()))
    others = certificate_pem(management().certificate) + certificate_pem(authority().certificate)
    (tmp_path / "others.pem").write_bytes(others)
    output = ("-out", "out.pfx", "-passout", "pass:secret")
    openssl("pkcs12", "-export", "-in", "leaf.pem", "-certfile", "others.pem", *output, folder=tmp_path)

    opened = load_pfx((tmp_path / "out.pfx").read_bytes(), "secret", name="out.pfx")

    assert opened.certificate == service().certificate
    assert opened.chain == (authority().certificate,)


def test_what_was_written_as_pem_opens_with_its_chain() -> None:
    opened = load_known_pem(key_pem(service()) + chain_pem(service()))

    assert opened.certificate == service().certificate
    assert opened.chain == service().chain
    assert opened.key.private_numbers() == service().key.private_numbers()
