"""Where the demo keeps what it makes, and what real content it distributes when it is given none."""

import importlib.util
import sysconfig
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ZONE: Final = "contoso.com"
SERVICE_FQDN: Final = "clouddp1.contoso.com"
SITE_CODE: Final = "P01"
REGION: Final = "North Europe"


@dataclass(frozen=True, slots=True)
class Places:
    """The files of one demo, all below its home; the other commands act on it when CLOUDDP_HOME names that."""

    home: Path

    @property
    def organisation(self) -> Path:
        """Certificates and their passwords, as an administrator would keep them."""
        return self.home / "organisation"

    @property
    def authority(self) -> Path:
        """The organisation's authority, with its key."""
        return self.organisation / "authority.pfx"

    @property
    def authority_pem(self) -> Path:
        """The organisation's authority, public part."""
        return self.organisation / "authority.pem"

    @property
    def management_pfx(self) -> Path:
        """The management certificate for the site server."""
        return self.organisation / "management.pfx"

    @property
    def management_cer(self) -> Path:
        """The management certificate for the cloud."""
        return self.organisation / "management.cer"

    @property
    def service_pfx(self) -> Path:
        """The service certificate."""
        return self.organisation / "service.pfx"

    @property
    def password_file(self) -> Path:
        """The password of the .pfx files."""
        return self.organisation / "password.txt"

    @property
    def zone_key(self) -> Path:
        """The key that may update the organisation's zone."""
        return self.organisation / "zone-key.json"

    @property
    def trusted_pem(self) -> Path:
        """All authorities of the story in one file: the organisation's, the fabric's, the site's."""
        return self.home / "trusted.pem"

    @property
    def fabric(self) -> Path:
        """State of the embedded cloud."""
        return self.home / "fabric"

    @property
    def logs(self) -> Path:
        """What the programs print."""
        return self.home / "output"

    @property
    def site_logs(self) -> Path:
        """Component logs of the site."""
        return self.home / "site" / "logs"

    @property
    def client(self) -> Path:
        """The client's own home."""
        return self.home / "client"

    @property
    def download(self) -> Path:
        """Where the client puts the content."""
        return self.home / "download"


def default_source() -> Path:
    """Name a folder of real files that every installation has: the installer `pip`, else a part of Python itself."""
    installer = importlib.util.find_spec("pip")
    if installer is not None and installer.origin is not None:
        return Path(installer.origin).parent
    return Path(sysconfig.get_path("stdlib")) / "encodings"
