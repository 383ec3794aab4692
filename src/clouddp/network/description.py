"""What a certificate says, as plain values that a person or a program can read."""

from collections.abc import Mapping

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from clouddp.network.certificates import host_names, subject_common_name, thumbprint


def describe_certificate(certificate: x509.Certificate) -> Mapping[str, str | list[str]]:
    """Say what a certificate is: for whom, by whom, for what, until when."""
    algorithm = certificate.signature_hash_algorithm
    return {
        "common_name": subject_common_name(certificate),
        "subject": certificate.subject.rfc4514_string(),
        "issuer": certificate.issuer.rfc4514_string(),
        "thumbprint": thumbprint(certificate),
        "host_names": list(host_names(certificate)),
        "enhanced_key_usages": _enhanced_key_usages(certificate),
        "key": _key(certificate),
        "signature": "" if algorithm is None else algorithm.name.upper(),
        "valid_from": certificate.not_valid_before_utc.isoformat(),
        "valid_until": certificate.not_valid_after_utc.isoformat(),
    }


def _enhanced_key_usages(certificate: x509.Certificate) -> list[str]:
    try:
        usages = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return []
    return [usage.dotted_string for usage in usages]


def _key(certificate: x509.Certificate) -> str:
    key = certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        return f"RSA {key.key_size}"
    if isinstance(key, ec.EllipticCurvePublicKey):
        return f"EC {key.curve.name}"
    return certificate.public_key_algorithm_oid.dotted_string
