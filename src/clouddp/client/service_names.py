"""Follow a service FQDN to the address of the service: FQDN, CNAME, service name, virtual IP."""

import socket

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rdatatype

from clouddp.model.errors import NotFoundError, TemporaryError

_TIMEOUT_SECONDS = 5.0
_LONGEST_CHAIN = 8


def follow_by_system(host: str) -> str:
    """Ask the system's resolver, which follows the chain by itself.

    Raises:
        NotFoundError: the name leads nowhere.
        TemporaryError: nobody answered.

    """
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        if error.errno == socket.EAI_AGAIN:
            raise TemporaryError("client.dns_silent", host=host, server="system") from error
        raise NotFoundError("client.name_unknown", host=host) from error
    return str(found[0][4][0])


def follow_by_server(host: str, *, address: str, port: int) -> str:
    """Ask one DNS server, following each alias by a question of its own where the server does not.

    Raises:
        NotFoundError: the name leads nowhere.
        TemporaryError: the server does not answer.

    """
    name = dns.name.from_text(host)
    for _step in range(_LONGEST_CHAIN):
        answer = _ask(name, address, port)
        found: dict[dns.name.Name, list[str]] = {}
        aliases: dict[dns.name.Name, dns.name.Name] = {}
        for records in answer.answer:
            if records.rdtype == dns.rdatatype.A:
                found[records.name] = [record.address for record in records]
            elif records.rdtype == dns.rdatatype.CNAME:
                aliases[records.name] = records[0].target
        start = name
        while name in aliases and len(aliases) > 0:
            name = aliases.pop(name)
        if name in found:
            return found[name][0]
        if name == start:
            break
    raise NotFoundError("client.name_unknown", host=host)


def _ask(name: dns.name.Name, address: str, port: int) -> dns.message.Message:
    query = dns.message.make_query(name, dns.rdatatype.A)
    try:
        answer, _by_tcp = dns.query.udp_with_fallback(query, address, timeout=_TIMEOUT_SECONDS, port=port)
    except (dns.exception.DNSException, OSError) as error:
        raise TemporaryError("client.dns_silent", host=name, server=f"{address}:{port}") from error
    if answer.rcode() not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
        raise TemporaryError("client.dns_silent", host=name, server=f"{address}:{port}")
    return answer
