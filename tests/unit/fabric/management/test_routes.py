"""A request finds what answers it by method, path, comp and version, or the protocol's reason why nothing does."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from clouddp.fabric.management.protocol_errors import ProtocolError
from clouddp.fabric.management.routes import CERTIFICATE_VERSION, OLDEST_VERSION, Reply, Request, Route, Router

REQUEST = Request(
    id="0" * 32,
    method="GET",
    base_url="https://127.0.0.1",
    subscription_id="5ub",
    path="services/things",
    query={},
    version="2014-10-01",
    body=b"",
)


def answer(_request: Request, _names: Mapping[str, str]) -> Reply:
    return Reply()


ROUTER = Router(
    [
        Route("GET", "", "get-subscription", answer),
        Route("GET", "/services/things", "list-things", answer),
        Route("GET", "/services/things/operations/isavailable/{name}", "check", answer, version=CERTIFICATE_VERSION),
        Route("GET", "/services/things/{name}", "get-thing", answer),
        Route("POST", "/services/things/{name}", "start-thing", answer, comp="start"),
        Route("DELETE", "/services/things/{name}/parts/{part}", "delete-part", answer),
    ]
)


def found(**changes: object) -> tuple[str, dict[str, str]]:
    route, names = ROUTER.find(replace(REQUEST, **changes))  # type: ignore[arg-type]  # fields by name
    return route.operation, dict(names)


def refused(**changes: object) -> str:
    with pytest.raises(ProtocolError) as caught:
        found(**changes)
    return caught.value.code


@pytest.mark.parametrize("path", ["", "/", "//"])
def test_no_path_is_the_subscription(path: str) -> None:
    assert found(path=path) == ("get-subscription", {})


@pytest.mark.parametrize("path", ["services/things", "services/things/", "Services/THINGS", "/services/things//"])
def test_paths_are_compared_without_case_and_without_a_last_slash(path: str) -> None:
    assert found(path=path) == ("list-things", {})


def test_names_are_taken_out_of_the_path_as_they_are() -> None:
    assert found(path="services/things/One.Two-3") == ("get-thing", {"name": "One.Two-3"})
    assert found(method="DELETE", path="services/things/a/parts/b") == ("delete-part", {"name": "a", "part": "b"})


def test_what_stands_in_a_path_is_no_pattern() -> None:
    assert refused(path="servicesXthings") == "ResourceNotFound"
    assert refused(path="services/things/a/parts") == "ResourceNotFound"


def test_comp_tells_operations_apart_without_regard_to_case() -> None:
    assert found(method="POST", path="services/things/a", query={"comp": "START"})[0] == "start-thing"
    assert refused(method="POST", path="services/things/a") == "MissingOrInvalidRequiredQueryParameter"
    assert refused(path="services/things/a", query={"comp": "start"}) == "MissingOrInvalidRequiredQueryParameter"


def test_a_method_that_the_path_lacks_is_named_so() -> None:
    assert refused(method="DELETE") == "InvalidHttpVerb"
    assert refused(method="get") == "InvalidHttpVerb"
    assert refused(method="DELETE", path="nothing") == "ResourceNotFound"


@pytest.mark.parametrize("version", [OLDEST_VERSION, "2010-10-28", "2012-03-01", "2017-01-01", "2999-12-31"])
def test_every_well_formed_version_since_the_first_is_taken(version: str) -> None:
    assert found(version=version)[0] == "list-things"


@pytest.mark.parametrize(
    "version", ["", "2009-09-30", "2014-1-1", "2014-02-32", "20141001", "v2014-10-01", "２０１４-10-01x"]
)
def test_any_other_version_is_refused_before_the_path_is_looked_at(version: str) -> None:
    for path in ("services/things", "nothing"):
        assert refused(version=version, path=path) == "MissingOrIncorrectVersionHeader"


def test_a_later_operation_needs_a_later_version() -> None:
    path = "services/things/operations/isavailable/a"

    assert found(path=path, version=CERTIFICATE_VERSION)[0] == "check"
    assert refused(path=path, version="2012-02-29") == "MissingOrIncorrectVersionHeader"
