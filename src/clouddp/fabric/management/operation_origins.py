"""What lists of operations tell of the request that asked for one."""

from collections.abc import Mapping
from typing import Final

from clouddp.fabric.management.documents import RequestDocument, parse_xml
from clouddp.fabric.management.protocol_errors import ProtocolError
from clouddp.fabric.management.routes import Request
from clouddp.fabric.operations import Origin

_NAMING_ELEMENTS: Final = {
    "create-hosted-service": "ServiceName",
    "create-storage-account": "ServiceName",
    "add-management-certificate": "SubscriptionCertificateThumbprint",
}
"""The element that names what is made, where the path names only the collection that it goes into."""


def origin_of(request: Request, operation: str, names: Mapping[str, str]) -> Origin:
    """Tell of a request by whom it was sent, and on which object it works; bodies may hold secrets and are left out."""
    return Origin(
        name="".join(word.capitalize() for word in operation.split("-")),
        target=_target(request, operation),
        parameters=(("subscriptionID", request.subscription_id), *sorted(names.items())),
        certificate_thumbprint=request.certificate_thumbprint,
        client_address=request.client_address,
    )


def _target(request: Request, operation: str) -> str:
    """Give the path of the object that the request works on, by which a client could get it."""
    path = f"/{request.subscription_id}/{request.path}".rstrip("/")
    element = _NAMING_ELEMENTS.get(operation)
    if element is None:
        return path
    try:
        name = RequestDocument(parse_xml(request.body)).text(element)
    except ProtocolError:
        return path  # the request is about to be refused for its body
    return f"{path}/{name}"
