"""Who a client is: its own key, and the site it trusts; both fixed at registration."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from clouddp.disk.whole_files import write_whole
from clouddp.model.errors import DamagedError, NotFoundError
from clouddp.network.signing_keys import SigningKey, parse_public_jwk


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientFolders:
    """The files of a client, below one folder that only its account may read."""

    root: Path

    @classmethod
    def of_home(cls, home: Path) -> Self:
        """Name the client's folders in an installation."""
        return cls(root=home / "client")

    @property
    def identity(self) -> Path:
        """The client's key, and the site it trusts."""
        return self.root / "identity.json"

    @property
    def versions(self) -> Path:
        """The highest version of each package that was ever accepted."""
        return self.root / "versions.json"

    @property
    def logs(self) -> Path:
        """The client's logs."""
        return self.root / "logs"


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteTrust:
    """What a client pins at registration."""

    site_code: str
    site_keys: tuple[Mapping[str, str], ...]  # public JWKs that sign package versions
    authorities_pem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientIdentity:
    """A registered client."""

    client_id: str
    management_point_url: str
    trust: SiteTrust
    key: SigningKey = field(repr=False)


def save_identity(folders: ClientFolders, identity: ClientIdentity) -> None:
    """Keep the identity where only the client's own account reads it."""
    document = {
        "client_id": identity.client_id,
        "management_point_url": identity.management_point_url,
        "site_code": identity.trust.site_code,
        "site_keys": [dict(key) for key in identity.trust.site_keys],
        "authorities_pem": identity.trust.authorities_pem,
        "key": identity.key.to_jwk(),
    }
    write_private(folders.identity, document)


def load_identity(folders: ClientFolders) -> ClientIdentity:
    """Read the identity.

    Raises:
        NotFoundError: this client is not registered.
        DamagedError: the file is not what registration wrote.

    """
    try:
        document = json.loads(folders.identity.read_bytes())
        return ClientIdentity(
            client_id=str(document["client_id"]),
            management_point_url=str(document["management_point_url"]),
            trust=read_trust(document),
            key=SigningKey.from_jwk(document["key"]),
        )
    except FileNotFoundError as error:
        raise NotFoundError("client.not_registered", path=folders.root) from error
    except (ValueError, KeyError, TypeError) as error:
        raise DamagedError("client.identity_damaged", path=folders.identity) from error


def read_trust(document: Mapping[str, Any]) -> SiteTrust:
    """Read the site's keys and authorities from JSON; raises KeyError, TypeError or InvalidInputError."""
    return SiteTrust(
        site_code=str(document["site_code"]),
        site_keys=tuple(parse_public_jwk(key) for key in document["site_keys"]),
        authorities_pem=str(document["authorities_pem"]),
    )


def write_private(path: Path, document: Mapping[str, Any]) -> None:
    """Write JSON, whole or not at all, so that others cannot read it."""
    write_whole(path, json.dumps(document, indent=1).encode())
