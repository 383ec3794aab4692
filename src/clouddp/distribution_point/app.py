"""The front end: answers `/content/<name>` to who holds a token for it, and `/health` to everybody."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from granian.rsgi import Scope

from clouddp.distribution_point.access import (
    Refusal,
    bearer_token,
    is_scope_of,
    is_serving,
    judge_claims,
    object_name,
)
from clouddp.distribution_point.access_log import AccessLog
from clouddp.distribution_point.answers import (
    Answer,
    Response,
    closing,
    health_answer,
    method_answer,
    object_answer,
    refusal_answer,
)
from clouddp.distribution_point.conditions import Conditions, select_octets
from clouddp.distribution_point.state_reader import ScopeReader, StateReader
from clouddp.distribution_point.verified_tokens import VerifiedTokens
from clouddp.model.errors import RefusedError
from clouddp.network.tokens import AccessClaims


class FrontEnd:
    """An RSGI application; all of it runs on one event loop, but for reading scopes."""

    def __init__(
        self,
        *,
        content_folder: Path,
        states: StateReader,
        scopes: ScopeReader,
        log: AccessLog,
        started: asyncio.Event,
        now: Callable[[], datetime],
    ) -> None:
        self.is_leaving = False  # callers are then asked to connect anew, and meet another instance
        self._content = content_folder
        self._states = states
        self._scopes = scopes
        self._tokens = VerifiedTokens()
        self._log = log
        self._started = started
        self._now = now

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Note that the server starts: when what is under way in this loop has been done, it accepts connections."""
        loop.call_soon(self._started.set)

    async def __rsgi__(self, request: Scope, response: Response) -> None:
        """Answer one request."""
        if request.proto != "http":
            return
        answer, who = await self._answer(request)
        if self.is_leaving:
            answer = closing(answer)
        answer.send(response, with_body=request.method != "HEAD")
        self._log.write(
            moment=self._now(),
            caller=request.client,
            method=request.method,
            path=request.path,
            status=answer.status,
            octets=answer.length,
            who=who,
        )

    async def _answer(self, request: Scope) -> tuple[Answer, str]:
        if request.method not in ("GET", "HEAD"):
            return method_answer(), "-"
        if request.path == "/health":
            return health_answer(), "-"
        allowed = self._admit(request.headers.get("authorization"))
        if isinstance(allowed, Refusal):
            return refusal_answer(allowed), allowed.value
        return await self._object_answer(request, allowed), allowed.client_id

    def _admit(self, authorization: str | None) -> AccessClaims | Refusal:
        """Say whose request it is, and for which version; the path plays no part in it."""
        state, now = self._states.state, self._now()
        if state is None or not is_serving(state, now):
            return Refusal.NOT_SERVING
        token = bearer_token(authorization)
        if token is None:
            return Refusal.TOKEN_MISSING
        try:
            claims = self._tokens.claims(token, state=state, now=now)
        except RefusedError:
            return Refusal.TOKEN_REFUSED
        return judge_claims(claims, state=state, now=now) or claims

    async def _object_answer(self, request: Scope, claims: AccessClaims) -> Answer:
        """Answer with an object of the token's version: a name outside of it touches no storage."""
        name = object_name(request.path)
        scope = self._scopes.fresh(claims.version_id) or await asyncio.to_thread(self._scopes.read, claims.version_id)
        if name is None or scope is None or not is_scope_of(scope, claims) or name not in scope.lengths:
            return refusal_answer(Refusal.NOT_FOUND)
        file = self._content / name
        try:
            status = file.stat()
        except FileNotFoundError:
            return refusal_answer(Refusal.NOT_FOUND)
        etag = f'"{status.st_mtime_ns:x}-{status.st_size:x}"'
        selection = select_octets(_conditions(request), method=request.method, etag=etag, length=status.st_size)
        return object_answer(file, selection, etag=etag, length=status.st_size)


def _conditions(request: Scope) -> Conditions:
    return Conditions(
        if_match=request.headers.get("if-match"),
        if_none_match=request.headers.get("if-none-match"),
        range=request.headers.get("range"),
        if_range=request.headers.get("if-range"),
    )
