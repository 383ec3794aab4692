"""Logs that CMTrace and programs read."""

import json
import re
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from clouddp.telemetry.correlation import correlated
from clouddp.telemetry.logs import ComponentLog, cmtrace_line

NOON = datetime(2026, 3, 1, 12, 0, 0, 123000, tzinfo=UTC)
CMTRACE = re.compile(
    r"<!\[LOG\[(?P<text>.*)\]LOG\]!>"
    r'<time="(?P<time>\d\d:\d\d:\d\d\.\d{3}[+-]\d{3})" date="(?P<date>\d\d-\d\d-\d{4})" component="(?P<component>\w*)" '
    r'context="(?P<context>\w*)" type="(?P<type>[123])" thread="\d+" file="">\r\n'
)


def test_a_line_has_the_form_that_cmtrace_reads(tmp_path: Path) -> None:
    log = ComponentLog(tmp_path / "CloudMgr.log", "SMS_CLOUD_SERVICES_MANAGER", now=lambda: NOON)

    log.warning("site.unexpected_failure", reference="r1", reason="why")

    line = (tmp_path / "CloudMgr.log").read_bytes().decode()
    match = CMTRACE.fullmatch(line)
    assert match is not None
    assert match["text"] == "Unexpected failure, reference r1: why"
    assert (match["time"], match["date"], match["type"]) == ("12:00:00.123+000", "03-01-2026", "2")


def test_time_is_written_in_utc(tmp_path: Path) -> None:
    paris = timezone(timedelta(hours=2))
    log = ComponentLog(tmp_path / "a.log", "X", now=lambda: NOON.astimezone(paris))

    log.information("site.stopped", code="P01")

    assert 'time="12:00:00.123+000"' in (tmp_path / "a.log").read_text(encoding="utf-8")


def test_text_cannot_end_its_line_early_or_start_another() -> None:
    line = cmtrace_line("a]LOG]!><x\r\nb", "X", 1, NOON, 1)

    match = CMTRACE.fullmatch(line)
    assert match is not None
    assert line.count("]LOG]!>") == 1
    assert line.count("\n") == 1


def test_a_line_stays_shorter_than_cmtrace_can_read() -> None:
    assert len(cmtrace_line("x" * 20_000, "X", 1, NOON, 1)) < 8_000


def test_a_program_finds_code_and_arguments_and_the_correlation_id(tmp_path: Path) -> None:
    log = ComponentLog(tmp_path / "CloudMgr.log", "X", language="fr", now=lambda: NOON)

    with correlated("c0ffee"):
        log.information("site.stopped", code="P01")

    record = json.loads((tmp_path / "CloudMgr.jsonl").read_text(encoding="utf-8"))
    assert record["code"] == "site.stopped"
    assert record["arguments"] == {"code": "P01"}
    assert record["correlation_id"] == "c0ffee"


def test_a_full_log_makes_room_and_keeps_the_one_before(tmp_path: Path) -> None:
    path = tmp_path / "CloudMgr.log"
    path.write_bytes(b"x" * (5 * 2**20 + 1))

    ComponentLog(path, "X", now=lambda: NOON).information("site.stopped", code="P01")

    assert (tmp_path / "CloudMgr.lo_").stat().st_size == 5 * 2**20 + 1
    assert path.stat().st_size < 1_000


def test_a_disk_that_takes_nothing_stops_nobody(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = ComponentLog(tmp_path / "logs" / "a.log", "X", now=lambda: NOON)
    (tmp_path / "logs").rmdir()

    log.error("site.stopped", code="P01")

    assert "Site P01 was stopped." in capsys.readouterr().err
