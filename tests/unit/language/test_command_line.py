"""How a command ends that failed, and whose language it speaks."""

import json
from pathlib import Path

import pytest

from clouddp.language.command_line import chosen_language, clouddp_home, exit_on_error
from clouddp.model.errors import (
    CloudError,
    ConflictError,
    InvalidInputError,
    NotFoundError,
    RefusedError,
    SiteError,
)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (InvalidInputError("site.settings_invalid"), 2),
        (NotFoundError("site.none_here", path="/srv"), 3),
        (RefusedError("admin.token_refused"), 4),
        (ConflictError("site.exists_already", path="/srv"), 1),
        (CloudError("site.settings_invalid"), 1),
    ],
)
def test_the_exit_code_says_what_kind_of_failure_it_was(error: SiteError, expected: int) -> None:
    @exit_on_error
    def command() -> None:
        raise error

    with pytest.raises(SystemExit) as ended:
        command()

    assert ended.value.code == expected


def test_all_faults_are_told_with_what_to_do(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLOUDDP_LANG", "fr")
    faults = (
        InvalidInputError("site.code_invalid", code="x"),
        InvalidInputError("site.language_unknown", language="y"),
    )

    @exit_on_error
    def command() -> None:
        raise InvalidInputError("site.settings_invalid", faults=faults)

    with pytest.raises(SystemExit):
        command()

    told = capsys.readouterr().err
    assert "« x » n’est pas un code de site." in told
    assert "→ Utilisez en ou fr." in told


def test_a_program_gets_the_error_as_one_json_object(capsys: pytest.CaptureFixture[str]) -> None:
    @exit_on_error
    def command(*, as_json: bool) -> None:
        raise NotFoundError("site.none_here", path="/srv")

    with pytest.raises(SystemExit):
        command(as_json=True)

    assert json.loads(capsys.readouterr().err)["code"] == "site.none_here"


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"CLOUDDP_LANG": "fr", "LANG": "en_GB.UTF-8"}, "fr"),
        ({"LANG": "fr_CA.UTF-8"}, "fr"),
        ({"LANG": "C.UTF-8"}, "en"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({}, "en"),
    ],
)
def test_the_language_is_the_chosen_one_else_the_systems_else_english(
    environment: dict[str, str], expected: str
) -> None:
    assert chosen_language(environment) == expected


def test_the_home_is_where_the_environment_says(tmp_path: Path) -> None:
    assert clouddp_home({"CLOUDDP_HOME": str(tmp_path)}) == tmp_path
