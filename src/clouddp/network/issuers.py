"""Whether a certificate is issued, through its own chain, below one of some authorities."""

from collections.abc import Collection

from cryptography import x509
from cryptography.exceptions import InvalidSignature

from clouddp.network.certificates import KeyedCertificate


def is_issued_below(keyed: KeyedCertificate, authorities: Collection[x509.Certificate]) -> bool:
    """Go from issuer to issuer until one is an authority, or nobody issued the last one.

    Only the way is checked: what is asked of each certificate on it is the clients' to judge.
    """
    current, unused = keyed.certificate, list(keyed.chain)
    while not any(current == authority or _has_issued(authority, current) for authority in authorities):
        issuer = next((candidate for candidate in unused if _has_issued(candidate, current)), None)
        if issuer is None:
            return False
        unused.remove(issuer)
        current = issuer
    return True


def _has_issued(issuer: x509.Certificate, certificate: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True
