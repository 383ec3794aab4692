"""Certificates that no sensible authority issues, made by hand; keys are made once for all tests."""

from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from clouddp.network.certificates import CertificateKey, KeyedCertificate
from clouddp.network.issuing import issue_management_certificate, issue_service_certificate, make_authority

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
FQDN = "clouddp1.contoso.com"
SERVER, CLIENT = ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH


@cache
def authority() -> KeyedCertificate:
    return make_authority("Contoso CA", now=NOW)


@cache
def management() -> KeyedCertificate:
    return issue_management_certificate("Contoso management", now=NOW)


@cache
def service() -> KeyedCertificate:
    return issue_service_certificate([FQDN], authority=authority(), now=NOW, addresses=["127.0.0.1"])


@cache
def rsa_key(bits: int) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def odd_certificate(
    *,
    common_name: str = FQDN,
    hosts: tuple[str, ...] = (FQDN,),
    usages: tuple[x509.ObjectIdentifier, ...] = (SERVER,),
    key: CertificateKey | None = None,
    starts: timedelta = timedelta(days=-1),
    ends: timedelta = timedelta(days=365),
    is_authority: bool = False,
    self_signed: bool = False,
    extensions: tuple[x509.ExtensionType, ...] = (),
) -> KeyedCertificate:
    """Make a certificate with exactly these properties, whether they make sense or not."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)] if common_name else [])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject if self_signed else authority().certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW + starts)
        .not_valid_after(NOW + ends)
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
    )
    if hosts:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts]), False)
    if usages:
        builder = builder.add_extension(x509.ExtendedKeyUsage(usages), critical=False)
    for extension in extensions:
        builder = builder.add_extension(extension, critical=False)
    return KeyedCertificate(builder.sign(key if self_signed else authority().key, hashes.SHA256()), key)
