"""The fabric's own certification authority, made at the first start, which issues the endpoints' certificate."""

from ipaddress import ip_address
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from clouddp.disk.whole_files import write_whole
from clouddp.fabric.state import Clock, StateFolder
from clouddp.model.errors import DamagedError
from clouddp.network.certificates import KeyedCertificate, certificate_pem, key_pem
from clouddp.network.issuing import issue_endpoint_certificate, make_authority

_COMMON_NAME: Final = "clouddp embedded cloud"


class Authority:
    """Certificate and key of the authority; `ca_file` is for those who are to trust the endpoints."""

    def __init__(self, state: StateFolder, *, now: Clock) -> None:
        self._now = now
        self.ca_file = state.root / "ca.pem"
        private = state.root / "authority.pem"
        if not private.exists():
            made = make_authority(_COMMON_NAME, now=now())
            write_whole(private, certificate_pem(made.certificate) + key_pem(made))
        self._authority = _load(private)
        write_whole(self.ca_file, certificate_pem(self._authority.certificate))

    def issue_endpoint_certificate(self, host: str) -> KeyedCertificate:
        """Issue a certificate for an endpoint on this host, good until the next start at least."""
        names, addresses = ["localhost"], ["127.0.0.1"]
        try:
            addresses.append(str(ip_address(host)))
        except ValueError:
            names.insert(0, host)
        return issue_endpoint_certificate(
            list(dict.fromkeys(names)),
            authority=self._authority,
            now=self._now(),
            addresses=list(dict.fromkeys(addresses)),
        )


def _load(path: Path) -> KeyedCertificate:
    data = path.read_bytes()
    try:
        key = load_pem_private_key(data, password=None)
        certificate = x509.load_pem_x509_certificate(data)
    except ValueError as error:
        raise DamagedError("fabric.state_damaged", path=path) from error
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise DamagedError("fabric.state_damaged", path=path)
    return KeyedCertificate(certificate, key)
