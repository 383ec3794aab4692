"""Register clients, decide what they may use, and shut them out."""

import hashlib
import hmac
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, Protocol
from uuid import uuid4

from clouddp.model.client import RegisteredClient
from clouddp.model.errors import ConflictError, InvalidInputError, NotFoundError, RefusedError
from clouddp.model.status import Component, Severity
from clouddp.network.registration import make_registration_token, parse_registration_token
from clouddp.network.signing_keys import parse_public_jwk
from clouddp.site_server.database.clients import ClientRepository

MOST_USES: Final = 100_000
MOST_HOURS: Final = 24 * 90

_TOLD_AGAIN_AFTER: Final = timedelta(hours=1)
_MOST_TOLD: Final = 1_000
_ALLOW_CLOUD: Final = "allow_cloud_distribution_point"


class StatusReporter(Protocol):
    """Where status messages go."""

    def report(
        self, number: int, severity: Severity, component: Component, *, object_id: str | None = None, **insertions: str
    ) -> None:
        """Keep a message of this moment."""


class SiteClients:
    """The site's clients. Safe to use from many threads.

    `fingerprint` gives what registration tokens name the site by; `blocks_changed` is called after a client was shut
    out, so that front ends learn of it.
    """

    def __init__(
        self,
        records: ClientRepository,
        *,
        fingerprint: Callable[[], str],
        blocks_changed: Callable[[], None],
        status: StatusReporter,
        now: Callable[[], datetime],
    ) -> None:
        self._records = records
        self._fingerprint = fingerprint
        self._blocks_changed = blocks_changed
        self._status = status
        self._now = now
        self._refusals = _Refusals()

    def new_registration_token(self, *, uses: int = 1, hours: int = 24) -> str:
        """Make a token with which so many clients can register for so long; it is shown once and never again.

        Raises:
            InvalidInputError: a number is out of bounds.

        """
        if not 1 <= uses <= MOST_USES or not 1 <= hours <= MOST_HOURS:
            raise InvalidInputError("management_point.token_bounds", uses=MOST_USES, hours=MOST_HOURS)
        token = make_registration_token(self._fingerprint())
        now = self._now()
        self._records.add_token(
            token.id, _digest(token.secret), uses=uses, created_at=now, expires_at=now + timedelta(hours=hours)
        )
        return str(token)

    def register(self, token: str, *, public_key: Mapping[str, object], name: str) -> str:
        """Use a registration token once and return the new client's id.

        Raises:
            RefusedError: the token is unknown, used up or expired.
            InvalidInputError: the token or the key cannot be read.
            ConflictError: a client with this key is registered already.

        """
        parsed, key, now = parse_registration_token(token), parse_public_jwk(public_key), self._now()
        known = self._records.token_secret(parsed.id)
        if known is None:
            raise RefusedError("management_point.registration_refused")
        if not hmac.compare_digest(known, _digest(parsed.secret)) or parsed.fingerprint != self._fingerprint():
            raise self._refuse(parsed.id)
        if self._records.has_key(key["kid"]):
            raise ConflictError("management_point.key_registered")
        new = RegisteredClient(id=uuid4().hex, name=name, public_key=key, registered_at=now, blocked_at=None)
        if not self._records.register(new, token_id=parsed.id):
            raise self._refuse(parsed.id)
        self._status.report(
            12020, Severity.INFORMATIONAL, Component.MANAGEMENT_POINT, object_id=new.id, client=f"{name} ({new.id})"
        )
        return new.id

    def find(self, client_id: str) -> RegisteredClient | None:
        """Return the client; None when there is none."""
        return self._records.find(client_id)

    def list(self) -> Sequence[RegisteredClient]:
        """Give all clients, newest first."""
        return self._records.list()

    def block(self, client_id: str) -> None:
        """Shut a client out: at once at the management point, at front ends with their next look at the state.

        Raises:
            NotFoundError: there is no such client.

        """
        if not self._records.block(client_id, now=self._now()):
            raise NotFoundError("management_point.client_missing", client=client_id)
        self._blocks_changed()

    def is_cloud_allowed(self) -> bool:
        """Say whether *Allow access to cloud distribution point* is Yes; No until somebody decides."""
        return self._records.setting(_ALLOW_CLOUD) == "yes"

    def allow_cloud(self, *, allowed: bool) -> None:
        """Set *Allow access to cloud distribution point*."""
        self._records.set_setting(_ALLOW_CLOUD, "yes" if allowed else "no")

    def _refuse(self, token_id: str) -> RefusedError:
        """Report who comes with a token of ours, once an hour for each; what strangers send is not worth a row."""
        if self._refusals.is_new(token_id, self._now()):
            self._status.report(12021, Severity.WARNING, Component.MANAGEMENT_POINT, reason=f"token {token_id}")
        return RefusedError("management_point.registration_refused")


class _Refusals:
    """Which refused tokens were told of within the last hour; kept in memory, and bounded."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._told: OrderedDict[str, datetime] = OrderedDict()

    def is_new(self, token_id: str, now: datetime) -> bool:
        with self._lock:
            told = self._told.get(token_id)
            if told is not None and now - told < _TOLD_AGAIN_AFTER:
                return False
            self._told[token_id] = now
            self._told.move_to_end(token_id)
            if len(self._told) > _MOST_TOLD:
                self._told.popitem(last=False)
            return True


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("ascii")).digest()
