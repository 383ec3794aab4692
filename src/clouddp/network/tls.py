"""TLS contexts: 1.2 and later, the other side always checked."""

import secrets
import ssl
import tempfile
from pathlib import Path

from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat

from clouddp.model.errors import InvalidInputError
from clouddp.network.certificates import KeyedCertificate, chain_pem


def server_context(keyed: KeyedCertificate) -> ssl.SSLContext:
    """Make the context of a server that shows this certificate and asks clients for none."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    _present(context, keyed)
    return context


def client_context(
    *, authorities_pem: str | None, client_certificate: KeyedCertificate | None = None
) -> ssl.SSLContext:
    """Make the context of a client that trusts these authorities and no others; None: those of the system.

    Raises:
        InvalidInputError: the authorities cannot be read.

    """
    try:
        context = ssl.create_default_context(cadata=authorities_pem)
    except (ssl.SSLError, ValueError) as error:
        raise InvalidInputError("certificate.authorities_unreadable") from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if client_certificate is not None:
        _present(context, client_certificate)
    return context


def _present(context: ssl.SSLContext, keyed: KeyedCertificate) -> None:
    """Hand the certificate to OpenSSL, which takes it from a file alone: the key in it is encrypted and soon gone."""
    password = secrets.token_bytes(32).hex().encode()
    key = keyed.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(password))
    with tempfile.TemporaryDirectory(prefix="clouddp-") as folder:
        path = Path(folder) / "certificate.pem"
        path.write_bytes(chain_pem(keyed) + key)
        try:
            context.load_cert_chain(path, password=password)
        except ssl.SSLError as error:
            raise InvalidInputError("certificate.not_for_tls", name=keyed.subject_common_name) from error
