"""What a certificate must be to be used as a management or service certificate; all that is wrong is said at once."""

from collections.abc import Collection, Iterator
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from clouddp.model.errors import InvalidInputError, SiteError
from clouddp.network.certificates import KeyedCertificate, covers_host, host_names

RSA_BITS_AT_LEAST = 2048

_CURVES = (ec.SECP256R1, ec.SECP384R1)
_WEAK_HASHES = (hashes.MD5, hashes.SHA1)


def check_management_certificate(keyed: KeyedCertificate, *, now: datetime) -> None:
    """Make sure that a certificate can prove the site to a cloud.

    Raises:
        InvalidInputError: it cannot; `faults` says all the reasons.

    """
    _raise_faults(keyed, [*_general_faults(keyed, now), *_management_faults(keyed)])


def check_service_certificate(
    keyed: KeyedCertificate,
    *,
    service_fqdn: str | None,
    now: datetime,
    accept_wildcard: bool = False,
    authorities: Collection[x509.Certificate] = (),
) -> None:
    """Make sure that a certificate can prove a cloud distribution point to its clients.

    A self-signed one can, if it is among the `authorities` that clients are handed.

    Raises:
        InvalidInputError: it cannot; `faults` says all the reasons.

    """
    faults = [*_general_faults(keyed, now), *_service_faults(keyed, authorities)]
    faults += _host_faults(keyed.certificate, service_fqdn, accept_wildcard=accept_wildcard)
    _raise_faults(keyed, faults)


def is_authority(certificate: x509.Certificate) -> bool:
    """Say whether a certificate may issue others."""
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


def _raise_faults(keyed: KeyedCertificate, faults: list[SiteError]) -> None:
    if faults:
        name = keyed.subject_common_name or keyed.thumbprint
        raise InvalidInputError("certificate.not_usable", faults=tuple(faults), name=name)


def _general_faults(keyed: KeyedCertificate, now: datetime) -> Iterator[SiteError]:
    certificate, key = keyed.certificate, keyed.key
    if now < certificate.not_valid_before_utc:
        yield InvalidInputError("certificate.not_yet_valid", valid_from=_utc(certificate.not_valid_before_utc))
    if now > certificate.not_valid_after_utc:
        yield InvalidInputError("certificate.expired", expired_at=_utc(certificate.not_valid_after_utc))
    if isinstance(key, rsa.RSAPrivateKey) and key.key_size < RSA_BITS_AT_LEAST:
        yield InvalidInputError("certificate.key_too_short", bits=key.key_size, needed=RSA_BITS_AT_LEAST)
    if isinstance(key, ec.EllipticCurvePrivateKey) and not isinstance(key.curve, _CURVES):
        yield InvalidInputError("certificate.curve", curve=key.curve.name)
    if key.public_key() != certificate.public_key():
        yield InvalidInputError("certificate.key_of_another")
    if isinstance(certificate.signature_hash_algorithm, _WEAK_HASHES) and not _is_self_signed(certificate):
        yield InvalidInputError(
            "certificate.weak_signature", algorithm=certificate.signature_hash_algorithm.name.upper()
        )


def _management_faults(keyed: KeyedCertificate) -> Iterator[SiteError]:
    usages = _extended_usages(keyed.certificate)
    if ExtendedKeyUsageOID.SERVER_AUTH in usages and not _serves_clients(usages):
        yield InvalidInputError("certificate.service_given_as_management")


def _service_faults(keyed: KeyedCertificate, authorities: Collection[x509.Certificate]) -> Iterator[SiteError]:
    certificate = keyed.certificate
    usages = _extended_usages(certificate)
    if ExtendedKeyUsageOID.SERVER_AUTH not in usages:
        if _serves_clients(usages) or not (host_names(certificate) or _signs_certificates(certificate)):
            yield InvalidInputError("certificate.management_given_as_service")
        else:
            yield InvalidInputError("certificate.without_server_authentication")
    if is_authority(certificate):
        yield InvalidInputError("certificate.is_authority")
    elif _is_self_signed(certificate) and certificate not in authorities:
        yield InvalidInputError("certificate.self_signed")
    if not _may_sign(certificate):
        yield InvalidInputError("certificate.without_digital_signature")


def _host_faults(
    certificate: x509.Certificate, service_fqdn: str | None, *, accept_wildcard: bool
) -> Iterator[SiteError]:
    names = host_names(certificate)
    if not names:
        yield InvalidInputError("certificate.without_host_names")
    elif service_fqdn is not None and service_fqdn.startswith("*"):
        yield InvalidInputError("certificate.fqdn_is_wildcard", fqdn=service_fqdn)
    elif service_fqdn is not None and not covers_host(certificate, service_fqdn):
        yield InvalidInputError("certificate.host_not_covered", fqdn=service_fqdn, names=", ".join(names))
    if any(name.startswith("*") for name in names) and not accept_wildcard:
        yield InvalidInputError("certificate.wildcard", names=", ".join(names))


def _extended_usages(certificate: x509.Certificate) -> tuple[x509.ObjectIdentifier, ...]:
    try:
        return tuple(certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)
    except x509.ExtensionNotFound:
        return ()


def _serves_clients(usages: tuple[x509.ObjectIdentifier, ...]) -> bool:
    return ExtendedKeyUsageOID.CLIENT_AUTH in usages or ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE in usages


def _may_sign(certificate: x509.Certificate) -> bool:
    usage = _key_usage(certificate)
    return usage is None or usage.digital_signature


def _signs_certificates(certificate: x509.Certificate) -> bool:
    usage = _key_usage(certificate)
    return usage is not None and usage.key_cert_sign


def _key_usage(certificate: x509.Certificate) -> x509.KeyUsage | None:
    try:
        return certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return None


def _is_self_signed(certificate: x509.Certificate) -> bool:
    return certificate.issuer == certificate.subject


def _utc(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M UTC")
