"""Management REST that lists what was done to a subscription."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import urlsplit
from uuid import UUID

from clouddp.fabric.management.documents import element, flag_element, precise_moment_text, reply_document, text_element
from clouddp.fabric.management.protocol_errors import bad_request, invalid_query
from clouddp.fabric.management.routes import Reply, Request, Route
from clouddp.fabric.operations import KEPT, Operation, Operations, OperationStatus, Origin
from clouddp.fabric.state import Clock

PAGE_LENGTH: Final = 100

_PARAMETER_NAMESPACE: Final = "http://schemas.datacontract.org/2004/07/Microsoft.WindowsAzure.ServiceManagement"
_MOMENT: Final = re.compile(r"(\d{4}-\d\d-\d\d)(?:T(\d\d:\d\d:\d\d)(?:\.(\d{1,7}))?Z)?", re.ASCII)


class OperationListApi:
    """Answers List Subscription Operations."""

    def __init__(self, operations: Operations, *, now: Clock) -> None:
        self._operations = operations
        self._now = now

    def routes(self) -> list[Route]:
        """Return the routes of these operations."""
        return [Route("GET", "/operations", "list-subscription-operations", self._list)]

    def _list(self, request: Request, _names: Mapping[str, str]) -> Reply:
        query = {name.lower(): value for name, value in request.query.items()}
        start, end = _moment(query.get("starttime", "")), _moment(query.get("endtime", ""))
        if start > end or start < self._now() - KEPT - timedelta(days=1):
            raise bad_request("The StartTime must be before the EndTime, and at most {} days ago.", KEPT.days)
        found = [
            operation
            for operation in self._operations.all(request.subscription_id)
            if start <= operation.accepted_at <= end and _is_wanted(operation, query)
        ]
        return Reply(body=_page(found, query.get("continuationtoken", "")))


def _is_wanted(operation: Operation, query: Mapping[str, str]) -> bool:
    status, target = query.get("operationresultfilter", ""), query.get("objectidfilter", "")
    if status and status not in list(OperationStatus):
        raise invalid_query()
    is_target = not target or urlsplit(target).path.rstrip("/").lower() == operation.origin.target.lower()
    return is_target and status in ("", operation.status)


def _page(found: list[Operation], token: str) -> str:
    """Write the operations that follow the one that a token names, and the token of the next page."""
    first = 0
    if token:
        first = next((number for number, each in enumerate(found, 1) if each.id == token), 0)
        if not first:
            raise invalid_query()
    shown = found[first : first + PAGE_LENGTH]
    parts = [element("SubscriptionOperations", *(_operation(operation) for operation in shown))]
    if first + PAGE_LENGTH < len(found):
        parts.append(text_element("ContinuationToken", shown[-1].id))
    return reply_document("SubscriptionOperationCollection", *parts)


def _operation(operation: Operation) -> str:
    parts = [
        text_element("OperationId", UUID(operation.id)),
        text_element("OperationObjectId", operation.origin.target),
        text_element("OperationName", operation.origin.name),
        _parameters(operation.origin),
        _caller(operation.origin),
        _status(operation),
        text_element("OperationStartedTime", precise_moment_text(operation.accepted_at)),
    ]
    if operation.ended_at is not None:
        parts.append(text_element("OperationCompletedTime", precise_moment_text(operation.ended_at)))
    return element("SubscriptionOperation", *parts)


def _parameters(origin: Origin) -> str:
    found = (
        element("OperationParameter", text_element("a:Name", name), text_element("a:Value", value))
        for name, value in origin.parameters
    )
    return f'<OperationParameters xmlns:a="{_PARAMETER_NAMESPACE}">{"".join(found)}</OperationParameters>'


def _caller(origin: Origin) -> str:
    return element(
        "OperationCaller",
        flag_element("UsedServiceManagementApi", value=True),
        text_element("UserEmailAddress", ""),
        text_element("SubscriptionCertificateThumbprint", origin.certificate_thumbprint),
        text_element("ClientIP", origin.client_address),
    )


def _status(operation: Operation) -> str:
    parts = [text_element("ID", UUID(operation.id)), text_element("Status", operation.status)]
    if operation.status is not OperationStatus.IN_PROGRESS:
        parts.append(text_element("HttpStatusCode", operation.http_status))
    return element("OperationStatus", *parts)


def _moment(text: str) -> datetime:
    """Read a moment as the protocol writes it: a day, or a second or a part of one, in UTC."""
    match = _MOMENT.fullmatch(text)
    if match is None:
        raise invalid_query()
    day, time, fraction = match.groups()
    try:
        moment = datetime.fromisoformat(f"{day}T{time or '00:00:00'}")
    except ValueError as error:
        raise invalid_query() from error
    return moment.replace(microsecond=int((fraction or "0").ljust(6, "0")[:6]), tzinfo=UTC)
