"""Keep the signed states fresh: each is written again when it is an hour old, or does not say any more what holds.

Many are written at once, but few of any one cloud, so a slow cloud delays no other. A writing that fails is tried
again within seconds, later and later; the log hears of it once, and when it has come to a good end.
"""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from clouddp.cloud_services.ports import DueState, StateDates
from clouddp.cloud_services.reporting import Reporting
from clouddp.model.errors import SiteError

_REWRITTEN_AFTER: Final = timedelta(hours=1)
_LOOK_SECONDS: Final = 60.0
_THREADS: Final = 32
_THREADS_A_CLOUD: Final = 4
_FIRST_RETRY_SECONDS: Final = 1.0
_LAST_RETRY_SECONDS: Final = 15.0  # so that a block is told within seconds once the storage answers again


@dataclass(frozen=True, slots=True)
class _Failed:
    times: int
    next_try_at: float


class StateRefresher:
    """Writes states that are due, in threads of its own."""

    def __init__(
        self,
        *,
        write: Callable[[str], None],
        dates: StateDates,
        reporting: Reporting,
        now: Callable[[], datetime],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._write = write
        self._dates = dates
        self._reporting = reporting
        self._now = now
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._writing: dict[str, tuple[str, str]] = {}
        self._failed: dict[str, _Failed] = {}
        self._woken = threading.Event()
        self._closing = threading.Event()
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="state")
        self._thread = threading.Thread(target=self._watch, name="state-refresher", daemon=True)

    def start(self) -> None:
        """Begin to look for states that are due."""
        self._thread.start()

    def close(self) -> None:
        """Stop; what could not be written is due at the next start."""
        self._closing.set()
        self._woken.set()
        if self._thread.is_alive():
            self._thread.join()
        self._pool.shutdown(cancel_futures=True)

    def expire_all(self) -> None:
        """Have every state written again, whatever happens until then."""
        self._dates.expire_states()
        self._woken.set()

    def expire(self, service_id: str) -> None:
        """Have the state of one service written again, whatever happens until then."""
        self._dates.expire_state(service_id)
        self._woken.set()

    def begin_due(self) -> float:
        """Begin to write each state that is due; give the seconds until it is worth while to look again."""
        due = self._dates.states_written_before(self._now() - _REWRITTEN_AFTER)
        with self._lock:
            for state in due:
                if self._may_begin(state):
                    self._writing[state.service_id] = _cloud_of(state)
                    self._pool.submit(self._refresh, state)
            self._forget_all_but({state.service_id for state in due})
            resting = [failed for id_, failed in self._failed.items() if id_ not in self._writing]
            waits = [failed.next_try_at - self._monotonic() for failed in resting]
        return max(0.05, min([_LOOK_SECONDS, *waits]))

    def _may_begin(self, state: DueState) -> bool:
        failed = self._failed.get(state.service_id)
        is_waiting = failed is not None and failed.next_try_at > self._monotonic()
        at_this_cloud = list(self._writing.values()).count(_cloud_of(state))
        return state.service_id not in self._writing and not is_waiting and at_this_cloud < _THREADS_A_CLOUD

    def _forget_all_but(self, due: set[str]) -> None:
        for gone in [id_ for id_ in self._failed if id_ not in due and id_ not in self._writing]:
            del self._failed[gone]

    def _refresh(self, state: DueState) -> None:
        error = self._try_to_write(state)
        with self._lock:
            failed = self._failed.pop(state.service_id, None)
            times = 0 if failed is None else failed.times
            if error is not None:
                pause = min(_LAST_RETRY_SECONDS, _FIRST_RETRY_SECONDS * 2.0 ** min(times, 8))
                self._failed[state.service_id] = _Failed(times + 1, self._monotonic() + pause)
            del self._writing[state.service_id]
        if error is not None and times == 0:
            self._reporting.log.warning("cloud.state_not_written", service=state.service_name, reason=error)
        elif error is None and times:
            self._reporting.log.information("cloud.state_written_again", service=state.service_name)
        self._woken.set()

    def _try_to_write(self, state: DueState) -> str | None:
        """Write the state; give the reason when it could not be written."""
        try:
            self._write(state.service_id)
        except SiteError as error:
            return self._reporting.explain(error)
        except Exception as error:  # noqa: BLE001 (the database itself may have failed; the next try may not)
            return f"{type(error).__name__}: {error}"
        return None

    def _watch(self) -> None:
        while not self._closing.is_set():
            self._woken.clear()
            wait = _LOOK_SECONDS
            try:
                wait = self.begin_due()
            except Exception as error:  # noqa: BLE001 (the watch must go on; the next round tries again)
                self._reporting.log.warning("cloud.watch_failed", reason=f"{type(error).__name__}: {error}")
            self._woken.wait(wait)


def _cloud_of(state: DueState) -> tuple[str, str]:
    return state.management_url, state.subscription_id
