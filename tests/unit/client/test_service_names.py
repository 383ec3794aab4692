from collections.abc import Mapping

import pytest

from clouddp.client.service_names import follow_by_server
from clouddp.model.errors import InvalidInputError, NotFoundError
from tests.unit.client.small_name_server import name_server

ALIAS = {"clouddp1.contoso.com.": ("CNAME", "d159.cloudapp.net."), "d159.cloudapp.net.": ("A", "127.3.2.1")}


def test_an_alias_is_followed_to_the_address_of_the_service() -> None:
    with name_server(ALIAS) as resolver:
        assert follow_by_server("clouddp1.contoso.com", resolver=resolver) == "127.3.2.1"


@pytest.mark.parametrize(
    "records",
    [
        {},
        {"clouddp1.contoso.com.": ("CNAME", "gone.cloudapp.net.")},
        {"clouddp1.contoso.com.": ("CNAME", "clouddp1.contoso.com.")},
    ],
    ids=["nothing", "an alias of nothing", "an alias of itself"],
)
def test_a_name_that_leads_nowhere_is_not_found(records: Mapping[str, tuple[str, str]]) -> None:
    with name_server(records) as resolver, pytest.raises(NotFoundError):
        follow_by_server("clouddp1.contoso.com", resolver=resolver)


def test_a_server_must_be_an_address_and_a_port() -> None:
    with pytest.raises(InvalidInputError):
        follow_by_server("clouddp1.contoso.com", resolver="nowhere")
