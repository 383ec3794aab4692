"""Certificates as values: read from .pfx and .cer files, written to them, asked for their names."""

import re
from dataclasses import dataclass, field

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    pkcs12,
)

from clouddp.model.errors import InvalidInputError
from clouddp.network.pfx import check_envelope

CERTIFICATE_FILE_LIMIT_BYTES = 256 * 1024
AUTHORITIES_LIMIT_BYTES = 1024 * 1024

_UNREADABLE = (ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion, x509.DuplicateExtension)

CertificateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


@dataclass(frozen=True, slots=True)
class KeyedCertificate:
    """A certificate with its private key, and the certificates of those who issued it."""

    certificate: x509.Certificate
    key: CertificateKey = field(repr=False)
    chain: tuple[x509.Certificate, ...] = ()

    @property
    def thumbprint(self) -> str:
        """The certificate's thumbprint, as the cloud and Windows show it."""
        return thumbprint(self.certificate)

    @property
    def subject_common_name(self) -> str:
        """The subject's common name; empty where it has none."""
        return subject_common_name(self.certificate)


def load_pfx(data: bytes, password: str, *, name: str) -> KeyedCertificate:
    """Open a .pfx file; `name` is what to call it in messages.

    Raises:
        InvalidInputError: it is no .pfx, or broken, or the password is wrong, or it has no private key.

    """
    _check_size(data, name=name)
    check_envelope(data, name=name)
    try:
        bundle = pkcs12.load_pkcs12(data, password.encode())
    except _UNREADABLE as error:
        raise InvalidInputError("certificate.pfx_password", name=name) from error
    if bundle.key is None:
        raise InvalidInputError("certificate.without_key", name=name)
    if bundle.cert is None:
        raise InvalidInputError("certificate.pfx_without_certificate", name=name)
    if not isinstance(bundle.key, CertificateKey):
        raise InvalidInputError("certificate.key_kind", name=name)
    _check_readable(bundle.cert.certificate, name=name)
    others = [other.certificate for other in bundle.additional_certs]
    return KeyedCertificate(bundle.cert.certificate, bundle.key, _chain_of(bundle.cert.certificate, others))


def to_pfx(keyed: KeyedCertificate, password: str) -> bytes:
    """Write certificate, private key and chain as a .pfx file that the password opens.

    Raises:
        InvalidInputError: the password is empty.

    """
    if not password:
        raise InvalidInputError("certificate.password_missing")
    return _write_pfx(keyed, BestAvailableEncryption(password.encode()))


def to_quick_pfx(keyed: KeyedCertificate, password: str) -> bytes:
    """Write what `to_pfx` writes, with one round of key derivation, for places where the password protects nothing."""
    protection = (
        PrivateFormat.PKCS12.encryption_builder()
        .kdf_rounds(1)
        .key_cert_algorithm(pkcs12.PBES.PBESv2SHA256AndAES256CBC)
        .hmac_hash(hashes.SHA256())
        .build(password.encode())
    )
    return _write_pfx(keyed, protection)


def _write_pfx(keyed: KeyedCertificate, protection: KeySerializationEncryption) -> bytes:
    name = keyed.subject_common_name.encode() or None
    return pkcs12.serialize_key_and_certificates(name, keyed.key, keyed.certificate, keyed.chain, protection)


def load_known_pem(data: bytes) -> KeyedCertificate:
    """Open what `key_pem` and `chain_pem` wrote, from where nobody can have changed it.

    That an RSA key is one, which was proved when it came in, is not proved again: it takes ten milliseconds.
    """
    key = load_pem_private_key(data, password=None, unsafe_skip_rsa_key_validation=True)
    if not isinstance(key, CertificateKey):
        raise TypeError(key)
    certificate, *chain = x509.load_pem_x509_certificates(data)
    return KeyedCertificate(certificate, key, tuple(chain))


def load_certificate(data: bytes, *, name: str) -> x509.Certificate:
    """Read a .cer file, DER or Base-64; `name` is what to call it in messages.

    Raises:
        InvalidInputError: it is no certificate.

    """
    _check_size(data, name=name)
    try:
        if data.lstrip().startswith(b"-----BEGIN"):
            certificate = x509.load_pem_x509_certificate(data)
        else:
            certificate = x509.load_der_x509_certificate(data)
    except _UNREADABLE as error:
        raise InvalidInputError("certificate.unreadable", name=name) from error
    _check_readable(certificate, name=name)
    return certificate


def load_authorities(pem: str) -> list[x509.Certificate]:
    """Read the certificates of those who are trusted: PEM, one or more.

    Raises:
        InvalidInputError: there is none, or one cannot be read.

    """
    if len(pem) > AUTHORITIES_LIMIT_BYTES:
        raise InvalidInputError("certificate.too_large", name="PEM", limit=AUTHORITIES_LIMIT_BYTES)
    try:
        return x509.load_pem_x509_certificates(pem.encode())
    except _UNREADABLE as error:
        raise InvalidInputError("certificate.authorities_unreadable") from error


def thumbprint(certificate: x509.Certificate) -> str:
    """Return the SHA-1 of the certificate's DER in upper-case hexadecimal: a name, not a proof."""
    return certificate.fingerprint(hashes.SHA1()).hex().upper()  # noqa: S303 (the cloud calls this thumbprint)


def subject_common_name(certificate: x509.Certificate) -> str:
    """Return the subject's common name; empty where it has none."""
    names = certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    return str(names[0].value) if names else ""


def certificate_pem(certificate: x509.Certificate) -> bytes:
    """Write a certificate as PEM."""
    return certificate.public_bytes(Encoding.PEM)


def chain_pem(keyed: KeyedCertificate) -> bytes:
    """Write the certificate and its chain as PEM, in the order in which TLS sends them."""
    return b"".join(certificate_pem(certificate) for certificate in (keyed.certificate, *keyed.chain))


def key_pem(keyed: KeyedCertificate) -> bytes:
    """Write the private key as PEM (PKCS #8), not encrypted."""
    return keyed.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def host_names(certificate: x509.Certificate) -> tuple[str, ...]:
    """Return the host names of the subject alternative name, lower-case; wildcards among them."""
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return ()
    return tuple(name.lower() for name in extension.value.get_values_for_type(x509.DNSName))


def covers_host(certificate: x509.Certificate, fqdn: str) -> bool:
    """Say whether a client that asked for this host accepts the certificate's names (RFC 9525, section 6.3)."""
    host = fqdn.lower().removesuffix(".")
    return any(_matches(pattern, host) for pattern in host_names(certificate))


def _check_readable(certificate: x509.Certificate, *, name: str) -> None:
    """Look at each part now that the library reads only when asked, so that nobody meets its errors later."""
    try:
        certificate.public_key()
        certificate.signature_hash_algorithm  # noqa: B018 (a property that raises)
        list(certificate.issuer)
        list(certificate.subject)
        list(certificate.extensions)
    except _UNREADABLE as error:
        raise InvalidInputError("certificate.unreadable", name=name) from error


def _chain_of(certificate: x509.Certificate, others: list[x509.Certificate]) -> tuple[x509.Certificate, ...]:
    """Put issuers in the order in which TLS sends them; what is not among them does not belong there."""
    chain: list[x509.Certificate] = []
    current = certificate
    while len(chain) < len(others):
        issuer = next((other for other in others if other not in chain and _issued(other, current)), None)
        if issuer is None or issuer == current:
            break
        chain.append(issuer)
        current = issuer
    return tuple(chain)


def _issued(issuer: x509.Certificate, certificate: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (InvalidSignature, *_UNREADABLE):
        return False
    return True


def _matches(pattern: str, host: str) -> bool:
    if not pattern.startswith("*."):
        return pattern == host
    suffix = pattern[2:]
    if "." not in suffix or re.fullmatch(r"[0-9.]+", host):  # as OpenSSL: never a whole top-level domain
        return False
    first, _, rest = host.partition(".")
    return bool(first) and rest == suffix


def _check_size(data: bytes, *, name: str) -> None:
    if len(data) > CERTIFICATE_FILE_LIMIT_BYTES:
        raise InvalidInputError("certificate.too_large", name=name, limit=CERTIFICATE_FILE_LIMIT_BYTES)
