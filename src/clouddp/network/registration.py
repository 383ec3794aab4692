"""Registration tokens: `<id>.<secret>.<fingerprint>`, the fingerprint naming the one site that may be answered."""

import hashlib
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

from cryptography.hazmat.primitives import hashes

from clouddp.model.errors import InvalidInputError
from clouddp.network.certificates import load_authorities
from clouddp.network.signing_keys import parse_public_jwk

_TOKEN = re.compile(r"([0-9a-f]{16})\.([A-Za-z0-9_-]{43})\.([0-9a-f]{64})")


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrationToken:
    """What an administrator hands to a client that is to register."""

    id: str
    secret: str = field(repr=False)
    fingerprint: str

    def __str__(self) -> str:
        return f"{self.id}.{self.secret}.{self.fingerprint}"


def make_registration_token(fingerprint: str) -> RegistrationToken:
    """Make a new token for the site with this fingerprint."""
    return RegistrationToken(id=secrets.token_hex(8), secret=secrets.token_urlsafe(32), fingerprint=fingerprint)


def parse_registration_token(text: str) -> RegistrationToken:
    """Read a token that somebody pasted; white space around it does no harm.

    Raises:
        InvalidInputError: it is none.

    """
    match = _TOKEN.fullmatch(text.strip())
    if match is None:
        raise InvalidInputError("signed.registration_token_unreadable")
    return RegistrationToken(id=match[1], secret=match[2], fingerprint=match[3])


def registration_fingerprint(site_key_jwk: Mapping[str, str], authorities_pem: str) -> str:
    """Return the SHA-256, in hexadecimal, of a site's key and of the authorities its clients trust.

    It is taken of the key's thumbprint (RFC 7638) and the sorted SHA-256 of each certificate, a line each, so that how
    JSON and PEM are written makes no difference.

    Raises:
        InvalidInputError: the key or the certificates cannot be read.

    """
    digests = sorted(authority.fingerprint(hashes.SHA256()).hex() for authority in load_authorities(authorities_pem))
    lines = [parse_public_jwk(site_key_jwk)["kid"], *digests]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
