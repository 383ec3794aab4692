"""What makes a certificate unusable, and that all of it is said at once."""

from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from clouddp.model.errors import InvalidInputError
from clouddp.network.certificates import KeyedCertificate, chain_pem, key_pem, load_pfx
from clouddp.network.issuing import issue_management_certificate, issue_service_certificate
from clouddp.network.requirements import check_management_certificate, check_service_certificate
from tests.unit.network.certificate_builders import (
    CLIENT,
    FQDN,
    NOW,
    SERVER,
    authority,
    management,
    odd_certificate,
    rsa_key,
    service,
)
from tests.unit.network.openssl_command import make_key_and_certificate, make_pfx, needs_openssl


def faults_of_service(
    keyed: KeyedCertificate, *, fqdn: str | None = FQDN, accept_wildcard: bool = False
) -> dict[str, dict[str, object]]:
    with pytest.raises(InvalidInputError) as caught:
        check_service_certificate(keyed, service_fqdn=fqdn, now=NOW, accept_wildcard=accept_wildcard)
    return _faults(caught.value)


def faults_of_management(keyed: KeyedCertificate) -> dict[str, dict[str, object]]:
    with pytest.raises(InvalidInputError) as caught:
        check_management_certificate(keyed, now=NOW)
    return _faults(caught.value)


def _faults(error: InvalidInputError) -> dict[str, dict[str, object]]:
    assert error.code == "certificate.not_usable"
    return {fault.code.removeprefix("certificate."): dict(fault.arguments) for fault in error.faults}


def test_certificates_of_ours_are_accepted() -> None:
    check_management_certificate(management(), now=NOW)
    check_management_certificate(issue_management_certificate("x", now=NOW, authority=authority()), now=NOW)
    check_service_certificate(service(), service_fqdn=FQDN, now=NOW)
    check_service_certificate(service(), service_fqdn=None, now=NOW)


@pytest.mark.parametrize("curve", [ec.SECP256R1(), ec.SECP384R1()])
def test_an_elliptic_curve_key_is_accepted(curve: ec.EllipticCurve) -> None:
    key = ec.generate_private_key(curve)

    check_service_certificate(odd_certificate(key=key), service_fqdn=FQDN, now=NOW)
    check_management_certificate(odd_certificate(key=key, usages=()), now=NOW)


def test_a_certificate_for_both_usages_is_accepted_on_both_sides() -> None:
    keyed = odd_certificate(usages=(SERVER, CLIENT))

    check_service_certificate(keyed, service_fqdn=FQDN, now=NOW)
    check_management_certificate(keyed, now=NOW)


def test_an_expired_certificate_is_refused_with_its_last_day_in_utc() -> None:
    keyed = odd_certificate(starts=timedelta(days=-9), ends=timedelta(minutes=-1))

    assert faults_of_service(keyed) == {"expired": {"expired_at": "2026-11-23 11:59 UTC"}}


def test_a_certificate_is_good_to_its_last_second() -> None:
    check_service_certificate(odd_certificate(ends=timedelta(0)), service_fqdn=FQDN, now=NOW)
    check_service_certificate(odd_certificate(starts=timedelta(0)), service_fqdn=FQDN, now=NOW)


def test_a_certificate_of_the_future_is_refused_with_its_first_day_in_utc() -> None:
    keyed = odd_certificate(starts=timedelta(hours=1))

    assert faults_of_service(keyed) == {"not_yet_valid": {"valid_from": "2026-11-23 13:00 UTC"}}


def test_a_short_key_is_refused_for_both_uses() -> None:
    keyed = odd_certificate(key=rsa_key(1024), usages=(SERVER, CLIENT))

    assert faults_of_service(keyed) == {"key_too_short": {"bits": 1024, "needed": 2048}}
    assert faults_of_management(keyed) == {"key_too_short": {"bits": 1024, "needed": 2048}}


def test_a_curve_that_not_every_client_knows_is_refused() -> None:
    keyed = odd_certificate(key=ec.generate_private_key(ec.SECP256K1()))

    assert faults_of_service(keyed) == {"curve": {"curve": "secp256k1"}}


def test_a_key_of_another_certificate_is_refused() -> None:
    mixed = KeyedCertificate(service().certificate, management().key)

    assert faults_of_service(mixed) == {"key_of_another": {}}


def test_a_service_certificate_must_be_for_server_authentication() -> None:
    keyed = odd_certificate(usages=(ExtendedKeyUsageOID.CODE_SIGNING,))

    assert faults_of_service(keyed) == {"without_server_authentication": {}}
    assert faults_of_service(odd_certificate(usages=())) == {"without_server_authentication": {}}


def test_swapped_certificates_are_called_swapped() -> None:
    assert "management_given_as_service" in faults_of_service(management())
    assert faults_of_management(service()) == {"service_given_as_management": {}}


def test_the_certificate_of_the_authority_itself_serves_no_clients() -> None:
    faults = faults_of_service(authority())

    assert set(faults) == {"without_server_authentication", "is_authority", "without_host_names"}


def test_a_self_signed_service_certificate_is_refused() -> None:
    assert faults_of_service(odd_certificate(self_signed=True)) == {"self_signed": {}}


def test_a_key_usage_that_forbids_signatures_is_refused() -> None:
    usage = x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=True,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )

    assert faults_of_service(odd_certificate(extensions=(usage,))) == {"without_digital_signature": {}}


def test_a_host_that_the_certificate_does_not_cover_is_refused_with_those_it_covers() -> None:
    keyed = odd_certificate(hosts=(FQDN, "clouddp2.contoso.com"))

    assert faults_of_service(keyed, fqdn="clouddp3.contoso.com") == {
        "host_not_covered": {"fqdn": "clouddp3.contoso.com", "names": "clouddp1.contoso.com, clouddp2.contoso.com"}
    }


def test_a_host_name_in_the_subject_alone_is_not_enough() -> None:
    assert faults_of_service(odd_certificate(hosts=())) == {"without_host_names": {}}


def test_a_wildcard_is_an_error_unless_accepted() -> None:
    keyed = odd_certificate(common_name="*.contoso.com", hosts=("*.contoso.com",))

    assert faults_of_service(keyed) == {"wildcard": {"names": "*.contoso.com"}}
    check_service_certificate(keyed, service_fqdn=FQDN, now=NOW, accept_wildcard=True)


def test_an_accepted_wildcard_still_needs_the_name_of_one_host() -> None:
    keyed = odd_certificate(hosts=("*.contoso.com",))

    faults = faults_of_service(keyed, fqdn="*.contoso.com", accept_wildcard=True)
    assert faults == {"fqdn_is_wildcard": {"fqdn": "*.contoso.com"}}
    faults = faults_of_service(keyed, fqdn="a.b.contoso.com", accept_wildcard=True)
    assert faults == {"host_not_covered": {"fqdn": "a.b.contoso.com", "names": "*.contoso.com"}}


def test_a_wildcard_of_our_own_making_is_one() -> None:
    keyed = issue_service_certificate(["*.contoso.com"], authority=authority(), now=NOW)

    assert set(faults_of_service(keyed)) == {"wildcard"}


def test_everything_that_is_wrong_is_said_at_once() -> None:
    keyed = odd_certificate(
        key=rsa_key(1024), ends=timedelta(hours=-1), hosts=("*.fabrikam.com",), usages=(), self_signed=True
    )

    assert set(faults_of_service(keyed)) == {
        "expired",
        "key_too_short",
        "without_server_authentication",
        "self_signed",
        "host_not_covered",
        "wildcard",
    }


def test_a_certificate_without_common_name_is_named_by_its_thumbprint() -> None:
    keyed = odd_certificate(common_name="", key=rsa_key(1024))

    with pytest.raises(InvalidInputError) as caught:
        check_service_certificate(keyed, service_fqdn=FQDN, now=NOW)
    assert caught.value.arguments == {"name": keyed.thumbprint}


@needs_openssl
def test_a_sha1_signature_of_an_authority_is_refused(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_bytes(chain_pem(authority()) + key_pem(authority()))
    extensions = ("-addext", "extendedKeyUsage=serverAuth,clientAuth", "-addext", f"subjectAltName=DNS:{FQDN}")
    issued_by = ("-CA", "ca.pem", "-CAkey", "ca.pem", "-addext", "basicConstraints=critical,CA:FALSE")
    make_key_and_certificate(tmp_path, "-sha1", *issued_by, *extensions)
    keyed = load_pfx(make_pfx(tmp_path, "-inkey", "key.pem"), "secret", name="out.pfx")
    now = keyed.certificate.not_valid_before_utc

    for check in (
        partial(check_service_certificate, keyed, service_fqdn=FQDN, now=now),
        partial(check_management_certificate, keyed, now=now),
    ):
        with pytest.raises(InvalidInputError) as caught:
            check()
        assert _faults(caught.value) == {"weak_signature": {"algorithm": "SHA1"}}


@needs_openssl
def test_a_self_signed_management_certificate_of_openssl_is_accepted_whatever_hash_signed_it(tmp_path: Path) -> None:
    make_key_and_certificate(tmp_path, "-sha1")
    keyed = load_pfx(make_pfx(tmp_path, "-inkey", "key.pem"), "secret", name="out.pfx")
    now = keyed.certificate.not_valid_before_utc

    check_management_certificate(keyed, now=now)
    with pytest.raises(InvalidInputError) as caught:
        check_service_certificate(keyed, service_fqdn=FQDN, now=now)
    assert set(_faults(caught.value)) == {"management_given_as_service", "is_authority", "without_host_names"}
