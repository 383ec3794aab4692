"""Tests of the programs of the command line: help pages and usage errors, in both languages."""

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner, Result

from clouddp.language.help_texts import help_text
from clouddp.language.program import Program


class Colour(StrEnum):
    """Something to choose."""

    RED = "red"
    BLUE = "blue"


def _program() -> Program:
    program = Program()

    @program.callback()
    def paint() -> None:
        """Packages: add, distribute, watch."""

    @program.command("wall")
    def wall(
        name: Annotated[str, typer.Argument(help="The client's ID.")],
        *,
        colour: Annotated[Colour, typer.Option(help="Its port.")] = Colour.RED,
        days: Annotated[int, typer.Option(help="For how long it is valid.")] = 3,
        folder: Annotated[Path, typer.Option("--folder", "-o", help="Where to write the files.")] = Path(),
        force: Annotated[bool, typer.Option("--force", help="Replace files that are there.")] = False,
        as_json: Annotated[bool, typer.Option("--json", help="Answer with JSON.")] = False,
    ) -> None:
        """List the packages.

        Example: paint wall north --colour blue
        """
        typer.echo(f"{name} {colour} {days} {folder} {force} {as_json}")

    @program.command("door")
    def door() -> None:
        """Make a package of a folder.

        Example: paint door
        """
        raise typer.Exit(3)

    return program


def _run(*words: str, language: str = "en") -> Result:
    return CliRunner().invoke(
        _program(), list(words), prog_name="paint", env={"CLOUDDP_LANG": language, "COLUMNS": "90"}
    )


def test_a_command_runs_with_what_was_given() -> None:
    result = _run("wall", "north", "--colour", "blue", "--days", "5", "-o", "x", "--force")

    assert (result.exit_code, result.stdout) == (0, "north blue 5 x True False\n")


def test_a_command_ends_with_its_own_exit_code() -> None:
    assert _run("door").exit_code == 3


def test_the_page_of_a_program_lists_its_commands() -> None:
    result = _run("--help")

    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "Usage: paint [OPTIONS] COMMAND …",
        "",
        "Packages: add, distribute, watch.",
        "",
        "Commands:",
        "  wall  List the packages.",
        "  door  Make a package of a folder.",
        "",
        "Options:",
        "  --help  Show this page.",
    ]


def test_the_page_of_a_command_tells_what_may_be_given_in_the_readers_language() -> None:
    result = _run("wall", "--help", language="fr")

    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "Utilisation : paint wall [OPTIONS] NAME",
        "",
        "Lister les packages.",
        "",
        "Exemple :",
        "  paint wall north --colour blue",
        "",
        "Arguments :",
        "  NAME  L’ID du client. (obligatoire)",
        "",
        "Options :",
        "  --colour red|blue    Son port. (par défaut : red)",
        "  --days NOMBRE        Sa durée de validité en jours. (par défaut : 3)",
        "  -o, --folder CHEMIN  Où écrire les fichiers. (par défaut : .)",
        "  --force              Remplacer les fichiers qui existent.",
        "  --json               Répondre en JSON.",
        "  --help               Afficher cette page.",
    ]


def test_a_program_without_a_command_shows_its_page_and_ends_with_2() -> None:
    result = _run()

    assert result.exit_code == 2
    assert result.stderr.startswith("Usage: paint")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["wal"], "There is no command “paint wal”.\n  → Did you mean `paint wall`?\n"),
        (["roof"], "There is no command “paint roof”.\n  → `paint --help` lists the commands.\n"),
        (["wall"], "NAME is missing.\n  → `paint wall --help` shows what is needed.\n"),
        (["wall", "north", "--dayz", "1"], "There is no option --dayz here.\n  → Did you mean --days? "),
        (
            ["wall", "north", "--quick"],
            "There is no option --quick here.\n  → `paint wall --help` lists the options.\n",
        ),
        (["wall", "north", "--days"], "The option --days has no value and needs one"),
        (["wall", "north", "--days", "many"], "What is given for --days is not a number"),
        (["wall", "north", "--colour", "green"], "What is given for --colour is none of: red, blue.\n"),
        (["wall", "north", "south"], "There is more on the command line than “paint wall” takes.\n"),
    ],
)
def test_what_is_wrong_is_told_and_ends_with_2(words: list[str], told: str) -> None:
    result = _run(*words)

    assert result.exit_code == 2
    assert result.stderr.startswith(told)


def test_what_is_wrong_is_told_in_the_readers_language() -> None:
    assert _run("wall", language="fr").stderr.startswith("NAME manque.\n  → `paint wall --help` montre ce qu’il faut.")


def test_what_is_wrong_is_told_as_json_when_json_was_asked_for() -> None:
    told = json.loads(_run("wall", "--json").stderr)

    assert told["code"] == "command_line.missing"


def test_help_without_a_text_in_a_language_stays_english() -> None:
    assert help_text("Nobody has written\n  this.", "fr") == "Nobody has written this."
