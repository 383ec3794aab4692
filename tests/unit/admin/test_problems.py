"""Errors as problem documents, there and back."""

import pytest

from clouddp.admin.problems import error_of_problem, problem_document
from clouddp.model.errors import (
    ConflictError,
    InvalidInputError,
    NotFoundError,
    RefusedError,
    SiteError,
    TemporaryError,
)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (NotFoundError("site.none_here", path="/srv"), 404),
        (RefusedError("admin.token_refused"), 403),
        (ConflictError("site.exists_already", path="/srv"), 409),
        (TemporaryError("admin.site_unreachable", url="u", reason="r"), 503),
    ],
)
def test_an_error_survives_the_way_to_the_caller(error: SiteError, status: int) -> None:
    document = problem_document(error, "en")

    again = error_of_problem(document)

    assert document["status"] == status
    assert (type(again), again.code, again.arguments) == (type(error), error.code, error.arguments)


def test_all_faults_arrive_in_the_callers_language() -> None:
    fault = InvalidInputError("site.code_invalid", code="x")
    error = InvalidInputError("site.settings_invalid", faults=(fault,))

    document = problem_document(error, "fr")

    assert document["faults"][0]["title"] == "« x » n’est pas un code de site."
    again = error_of_problem(document)
    assert isinstance(again, InvalidInputError)
    assert [fault.code for fault in again.faults] == ["site.code_invalid"]
