"""A name server of a few records, over UDP on loopback."""

import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import dns.message
import dns.rcode
import dns.rrset


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
