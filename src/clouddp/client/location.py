"""Ask the management point where content is, and believe only what the pinned site signed."""

import base64
import binascii
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from clouddp.client.identity import ClientFolders, ClientIdentity, write_private
from clouddp.client.management_point import ManagementPoint
from clouddp.content.format.manifest import MANIFEST_LIMIT_BYTES
from clouddp.content.format.statement import STATEMENT_LIMIT_BYTES, VersionStatement, parse_statement
from clouddp.model.errors import DamagedError, RefusedError
from clouddp.network.signed import Purpose, verify
from clouddp.network.tls import client_context
from clouddp.network.tokens import make_assertion


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A distribution point that has the content, and what opens it there."""

    distribution_point_id: str
    service_fqdn: str
    port: int
    access_token: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentLocation:
    """Where a package version is: its signed statement, its manifest's key, its sources in order."""

    statement: VersionStatement
    manifest_key: bytes = field(repr=False)
    sources: tuple[Source, ...]


class ContentLocator:
    """Asks for locations as one registered client."""

    def __init__(
        self, identity: ClientIdentity, folders: ClientFolders, *, language: str, now: Callable[[], datetime]
    ) -> None:
        self._identity = identity
        self._folders = folders
        self._now = now
        context = client_context(authorities_pem=identity.trust.authorities_pem)
        self._management_point = ManagementPoint(identity.management_point_url, context, language=language)

    def locate(self, package_id: str) -> ContentLocation:
        """Find the newest version of a package.

        Raises:
            RefusedError: the management point says no, or offers a version older than one accepted before.
            DamagedError: the answer is not what the site signed.

        """
        identity = self._identity
        assertion = make_assertion(
            key=identity.key, client_id=identity.client_id, audience=identity.management_point_url, now=self._now()
        )
        headers = {"Authorization": f"Assertion {assertion}", "X-Clouddp-Client": identity.client_id}
        answer = self._management_point.post("/mp/v1/locations", {"package_id": package_id}, headers)
        location = _read_location(answer, identity, package_id)
        self._refuse_older(location.statement)
        return location

    def _refuse_older(self, statement: VersionStatement) -> None:
        """Keep the highest version of each package: an old one may have a hole that the new one closed."""
        known = _read_versions(self._folders)
        highest = known.get(statement.package, 0)
        if statement.version < highest:
            raise RefusedError(
                "client.version_older", package=statement.package, version=statement.version, highest=highest
            )
        if statement.version > highest:
            write_private(self._folders.versions, {**known, statement.package: statement.version})


def _read_location(answer: Mapping[str, Any], identity: ClientIdentity, package_id: str) -> ContentLocation:
    try:
        claims = verify(
            answer["statement"],
            keys=identity.trust.site_keys,
            purpose=Purpose.VERSION,
            limit_bytes=STATEMENT_LIMIT_BYTES,
        )
        statement = parse_statement(claims)
        key = _decode_key(answer["manifest"]["key"])
        sources = tuple(_read_source(source) for source in answer["sources"])
    except (KeyError, TypeError, ValueError) as error:
        raise DamagedError("client.location_not_valid", package=package_id) from error
    is_asked = (statement.site, statement.package) == (identity.trust.site_code, package_id)
    is_told = statement.version_id == answer.get("version_id")
    if not is_asked or not is_told or statement.manifest_length > MANIFEST_LIMIT_BYTES:
        raise DamagedError("client.location_not_valid", package=package_id)
    return ContentLocation(statement=statement, manifest_key=key, sources=sources)


def _read_source(source: Mapping[str, Any]) -> Source:
    port = source["port"]
    if source["kind"] != "cloud" or type(port) is not int or not 0 < port < 65_536:
        raise ValueError(source["kind"])
    return Source(
        distribution_point_id=str(source["distribution_point_id"]),
        service_fqdn=str(source["service_fqdn"]),
        port=port,
        access_token=_token(source["access_token"]),
    )


def _token(token: object) -> str:
    """Accept what can stand in a header."""
    if not isinstance(token, str) or not token.isascii() or not token.isprintable() or " " in token:
        raise ValueError
    return token


def _decode_key(text: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error as error:
        raise ValueError from error


def _read_versions(folders: ClientFolders) -> dict[str, int]:
    try:
        known = json.loads(folders.versions.read_bytes())
        return {str(package): int(version) for package, version in known.items()}
    except FileNotFoundError:
        return {}
    except (ValueError, AttributeError, TypeError) as error:
        raise DamagedError("client.versions_damaged", path=folders.versions) from error
