"""The client's three logs, under the names that administrators know."""

from dataclasses import dataclass
from pathlib import Path

from clouddp.telemetry.logs import ComponentLog


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientLogs:
    """Where the parts of the client write what they do."""

    access: ComponentLog  # what content was asked for, and how it ended
    transfer: ComponentLog  # how it was fetched
    location: ComponentLog  # where it was found


def open_client_logs(folder: Path, *, language: str) -> ClientLogs:
    """Open the logs in a folder, which is made when missing."""
    return ClientLogs(
        access=ComponentLog(folder / "CAS.log", "ContentAccess", language=language),
        transfer=ComponentLog(folder / "ContentTransferManager.log", "ContentTransferManager", language=language),
        location=ComponentLog(folder / "LocationServices.log", "LocationServices", language=language),
    )
