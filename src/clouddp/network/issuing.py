"""Make certificates: an authority, management certificates, service certificates."""

import ipaddress
import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from clouddp.model.errors import InvalidInputError
from clouddp.network.certificates import CertificateKey, KeyedCertificate

AUTHORITY_DAYS = 3650
MANAGEMENT_DAYS = 730
SERVICE_DAYS = 365

_COMMON_NAME_LIMIT = 64  # ub-common-name of RFC 5280
_CLOCK_TOLERANCE = timedelta(hours=1)  # a client whose clock is behind shall trust a new certificate too
_HOST_NAME = re.compile(
    r"(?=.{1,253}$)(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
)


def make_authority(common_name: str, *, now: datetime, days: int = AUTHORITY_DAYS) -> KeyedCertificate:
    """Make a certification authority that issues end certificates only, with a P-256 key."""
    key = ec.generate_private_key(ec.SECP256R1())
    builder = _builder(_subject(common_name), key, now=now, days=days)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(_key_usage(is_authority=True), critical=True)
    return _issue(builder, key, None)


def issue_management_certificate(
    common_name: str, *, now: datetime, authority: KeyedCertificate | None = None, days: int = MANAGEMENT_DAYS
) -> KeyedCertificate:
    """Make a certificate by which a site proves itself to a cloud; self-signed without an authority."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    builder = _builder(_subject(common_name), key, now=now, days=days, authority=authority)
    return _issue(_for_end_use(builder, ExtendedKeyUsageOID.CLIENT_AUTH, key), key, authority)


def issue_service_certificate(
    host_names: Sequence[str],
    *,
    authority: KeyedCertificate,
    now: datetime,
    days: int = SERVICE_DAYS,
    addresses: Sequence[str] = (),
) -> KeyedCertificate:
    """Make a server's certificate for host names, the first one being its subject, and addresses, with an RSA key."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    builder = _server(host_names, addresses, key, authority=authority, now=now, days=days)
    return _issue(_for_end_use(builder, ExtendedKeyUsageOID.SERVER_AUTH, key), key, authority)


def issue_endpoint_certificate(
    host_names: Sequence[str], *, authority: KeyedCertificate, now: datetime, addresses: Sequence[str] = ()
) -> KeyedCertificate:
    """Make the certificate of an endpoint of ours, with a P-256 key: made, and proved in each handshake, sooner."""
    key = ec.generate_private_key(ec.SECP256R1())
    builder = _server(host_names, addresses, key, authority=authority, now=now, days=SERVICE_DAYS)
    return _issue(_for_end_use(builder, ExtendedKeyUsageOID.SERVER_AUTH, key), key, authority)


def _server(
    host_names: Sequence[str],
    addresses: Sequence[str],
    key: CertificateKey,
    *,
    authority: KeyedCertificate,
    now: datetime,
    days: int,
) -> x509.CertificateBuilder:
    names = [_host_name(name) for name in host_names]
    common_name = next((name for name in (*names, *addresses) if len(name) <= _COMMON_NAME_LIMIT), None)
    if common_name is None:
        raise InvalidInputError("certificate.host_name_missing")
    builder = _builder(_subject(common_name), key, now=now, days=days, authority=authority)
    alternatives: list[x509.GeneralName] = [x509.DNSName(name) for name in names]
    alternatives += [x509.IPAddress(_address(address)) for address in addresses]
    return builder.add_extension(x509.SubjectAlternativeName(alternatives), critical=False)


def _subject(common_name: str) -> x509.Name:
    if not 0 < len(common_name) <= _COMMON_NAME_LIMIT:
        raise InvalidInputError("certificate.common_name_length", limit=_COMMON_NAME_LIMIT)
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _host_name(name: str) -> str:
    lowered = name.lower().removesuffix(".")
    if not _HOST_NAME.fullmatch(lowered):
        raise InvalidInputError("certificate.host_name", host=name)
    return lowered


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    try:
        return ipaddress.ip_address(text)
    except ValueError as error:
        raise InvalidInputError("certificate.address", address=text) from error


def _builder(
    subject: x509.Name, key: CertificateKey, *, now: datetime, days: int, authority: KeyedCertificate | None = None
) -> x509.CertificateBuilder:
    not_after = now + timedelta(days=days)
    if authority is not None:
        not_after = min(not_after, authority.certificate.not_valid_after_utc)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(authority.certificate.subject if authority else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCK_TOLERANCE)
        .not_valid_after(not_after)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _for_end_use(
    builder: x509.CertificateBuilder, usage: x509.ObjectIdentifier, key: CertificateKey
) -> x509.CertificateBuilder:
    key_usage = _key_usage(is_authority=False, enciphers_keys=isinstance(key, rsa.RSAPrivateKey))
    return (
        builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(key_usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
    )


def _key_usage(*, is_authority: bool, enciphers_keys: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=enciphers_keys,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=is_authority,
        crl_sign=is_authority,
        encipher_only=False,
        decipher_only=False,
    )


def _issue(
    builder: x509.CertificateBuilder, key: CertificateKey, authority: KeyedCertificate | None
) -> KeyedCertificate:
    """Sign by the authority; without one, by the certificate's own key."""
    issuer_key = authority.key if authority else key
    identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
    builder = builder.add_extension(identifier, critical=False)
    certificate = builder.sign(issuer_key, hashes.SHA256())
    chain = (authority.certificate, *authority.chain) if authority else ()
    return KeyedCertificate(certificate, key, chain)
