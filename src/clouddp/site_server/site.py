"""The site itself: its code and name, where its parts listen, and where its files lie."""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, Self

from clouddp.disk.whole_files import write_whole
from clouddp.language.translate import LANGUAGES
from clouddp.model.errors import ConflictError, InvalidInputError, NotFoundError
from clouddp.network.name_queries import check_resolver

_SITE_CODE: Final = re.compile(r"[A-Z0-9]{3}")


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteFolders:
    """The files of a site, all below one folder that only its account may read."""

    root: Path

    @classmethod
    def of_home(cls, home: Path) -> Self:
        """Name the site's folders in an installation."""
        return cls(root=home / "site")

    @property
    def configuration(self) -> Path:
        """Where the site's settings are."""
        return self.root / "site.json"

    @property
    def endpoint(self) -> Path:
        """Where the command line finds the administration service."""
        return self.root / "endpoint.json"

    @property
    def administrator_token(self) -> Path:
        """The first administrator's token, readable by the site's account alone."""
        return self.root / "administrator-token"

    @property
    def keys(self) -> Path:
        """The wrapping keys; the database is of no use without them."""
        return self.root / "keys"

    @property
    def database(self) -> Path:
        """The site database, when it is SQLite."""
        return self.root / "site.db"

    @property
    def workflows(self) -> Path:
        """The workflow engine's own file; never backed up."""
        return self.root / "workflows.db"

    @property
    def library(self) -> Path:
        """The content library."""
        return self.root / "library"

    @property
    def logs(self) -> Path:
        """The component logs."""
        return self.root / "logs"

    @property
    def tls(self) -> Path:
        """The site's own authority and the certificate of its HTTPS endpoints."""
        return self.root / "tls"

    @property
    def client_authorities(self) -> Path:
        """The authorities that clients are handed, as PEM: the site's own, and those of service certificates."""
        return self.tls / "client-authorities.pem"

    @property
    def lock(self) -> Path:
        """Held by the one site server that runs here."""
        return self.root / "lock"


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteSettings:
    """What `clouddp site init` decides."""

    site_code: str
    name: str
    language: str
    host: str
    admin_port: int
    management_point_port: int
    resolver: str | None = None  # the name server to ask, `address:port`; None: those of this machine

    @property
    def admin_url(self) -> str:
        """Address of the administration service."""
        return f"https://{self.host}:{self.admin_port}"

    @property
    def management_point_url(self) -> str:
        """Address of the management point, and the audience of its clients' assertions."""
        return f"https://{self.host}:{self.management_point_port}"


def check_settings(settings: SiteSettings) -> None:
    """Refuse settings that no site can have.

    Raises:
        InvalidInputError: with all that is wrong.
    """
    faults: list[InvalidInputError] = []
    if not _SITE_CODE.fullmatch(settings.site_code):
        faults.append(InvalidInputError("site.code_invalid", code=settings.site_code))
    if settings.language not in LANGUAGES:
        faults.append(InvalidInputError("site.language_unknown", language=settings.language))
    if settings.resolver is not None:
        try:
            check_resolver(settings.resolver)
        except InvalidInputError as error:
            faults.append(error)
    if faults:
        raise InvalidInputError("site.settings_invalid", faults=tuple(faults))


def check_vacant(folders: SiteFolders) -> None:
    """Refuse to make a site where one is.

    Raises:
        ConflictError: there is a site here already.
    """
    if folders.configuration.exists():
        raise ConflictError("site.exists_already", path=folders.root)


def save_settings(folders: SiteFolders, settings: SiteSettings) -> None:
    """Write the settings of a new site, all or nothing."""
    _replace(folders.configuration, asdict(settings))


def save_endpoint(folders: SiteFolders, endpoint: Mapping[str, str]) -> None:
    """Write where the command line finds the running site: `admin_url`, `token_file`, `ca_file`."""
    _replace(folders.endpoint, endpoint)


def load_settings(folders: SiteFolders) -> SiteSettings:
    """Read the settings of the site.

    Raises:
        NotFoundError: there is no site here.
        InvalidInputError: the file is not what `site init` wrote.
    """
    try:
        return SiteSettings(**json.loads(folders.configuration.read_text(encoding="utf-8")))
    except FileNotFoundError as error:
        raise NotFoundError("site.none_here", path=folders.root) from error
    except (ValueError, TypeError) as error:
        raise InvalidInputError("site.settings_unreadable", path=folders.configuration, reason=error) from error


def _replace(path: Path, document: Mapping[str, object]) -> None:
    write_whole(path, (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode())
