"""TLS contexts: 1.2 and later, the other side always checked."""

import secrets
import ssl
import tempfile
from pathlib import Path

from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat

from clouddp.model.errors import InvalidInputError
from clouddp.network.certificates import KeyedCertificate, chain_pem, load_authorities


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
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if authorities_pem is None:
        context.load_default_certs()
    else:
        _trust(context, authorities_pem)
    if client_certificate is not None:
        _present(context, client_certificate)
    return context


def _trust(context: ssl.SSLContext, authorities_pem: str) -> None:
    authorities = load_authorities(authorities_pem)
    try:
        context.load_verify_locations(cadata=b"".join(one.public_bytes(Encoding.DER) for one in authorities))
    except ssl.SSLError as error:
        raise InvalidInputError("certificate.authorities_unreadable") from error


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
