"""The errors of the Azure Service Management protocol, with the texts that the real service sends.

They are part of the protocol, English in every language; clients act on status and code.
"""


class ProtocolError(Exception):
    """A request, or an operation accepted earlier, that the service refuses."""

    def __init__(self, status: int, code: str, message: str, *, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.retry_after = retry_after  # seconds; what the header of this name says


def bad_request(message: str, *values: object) -> ProtocolError:
    """A value that cannot be used; values fill the message's `{}`."""
    return ProtocolError(400, "BadRequest", message.format(*values))


def not_found(message: str = "The specified resource does not exist.", *values: object) -> ProtocolError:
    """A resource that is not there; values fill the message's `{}`."""
    return ProtocolError(404, "ResourceNotFound", message.format(*values))


def conflict(message: str, *values: object) -> ProtocolError:
    """A state of things that forbids what was asked; values fill the message's `{}`."""
    return ProtocolError(409, "ConflictError", message.format(*values))


def forbidden() -> ProtocolError:
    """A certificate that the subscription does not have."""
    return ProtocolError(
        403,
        "ForbiddenError",
        "The server failed to authenticate the request. Verify that the certificate is valid and is associated with "
        "this subscription.",
    )


def wrong_version() -> ProtocolError:
    """No `x-ms-version`, or none that names a version of the protocol."""
    return ProtocolError(
        400,
        "MissingOrIncorrectVersionHeader",
        "The versioning header is not specified or was specified incorrectly.",
    )


def invalid_xml() -> ProtocolError:
    """A body that is not the document that belongs to the request."""
    return ProtocolError(400, "InvalidXmlRequest", "The request body's XML was invalid or not correctly specified.")


def invalid_query() -> ProtocolError:
    """A query parameter that is needed, and missing or unknown."""
    return ProtocolError(
        400,
        "MissingOrInvalidRequiredQueryParameter",
        "A required query parameter was not specified for this request or was specified incorrectly.",
    )


def invalid_verb() -> ProtocolError:
    """A method that the resource does not have."""
    return ProtocolError(
        400,
        "InvalidHttpVerb",
        "The HTTP verb specified was not recognized by the server or isn't valid for this resource.",
    )


def too_large(limit_bytes: int) -> ProtocolError:
    """A body longer than any document of the protocol."""
    return ProtocolError(413, "RequestBodyTooLarge", f"The request body is larger than {limit_bytes} bytes.")


def internal_error() -> ProtocolError:
    """A defect of ours; the log says which."""
    return ProtocolError(500, "InternalError", "The server encountered an internal error. Please retry the request.")
