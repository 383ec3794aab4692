"""The claims of a version's signed statement, which bind a manifest to the site, package and version it is for."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError, with_config

from clouddp.content.format.digests import Octets
from clouddp.content.format.entries import Number, ObjectName
from clouddp.model.errors import DamagedError

STATEMENT_LIMIT_BYTES = 4096

_Name = Annotated[str, Field(min_length=1, max_length=64)]
_Hexadecimal = Annotated[str, Field(pattern=r"^[0-9a-f]{64}\z")]


@with_config(ConfigDict(strict=True, extra="forbid"))
@dataclass(frozen=True, slots=True, kw_only=True)
class VersionStatement:
    """What a site says about one package version; its signature is in the JWS around it."""

    site: _Name
    package: _Name
    version: Number
    version_id: _Name
    manifest_name: ObjectName
    manifest_sha256: _Hexadecimal
    manifest_length: Number


def statement_claims(statement: VersionStatement) -> dict[str, Any]:
    """Write the claims to sign."""
    claims: dict[str, Any] = _statements().dump_python(statement)
    return claims


def parse_statement(claims: Mapping[str, Any]) -> VersionStatement:
    """Read verified claims.

    Raises: DamagedError when they are not a version statement.
    """
    try:
        return _statements().validate_json(json.dumps(dict(claims)))
    except (ValidationError, TypeError) as error:
        raise DamagedError("content.statement_not_valid") from error


def check_manifest(statement: VersionStatement, ciphertext: Octets) -> None:
    """Accept exactly the manifest ciphertext that the statement covers.

    Raises: DamagedError for any other.
    """
    matches = len(ciphertext) == statement.manifest_length
    if not matches or hashlib.sha256(ciphertext).hexdigest() != statement.manifest_sha256:
        raise DamagedError("content.manifest_not_the_signed_one", name=statement.manifest_name)


@cache
def _statements() -> TypeAdapter[VersionStatement]:
    return TypeAdapter(VersionStatement)
