"""The site's own certification authority, which vouches for its HTTPS endpoints."""

import ipaddress
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from cryptography import x509

from clouddp.disk.whole_files import write_whole
from clouddp.model.errors import InvalidInputError
from clouddp.network.certificates import KeyedCertificate, certificate_pem, load_pfx, to_quick_pfx
from clouddp.network.issuing import issue_endpoint_certificate, make_authority
from clouddp.site_server.database.secrets import SiteSecrets

_NAME: Final = "site_authority"
_SEALED_ALREADY: Final = "sealed"  # a .pfx needs a password; the secret store is what protects it


def site_authority(secrets: SiteSecrets, *, site_code: str, now: datetime) -> KeyedCertificate:
    """Give the site's authority, made when first needed."""
    made = secrets.obtain(
        _NAME,
        wrapping="site",
        make=lambda: to_quick_pfx(make_authority(f"clouddp site {site_code}", now=now), _SEALED_ALREADY),
    )
    return load_pfx(made, _SEALED_ALREADY, name=_NAME)


def endpoint_certificate(authority: KeyedCertificate, host: str, *, now: datetime) -> KeyedCertificate:
    """Make a certificate for the site's endpoints; one for each start, so that none ends unseen."""
    try:
        address = str(ipaddress.ip_address(host))
    except ValueError:
        return issue_endpoint_certificate([host], authority=authority, now=now)
    return issue_endpoint_certificate([], authority=authority, now=now, addresses=[address])


def write_client_authorities(path: Path, authority: KeyedCertificate, others: Sequence[Path]) -> None:
    """Write what clients are handed: the site's authority, and those that issue service certificates.

    Raises:
        InvalidInputError: one of `others` holds no certificates.
    """
    blocks = [certificate_pem(authority.certificate)]
    for other in others:
        blocks += [certificate_pem(certificate) for certificate in _certificates_of(other)]
    write_whole(path, b"".join(dict.fromkeys(blocks)))


def _certificates_of(path: Path) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(path.read_bytes())
    except (OSError, ValueError) as error:
        raise InvalidInputError("site.authority_unreadable", path=path) from error
