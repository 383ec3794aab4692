"""Access tokens whose signature was verified lately: verifying costs more than serving a small object."""

import hashlib
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from clouddp.model.exchange import ServiceStateDocument
from clouddp.network.tokens import AccessClaims, verify_access_token

_TOKENS_KEPT: Final = 10_000

_Keys = Sequence[Mapping[str, str]]


class VerifiedTokens:
    """Remembers claims by the token's SHA-256, for as long as the token keys stay the same."""

    def __init__(self, *, limit: int = _TOKENS_KEPT) -> None:
        self._limit = limit
        self._kept: OrderedDict[bytes, tuple[_Keys, AccessClaims]] = OrderedDict()

    def claims(self, token: str, *, state: ServiceStateDocument, now: datetime) -> AccessClaims:
        """Give what the token says; its time and its client are the caller's to judge, each time.

        Raises:
            RefusedError: it is not a token of the site for this distribution point.

        """
        digest = hashlib.sha256(token.encode("ascii", errors="replace")).digest()
        kept = self._kept.get(digest)
        if kept is not None and kept[0] == state.token_keys:
            self._kept.move_to_end(digest)
            return kept[1]
        self._kept.pop(digest, None)
        claims = verify_access_token(token, keys=state.token_keys, service_id=state.service_id, now=now)
        self._kept[digest] = (state.token_keys, claims)
        if len(self._kept) > self._limit:
            self._kept.popitem(last=False)
        return claims
