"""The end of a connection without an answer."""

import errno


class ConnectionCutError(ConnectionResetError):
    """The client is to get no answer: the server closes the connection, without an end of TLS, and says nothing.

    It is the error that a socket raises whose client is gone, since the server does then just what is wanted here.
    """

    def __init__(self) -> None:
        super().__init__(errno.ECONNRESET, "cut on request")
