"""Read the signed objects in `state/`, and remember the newest version ever seen, so that none is rolled back."""

import json
import threading
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Final

from clouddp.content.format.scope import SCOPE_LIMIT_BYTES, parse_scope
from clouddp.disk.whole_files import write_whole
from clouddp.distribution_point.access import is_acceptable, is_in_force
from clouddp.distribution_point.configuration import FrontEndConfiguration
from clouddp.model.errors import DamagedError
from clouddp.model.exchange import Scope, ServiceStateDocument
from clouddp.network.signed import STATE_LIMIT_BYTES, Purpose, verify, verify_state
from clouddp.telemetry.logs import ComponentLog

_SCOPES_KEPT: Final = 64
_SCOPE_FRESH_SECONDS: Final = 10.0

_Signature = tuple[int, int, int]


class StateReader:
    """Holds the state in force. `refresh` is called by one thread, the rest by any."""

    def __init__(self, configuration: FrontEndConfiguration, *, log: ComponentLog, now: Callable[[], datetime]) -> None:
        self._service_id = configuration.service_id
        self._keys = (configuration.site_state_key,)
        self._file = configuration.storage_folder / "state" / "service"
        self._remembered = configuration.folder / "newest-state.json"
        self._newest = _read_newest(self._remembered)
        self._log = log
        self._now = now
        self._signature: _Signature | None = None
        self._trouble = ""
        self.state: ServiceStateDocument | None = None

    @property
    def is_usable(self) -> bool:
        """Whether a state is in force at this moment."""
        return is_in_force(self.state, self._now())

    def refresh(self) -> None:
        """Look at the storage; what is missing, damaged or older leaves the state as it is until its time ends."""
        try:
            signature = _signature_of(self._file)
            if signature != self._signature:
                self._accept(verify_state(_read_text(self._file, STATE_LIMIT_BYTES), keys=self._keys))
                self._signature = signature
            self._trouble = ""
        except (OSError, DamagedError) as error:
            if str(error) != self._trouble:  # told once, not at every poll
                self._log.warning("distribution_point.state_not_read", reason=error)
            self._trouble = str(error)

    def _accept(self, state: ServiceStateDocument) -> None:
        version = (state.epoch, state.sequence)
        if not is_acceptable(state, service_id=self._service_id, newest=self._newest):
            self._log.error("distribution_point.state_refused", epoch=state.epoch, sequence=state.sequence)
            return
        if version > self._newest:
            _write_newest(self._remembered, version)
            self._newest = version
        self.state = state
        self._log.information("distribution_point.state_accepted", epoch=state.epoch, sequence=state.sequence)


class ScopeReader:
    """Holds the scopes that were asked for last, and looks at each again after a while."""

    def __init__(
        self, configuration: FrontEndConfiguration, *, log: ComponentLog, monotonic: Callable[[], float]
    ) -> None:
        self._keys = (configuration.site_state_key,)
        self._folder = configuration.storage_folder / "state" / "scope"
        self._log = log
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, tuple[float, _Signature, Scope]] = OrderedDict()

    def fresh(self, version_id: str) -> Scope | None:
        """Give the scope if it was looked at a moment ago; touches no storage."""
        with self._lock:
            kept = self._kept.get(version_id)
        return kept[2] if kept and self._monotonic() - kept[0] < _SCOPE_FRESH_SECONDS else None

    def read(self, version_id: str) -> Scope | None:
        """Give the scope that the storage holds now; None when there is none that the site signed."""
        file = self._folder / version_id
        try:
            signature = _signature_of(file)
            with self._lock:
                kept = self._kept.get(version_id)
            scope = kept[2] if kept and kept[1] == signature else self._verify(file)
        except FileNotFoundError:
            self._forget(version_id)
            return None
        except (OSError, DamagedError) as error:
            self._forget(version_id)
            self._log.warning("distribution_point.scope_not_read", version=version_id, reason=error)
            return None
        self._keep(version_id, signature, scope)
        return scope

    def _verify(self, file: Path) -> Scope:
        text = _read_text(file, SCOPE_LIMIT_BYTES)
        return parse_scope(verify(text, keys=self._keys, purpose=Purpose.SCOPE, limit_bytes=SCOPE_LIMIT_BYTES))

    def _keep(self, version_id: str, signature: _Signature, scope: Scope) -> None:
        with self._lock:
            self._kept[version_id] = (self._monotonic(), signature, scope)
            self._kept.move_to_end(version_id)
            while len(self._kept) > _SCOPES_KEPT:
                self._kept.popitem(last=False)

    def _forget(self, version_id: str) -> None:
        with self._lock:
            self._kept.pop(version_id, None)


def _signature_of(file: Path) -> _Signature:
    status = file.stat()
    return status.st_ino, status.st_mtime_ns, status.st_size


def _read_text(file: Path, limit_bytes: int) -> str:
    with file.open("rb") as opened:
        return opened.read(limit_bytes + 1).decode("ascii", errors="replace")


def _read_newest(file: Path) -> tuple[int, int]:
    """Read what was remembered; a file that makes no sense stops the front end rather than forget."""
    try:
        remembered = json.loads(file.read_bytes())
        return int(remembered["epoch"]), int(remembered["sequence"])
    except FileNotFoundError:
        return 0, 0
    except (ValueError, KeyError, TypeError) as error:
        raise DamagedError("distribution_point.memory_damaged", path=file) from error


def _write_newest(file: Path, version: tuple[int, int]) -> None:
    write_whole(file, json.dumps({"epoch": version[0], "sequence": version[1]}).encode())
