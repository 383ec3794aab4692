"""What every part of a site stands on: database, keys, status messages, logs."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Engine

from clouddp.model.status import Component
from clouddp.site_server.database.engine import open_database
from clouddp.site_server.database.schema import upgrade_schema
from clouddp.site_server.database.sealing import Sealer, check_private, open_wrapping_key
from clouddp.site_server.database.secrets import SiteSecrets
from clouddp.site_server.database.status_messages import StatusMessageRepository
from clouddp.site_server.signing_keys import SigningKeys
from clouddp.site_server.site import SiteFolders, SiteSettings
from clouddp.site_server.status import StatusLog
from clouddp.telemetry.logs import ComponentLog


@dataclass(frozen=True, slots=True, kw_only=True)
class Foundation:
    """The open site: everything that its parts share."""

    folders: SiteFolders
    settings: SiteSettings
    engine: Engine
    sealers: Mapping[str, Sealer]
    secrets: SiteSecrets
    keys: SigningKeys
    status: StatusLog
    now: Callable[[], datetime]

    def log(self, name: str, component: Component) -> ComponentLog:
        """Open a component's log, in the language of the site."""
        return ComponentLog(self.folders.logs / name, component, language=self.settings.language, now=self.now)


@contextmanager
def open_foundation(folders: SiteFolders, settings: SiteSettings) -> Iterator[Foundation]:
    """Open the database, bring its schema up to date, and open the keys.

    Raises:
        InvalidInputError: others on this machine can reach the site's folder or its keys.
    """
    check_private(folders.root)
    sealers = {name: open_wrapping_key(folders.keys, name) for name in ("site", "delivery")}
    engine = open_database(folders.database)
    try:
        upgrade_schema(engine)
        secrets = SiteSecrets(engine, sealers)
        yield Foundation(
            folders=folders,
            settings=settings,
            engine=engine,
            sealers=sealers,
            secrets=secrets,
            keys=SigningKeys(secrets),
            status=StatusLog(StatusMessageRepository(engine), now=utc_now),
            now=utc_now,
        )
    finally:
        engine.dispose()


def utc_now() -> datetime:
    """Read the clock."""
    return datetime.now(UTC)


def failure_reporter(log: ComponentLog) -> Callable[[str, Exception], None]:
    """Make what tells a log of an unexpected failure, with the reference that the caller was given."""

    def report(reference: str, error: Exception) -> None:
        log.error("site.unexpected_failure", reference=reference, reason=f"{type(error).__name__}: {error}")

    return report
