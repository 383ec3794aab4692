"""Requests that cannot be read as HTTP: they get the protocol's error, as those do that the application refuses."""

from typing import Any, Final
from uuid import uuid4

from cheroot.errors import socket_errors_to_ignore
from cheroot.server import HTTPConnection, HTTPRequest

from clouddp.fabric.management.documents import reply_document, text_element
from clouddp.fabric.management.management_api import COMMON_HEADERS

_CODES: Final = {
    "408": "OperationTimedOut",
    "413": "RequestBodyTooLarge",
    "500": "InternalError",
    "503": "ServerBusy",
}
"""Codes by status; every other one says BadRequest."""


class ManagementRequest(HTTPRequest):
    """A request whose faults are answered in XML."""

    def simple_response(self, status: Any, msg: str = "") -> None:
        """Answer that the request cannot be read, and end the connection: what follows cannot be told apart."""
        status = str(status)
        parts = (
            text_element("Code", _CODES.get(status[:3], "BadRequest")),
            text_element("Message", msg or status[4:]),
        )
        body = reply_document("Error", *parts).encode()
        headers = (
            ("x-ms-request-id", uuid4().hex),
            *COMMON_HEADERS,
            ("Content-Length", str(len(body))),
            ("Content-Type", "application/xml; charset=utf-8"),
            ("Connection", "close"),
        )
        lines = [f"{self.server.protocol} {status}", *(f"{name}: {value}" for name, value in headers), "", ""]
        self.close_connection = True
        try:
            self.conn.wfile.write("\r\n".join(lines).encode("latin-1") + body)
        except OSError as error:
            if error.args[0] not in socket_errors_to_ignore:
                raise


class ManagementConnection(HTTPConnection):
    """A connection of such requests."""

    RequestHandlerClass = ManagementRequest
