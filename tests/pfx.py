"""Certificates in .pfx files that open at once: a password that protects nothing needs no thousands of rounds."""

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import PrivateFormat, pkcs12
from cryptography.hazmat.primitives.serialization.pkcs12 import PBES

from clouddp.network.certificates import KeyedCertificate


def quick_pfx(keyed: KeyedCertificate, password: str) -> bytes:
    """Write what `to_pfx` writes, with one round of key derivation."""
    protection = (
        PrivateFormat.PKCS12.encryption_builder()
        .kdf_rounds(1)
        .key_cert_algorithm(PBES.PBESv2SHA256AndAES256CBC)
        .hmac_hash(SHA256())
        .build(password.encode())
    )
    name = keyed.subject_common_name.encode() or None
    return pkcs12.serialize_key_and_certificates(name, keyed.key, keyed.certificate, keyed.chain, protection)
