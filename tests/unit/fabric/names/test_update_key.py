"""The key of a zone is made once, kept secret, and read strictly."""

import base64
import json
from pathlib import Path

import pytest

from clouddp.fabric.names.update_key import open_update_key
from clouddp.model.errors import InvalidInputError

GOOD = {"name": "clouddp.contoso.com", "algorithm": "hmac-sha256", "secret_base64": "c2VjcmV0"}


def test_a_missing_key_is_made_once_for_its_zone(tmp_path: Path) -> None:
    made = open_update_key(tmp_path / "key.json", "contoso.com")

    assert open_update_key(tmp_path / "key.json", "contoso.com") == made
    assert made.name == "clouddp.contoso.com"
    assert len(base64.b64decode(made.secret_base64)) == 32
    assert (tmp_path / "key.json").stat().st_mode & 0o777 == 0o600


def test_two_zones_have_two_secrets(tmp_path: Path) -> None:
    made = [open_update_key(tmp_path / zone, zone).secret_base64 for zone in ("a.example", "b.example")]

    assert made[0] != made[1]


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "1",
        json.dumps({**GOOD, "algorithm": "hmac-md5"}),
        json.dumps({**GOOD, "secret_base64": "*"}),
        json.dumps({**GOOD, "secret_base64": ""}),
        json.dumps({**GOOD, "name": 1}),
        json.dumps({**GOOD, "more": "x"}),
        json.dumps({"name": "a"}),
        "[" * 100_000,
    ],
    ids=lambda content: content[:40],
)
def test_a_file_that_holds_no_key_is_refused_and_left(tmp_path: Path, content: str) -> None:
    (tmp_path / "key.json").write_text(content, encoding="utf-8")

    with pytest.raises(InvalidInputError, match="zone_key_damaged"):
        open_update_key(tmp_path / "key.json", "contoso.com")

    assert (tmp_path / "key.json").read_text(encoding="utf-8") == content
