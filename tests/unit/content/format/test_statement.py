"""Tests of the claims about a version."""

import hashlib

import pytest

from clouddp.content.format.statement import VersionStatement, check_manifest, parse_statement, statement_claims
from clouddp.model.errors import DamagedError

CIPHERTEXT = b"manifest ciphertext"
STATEMENT = VersionStatement(
    site="P01",
    package="P0100001",
    version=3,
    version_id="ab" * 16,
    manifest_name="cd" * 16,
    manifest_sha256=hashlib.sha256(CIPHERTEXT).hexdigest(),
    manifest_length=len(CIPHERTEXT),
)


def test_claims_are_read_as_they_were_written() -> None:
    assert parse_statement(statement_claims(STATEMENT)) == STATEMENT


@pytest.mark.parametrize(
    "change", [{"more": 1}, {"version": "3"}, {"version": -1}, {"manifest_sha256": "00"}, {"site": ""}]
)
def test_other_claims_are_refused(change: dict[str, object]) -> None:
    with pytest.raises(DamagedError, match="statement_not_valid"):
        parse_statement(statement_claims(STATEMENT) | change)


def test_exactly_the_signed_manifest_is_accepted() -> None:
    check_manifest(STATEMENT, CIPHERTEXT)

    for other in (CIPHERTEXT + b"x", CIPHERTEXT[:-1] + b"x", b""):
        with pytest.raises(DamagedError, match="manifest_not_the_signed_one"):
            check_manifest(STATEMENT, other)
