import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import dns.message
import dns.rcode
import dns.rrset
import pytest

from clouddp.client.service_names import follow_by_server
from clouddp.model.errors import InvalidInputError, NotFoundError

ALIAS = {"clouddp1.contoso.com.": ("CNAME", "d159.cloudapp.net."), "d159.cloudapp.net.": ("A", "127.3.2.1")}


@contextmanager
def name_server(records: Mapping[str, tuple[str, str]]) -> Iterator[str]:
    """Answer each question with the one record of that name, as a server does that has each zone apart."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    listener.bind(("127.0.0.1", 0))
    address, port = listener.getsockname()
    thread = threading.Thread(target=_answer_all, args=(listener, records))
    thread.start()
    try:
        yield f"{address}:{port}"
    finally:
        listener.sendto(b"", (address, port))
        thread.join()
        listener.close()


def _answer_all(listener: socket.socket, records: Mapping[str, tuple[str, str]]) -> None:
    while True:
        octets, caller = listener.recvfrom(4096)
        if not octets:
            return
        query = dns.message.from_wire(octets)
        response = dns.message.make_response(query)
        name = query.question[0].name.to_text()
        if name in records:
            response.answer.append(dns.rrset.from_text(name, 60, "IN", *records[name]))
        else:
            response.set_rcode(dns.rcode.NXDOMAIN)
        listener.sendto(response.to_wire(), caller)


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
