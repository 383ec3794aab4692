"""The administration service's frame: who gets in, what is refused, how failures are told."""

from collections.abc import Iterator

import pytest
from fastapi import APIRouter
from fastapi.testclient import TestClient
from pydantic import BaseModel

from clouddp.admin.rest.application import make_administration_service
from clouddp.model.errors import ConflictError, RefusedError

TOKEN = {"Authorization": "Bearer good"}


class Body(BaseModel):
    number: int


def routes() -> APIRouter:
    router = APIRouter()

    @router.get("/things")
    def things() -> list[str]:
        return ["thing"]

    @router.get("/conflict")
    def conflict() -> None:
        raise ConflictError("site.exists_already", path="/srv")

    @router.get("/defect")
    def defect() -> None:
        raise ZeroDivisionError

    @router.post("/things")
    def make(body: Body) -> int:
        return body.number

    return router


def authenticate(token: str) -> None:
    if token != "good":
        raise RefusedError("admin.token_refused")


@pytest.fixture
def failures() -> list[str]:
    return []


@pytest.fixture
def client(failures: list[str]) -> Iterator[TestClient]:
    service = make_administration_service(
        [routes()],
        authenticate=authenticate,
        report_failure=lambda reference, error: failures.append(f"{reference} {error!r}"),
        language="en",
    )
    with TestClient(service, raise_server_exceptions=False) as client:
        yield client


def test_who_shows_a_known_token_gets_in(client: TestClient) -> None:
    answer = client.get("/api/v1/things", headers=TOKEN)

    assert answer.json() == ["thing"]
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer bad"}, {"Authorization": "Basic Z29vZA=="}])
def test_who_shows_none_or_another_is_refused(client: TestClient, headers: dict[str, str]) -> None:
    answer = client.get("/api/v1/things", headers=headers)

    assert answer.status_code == 403
    assert answer.headers["content-type"] == "application/problem+json"


def test_an_error_is_told_in_the_language_asked_for(client: TestClient) -> None:
    answer = client.get("/api/v1/conflict", headers={**TOKEN, "Accept-Language": "de, fr-CA;q=0.8"})

    assert answer.status_code == 409
    assert answer.json()["title"] == "Il y a déjà un site dans /srv."


def test_a_defect_shows_a_reference_and_nothing_else(client: TestClient, failures: list[str]) -> None:
    answer = client.get("/api/v1/defect", headers=TOKEN)

    assert answer.status_code == 500
    reference = answer.json()["arguments"]["reference"]
    assert failures == [f"{reference} ZeroDivisionError()"]
    assert "ZeroDivision" not in answer.text


def test_a_body_that_is_not_understood_names_its_fields(client: TestClient) -> None:
    answer = client.post("/api/v1/things", headers=TOKEN, json={"number": "many"})

    assert answer.status_code == 422
    assert answer.json()["faults"][0]["arguments"]["field"] == "body.number"


def test_a_body_too_large_to_be_read_is_refused_unread(client: TestClient) -> None:
    answer = client.post("/api/v1/things", headers=TOKEN, content=b"x" * (4 * 2**20 + 1))

    assert answer.status_code == 413


@pytest.mark.parametrize("length", ["00000000000099999999", "²", "-1", "9" * 5_000])
def test_a_length_that_is_none_is_refused(client: TestClient, length: str) -> None:
    headers = [(b"Authorization", b"Bearer good"), (b"Content-Length", length.encode())]

    answer = client.post("/api/v1/things", headers=headers, content=b"{}")

    assert answer.status_code == 413


def test_the_services_description_is_for_administrators_alone(client: TestClient) -> None:
    described = client.get("/api/v1/openapi.json", headers=TOKEN)

    assert "/api/v1/things" in described.json()["paths"]
    assert client.get("/api/v1/openapi.json").status_code == 403
    assert client.get("/openapi.json").status_code == 404
