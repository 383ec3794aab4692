"""What the management point does with a request once it is read: admit the client, locate, give tokens."""

import base64
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from clouddp.management_point.location import JudgedSource, Rule, order_sources
from clouddp.management_point.ports import LocatedContent, SiteRecords
from clouddp.management_point.replays import SeenAssertions
from clouddp.model.client import RegisteredClient
from clouddp.model.cloud_service import CloudService
from clouddp.model.errors import NotFoundError, RefusedError, TemporaryError
from clouddp.network.signing_keys import SigningKey
from clouddp.network.tokens import issue_access_token, verify_assertion
from clouddp.telemetry.logs import ComponentLog

_ASSERTION: Final = re.compile(r"(?i:assertion) +([A-Za-z0-9._-]+) *")
_NOT_READY_RETRY_SECONDS: Final = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteDescription:
    """What everybody may know of the site."""

    site_code: str
    site_keys: Sequence[Mapping[str, str]]  # public JWKs that sign package versions
    authorities_pem: str
    management_point_url: str  # the audience of assertions, the issuer of tokens

    def document(self) -> dict[str, Any]:
        """Write it as clients read it."""
        return {
            "site_code": self.site_code,
            "site_keys": [dict(key) for key in self.site_keys],
            "authorities_pem": self.authorities_pem,
        }


class Decisions:
    """Answers clients. Safe to use from many threads."""

    def __init__(
        self,
        site: SiteDescription,
        records: SiteRecords,
        *,
        token_key: Callable[[], SigningKey],
        log: ComponentLog,
        now: Callable[[], datetime],
        draw: Callable[[], float],
    ) -> None:
        self._site = site
        self._records = records
        self._token_key = token_key
        self._log = log
        self._now = now
        self._draw = draw
        self._seen = SeenAssertions()

    def admit(self, client_id: str | None, authorization: str | None) -> RegisteredClient:
        """Say which client speaks, from its assertion.

        Raises:
            RefusedError: the assertion is missing, not the client's, or was used before; or nobody knows the client.

        """
        match = _ASSERTION.fullmatch(authorization or "")
        client = self._records.clients.find(client_id) if client_id else None
        if match is None or client is None:
            raise RefusedError("management_point.client_unknown")
        now = self._now()
        claims = verify_assertion(
            match[1],
            public_key=client.public_key,
            client_id=client.id,
            audience=self._site.management_point_url,
            now=now,
        )
        self._seen.remember(client.id, claims, now=now)
        return client

    def locate(self, client: RegisteredClient, package_id: str, version_id: str | None) -> dict[str, Any]:
        """Say where a package version is, and give what opens it.

        Raises:
            RefusedError: the client is blocked, or may not use any place that has it.
            NotFoundError: no distribution point has it.
            TemporaryError: those that have it do not serve at the moment.

        """
        if client.blocked_at is not None:
            raise RefusedError("management_point.client_blocked")
        content = self._records.contents.located_content(package_id, version_id)
        if content is None:
            raise NotFoundError("management_point.content_missing", package=package_id)
        judged = order_sources(
            self._records.services.list(),
            holders=frozenset(content.distribution_point_ids),
            is_blocked=False,
            is_cloud_allowed=self._records.clients.is_cloud_allowed(),
            draw=self._draw,
        )
        sources = [self._source(one.service, client, content) for one in judged if one.place is not None]
        if not sources:
            raise _no_source(judged, package_id)
        self._log.information(
            "management_point.location_given",
            client=client.id,
            package=package_id,
            version=content.version_number,
            count=len(sources),
        )
        return _location_document(content, sources)

    def _source(self, service: CloudService, client: RegisteredClient, content: LocatedContent) -> dict[str, Any]:
        token = issue_access_token(
            key=self._token_key(),
            issuer=self._site.management_point_url,
            client_id=client.id,
            service_id=service.id,
            version_id=content.version_id,
            now=self._now(),
        )
        return {
            "kind": "cloud",
            "distribution_point_id": service.id,
            "service_fqdn": service.service_fqdn,
            "port": service.port,
            "access_token": token,
        }


def _location_document(content: LocatedContent, sources: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "package_id": content.package_id,
        "version_number": content.version_number,
        "version_id": content.version_id,
        "statement": content.statement,
        "manifest": {
            "name": content.manifest_name,
            "length": content.manifest_length,
            "key": base64.urlsafe_b64encode(content.manifest_key).rstrip(b"=").decode("ascii"),
        },
        "sources": sources,
    }


def _no_source(judged: Sequence[JudgedSource], package_id: str) -> RefusedError | TemporaryError:
    if any(one.rule is Rule.CLOUD_NOT_ALLOWED for one in judged):
        return RefusedError("management_point.cloud_not_allowed", package=package_id)
    return TemporaryError(
        "management_point.none_ready", retry_after_seconds=_NOT_READY_RETRY_SECONDS, package=package_id
    )
