"""Status messages are read in the reader's language."""

from datetime import UTC, datetime

import pytest

from clouddp.model.status import Component, Severity, StatusMessage
from clouddp.site_server.status import status_text


@pytest.mark.parametrize(
    ("language", "step", "words"),
    [
        ("en", "cloud.step_container", "waiting for the container"),
        ("fr", "cloud.step_container", "attente du conteneur"),
        ("fr", "cloud.step_of_an_earlier_version", "cloud.step_of_an_earlier_version"),
        ("fr", "creating the storage account", "creating the storage account"),
    ],
)
def test_a_step_is_told_in_the_language_of_the_reader(language: str, step: str, words: str) -> None:
    assert words in status_text(_message(step), language)


def _message(step: str) -> StatusMessage:
    return StatusMessage(
        number=12001,
        severity=Severity.INFORMATIONAL,
        component=Component.CLOUD_SERVICES_MANAGER,
        reported_at=datetime(2026, 11, 23, 12, tzinfo=UTC),
        object_id=None,
        insertions={"service": "d1594d4527614a09b934d470", "step": step},
    )
