"""Certificates as files and values: .pfx, .cer, PEM, thumbprints, host names."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)

from clouddp.model.errors import InvalidInputError
from clouddp.network.pfx import open_pfx

CERTIFICATE_LIMIT_BYTES = 64 * 1024

type_of_private_key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
