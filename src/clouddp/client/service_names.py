"""Follow a service FQDN to the address of the service: FQDN, CNAME, service name, virtual IP."""

import socket
from functools import partial
from typing import Final

from clouddp.model.errors import NotFoundError, TemporaryError
from clouddp.network.name_queries import ask_addresses, text_of_name
from clouddp.network.names import walk

_TIMEOUT_SECONDS: Final = 5.0


def follow_by_system(host: str) -> str:
    """Ask the system's resolver, which follows the chain by itself and knows the hosts file.

    Raises:
        NotFoundError: the name leads nowhere.
        TemporaryError: nobody answered.

    """
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        if error.errno == socket.EAI_AGAIN:
            raise TemporaryError("client.dns_silent", host=host) from error
        raise NotFoundError("client.name_unknown", host=host) from error
    return str(found[0][4][0])


def follow_by_server(host: str, *, resolver: str) -> str:
    """Ask one name server, `ADDRESS:PORT`, step by step.

    Raises:
        NotFoundError: the name leads nowhere.
        TemporaryError: the server does not answer.
        InvalidInputError: the server's address or the name cannot be one.

    """
    hops = walk(text_of_name(host), partial(ask_addresses, resolver=resolver, timeout_seconds=_TIMEOUT_SECONDS))
    address = next((hop.value for hop in hops if hop.kind == "A"), None)
    if address is None:
        raise NotFoundError("client.name_unknown", host=host)
    return address
