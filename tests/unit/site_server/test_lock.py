"""One site server in one directory."""

import os
from pathlib import Path

import pytest

from clouddp.model.errors import ConflictError
from clouddp.site_server.lock import sole_server


def test_a_second_server_is_refused_and_told_who_is_there(tmp_path: Path) -> None:
    with (
        sole_server(tmp_path / "lock"),
        pytest.raises(ConflictError) as refused,
        sole_server(tmp_path / "lock"),
    ):
        pass

    assert refused.value.arguments["process"] == str(os.getpid())


def test_the_directory_is_free_again_afterwards(tmp_path: Path) -> None:
    with sole_server(tmp_path / "lock"):
        pass

    with sole_server(tmp_path / "lock"):
        pass
