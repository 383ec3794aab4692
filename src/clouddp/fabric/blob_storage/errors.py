"""Errors of the Blob service, with the codes, statuses and bodies that its clients know."""

from collections.abc import Mapping
from typing import Final
from xml.sax.saxutils import escape

_MESSAGES: Final[Mapping[str, tuple[int, str]]] = {
    "AuthenticationFailed": (
        403,
        "Server failed to authenticate the request. Make sure the value of Authorization header is formed correctly.",
    ),
    "AuthorizationFailure": (403, "This request is not authorized to perform this operation."),
    "AuthorizationPermissionMismatch": (
        403,
        "This request is not authorized to perform this operation using this permission.",
    ),
    "BlobAlreadyExists": (409, "The specified blob already exists."),
    "BlobNotFound": (404, "The specified blob does not exist."),
    "ConditionNotMet": (412, "The condition specified using HTTP conditional header(s) is not met."),
    "ContainerAlreadyExists": (409, "The specified container already exists."),
    "ContainerNotFound": (404, "The specified container does not exist."),
    "InternalError": (500, "The server encountered an internal error. Please retry the request."),
    "InvalidBlockId": (400, "The specified block ID is invalid. The block ID must be Base64-encoded."),
    "InvalidBlockList": (400, "The specified block list is invalid."),
    "InvalidHeaderValue": (400, "The value for one of the HTTP headers is not in the correct format."),
    "InvalidInput": (400, "One of the request inputs is not valid."),
    "InvalidMd5": (400, "The MD5 value specified in the request is invalid. It must be 128 bits and Base64-encoded."),
    "InvalidQueryParameterValue": (
        400,
        "Value for one of the query parameters specified in the request URI is invalid.",
    ),
    "InvalidRange": (416, "The range specified is invalid for the current size of the resource."),
    "InvalidResourceName": (400, "The specified resource name contains invalid characters."),
    "InvalidUri": (400, "The requested URI does not represent any resource on the server."),
    "InvalidXmlDocument": (400, "The specified XML is not syntactically valid."),
    "Md5Mismatch": (400, "The MD5 value specified in the request did not match with the MD5 value calculated."),
    "MissingContentLengthHeader": (411, "Content-Length HTTP header is missing."),
    "MissingRequiredHeader": (400, "An HTTP header that's mandatory for this request is not specified."),
    "NoAuthenticationInformation": (
        401,
        "Server failed to authenticate the request. Please refer to the information in the www-authenticate header.",
    ),
    "OutOfRangeInput": (400, "One of the request inputs is out of range."),
    "PathConflict": (409, "The specified path, or an element of the path, exists as a folder or as a blob."),
    "RequestBodyTooLarge": (413, "The request body is too large and exceeds the maximum permissible limit."),
    "ResourceNotFound": (404, "The specified resource does not exist."),
    "ServerBusy": (503, "The server is currently unable to receive requests. Please retry your request."),
    "UnsupportedHeader": (400, "One of the HTTP headers specified in the request is not supported."),
    "UnsupportedHttpVerb": (405, "The resource doesn't support specified Http Verb."),
}


class BlobError(Exception):
    """The answer to a request that the Blob service refuses."""

    def __init__(self, code: str, **details: str) -> None:
        super().__init__(code)
        self.code = code
        self.status, self.message = _MESSAGES[code]
        self.details = details
        self.headers: dict[str, str] = {}


class NotModifiedError(Exception):
    """The condition of a reading request says that the client has the present version: 304 without a body."""


def error_body(error: BlobError, *, request_id: str, time: str) -> bytes:
    """Write the XML body of an error."""
    message = escape(f"{error.message}\nRequestId:{request_id}\nTime:{time}")
    details = "".join(f"<{name}>{escape(_printable(text))}</{name}>" for name, text in error.details.items())
    return (
        '\ufeff<?xml version="1.0" encoding="utf-8"?>'
        f"<Error><Code>{error.code}</Code><Message>{message}</Message>{details}</Error>"
    ).encode()


def _printable(text: str) -> str:
    """Leave out what XML 1.0 cannot hold."""
    return "".join(character for character in text if character.isprintable() or character == "\n")
