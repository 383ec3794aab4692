"""Certificates that we make."""

import ipaddress
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from clouddp.model.errors import InvalidInputError
from clouddp.network.certificates import KeyedCertificate, host_names
from clouddp.network.issuing import (
    issue_endpoint_certificate,
    issue_management_certificate,
    issue_service_certificate,
    make_authority,
)
from tests.unit.network.certificate_builders import CLIENT, FQDN, NOW, SERVER, authority, management, service


def test_an_authority_may_issue_end_certificates_and_no_further_authorities() -> None:
    constraints = authority().certificate.extensions.get_extension_for_class(x509.BasicConstraints)

    assert constraints.critical
    assert constraints.value.ca
    assert constraints.value.path_length == 0


def test_a_service_certificate_is_issued_by_the_authority_and_carries_it_as_chain() -> None:
    service().certificate.verify_directly_issued_by(authority().certificate)

    assert service().chain == (authority().certificate,)


def test_a_service_certificate_has_its_names_as_subject_and_as_alternative_names() -> None:
    names = service().certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value

    assert service().subject_common_name == FQDN
    assert host_names(service().certificate) == (FQDN,)
    assert names.get_values_for_type(x509.IPAddress) == [ipaddress.ip_address("127.0.0.1")]


@pytest.mark.parametrize(("made", "usage"), [(service(), SERVER), (management(), CLIENT)])
def test_an_end_certificate_is_for_one_use_with_rsa_2048_and_sha256(
    made: KeyedCertificate, usage: x509.ObjectIdentifier
) -> None:
    usages = made.certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value

    assert list(usages) == [usage]
    assert isinstance(made.key, rsa.RSAPrivateKey)
    assert made.key.key_size == 2048
    assert isinstance(made.certificate.signature_hash_algorithm, hashes.SHA256)


def test_the_certificate_of_an_endpoint_has_a_p256_key_that_signs_and_does_nothing_else() -> None:
    made = issue_endpoint_certificate([], authority=authority(), now=NOW, addresses=["127.0.0.1"])
    usage = made.certificate.extensions.get_extension_for_class(x509.KeyUsage).value

    assert isinstance(made.key, ec.EllipticCurvePrivateKey)
    assert (usage.digital_signature, usage.key_encipherment) == (True, False)
    assert list(made.certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value) == [SERVER]
    made.certificate.verify_directly_issued_by(authority().certificate)


def test_a_management_certificate_without_authority_signs_itself() -> None:
    management().certificate.verify_directly_issued_by(management().certificate)

    assert management().chain == ()


def test_a_certificate_does_not_outlive_its_authority() -> None:
    short_lived = make_authority("Short", now=NOW, days=10)

    made = issue_service_certificate([FQDN], authority=short_lived, now=NOW, days=365)

    assert made.certificate.not_valid_after_utc == NOW + timedelta(days=10)


def test_a_new_certificate_is_valid_for_a_clock_that_is_slow() -> None:
    assert service().certificate.not_valid_before_utc == NOW - timedelta(hours=1)


@pytest.mark.parametrize(
    "host", ["", " ", "a b", "-a.com", "a-.com", "a..com", ".com", "x" * 64, "é.com", "*", "a.*.com", "a/b", "a\n.com"]
)
def test_something_that_is_no_host_name_gets_no_certificate(host: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        issue_service_certificate([host], authority=authority(), now=NOW)
    assert caught.value.code == "certificate.host_name"


def test_a_service_certificate_needs_a_host() -> None:
    with pytest.raises(InvalidInputError, match=r"certificate\.host_name_missing"):
        issue_service_certificate([], authority=authority(), now=NOW)


def test_something_that_is_no_address_gets_no_certificate() -> None:
    with pytest.raises(InvalidInputError, match=r"certificate\.address"):
        issue_service_certificate([FQDN], authority=authority(), now=NOW, addresses=["127.0.0.256"])


@pytest.mark.parametrize("name", ["", "x" * 65])
def test_a_name_that_does_not_fit_is_refused(name: str) -> None:
    with pytest.raises(InvalidInputError, match=r"certificate\.common_name_length"):
        issue_management_certificate(name, now=NOW)
