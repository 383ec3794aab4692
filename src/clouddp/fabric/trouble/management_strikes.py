"""Where trouble strikes requests of the management protocol: between who asks and what would answer."""

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final
from uuid import uuid4

from clouddp.fabric.management.documents import RequestDocument, parse_xml
from clouddp.fabric.management.protocol_errors import ProtocolError
from clouddp.fabric.management.routes import Reply, Request
from clouddp.fabric.operations import Operations
from clouddp.fabric.trouble.connection_cut import ConnectionCutError
from clouddp.fabric.trouble.decision import Trouble, Visit
from clouddp.fabric.trouble.rules import TroubleKind
from clouddp.fabric.trouble.troubles import Troubles
from clouddp.fabric.trouble.wire_errors import (
    error_of,
    name_taken,
    region_full_for_deployments,
    region_full_for_storage,
    subscription_disabled,
)

Act = Callable[[Request], Reply]
"""Does what a request asks for."""

ASYNCHRONOUS: Final = frozenset(
    {
        "add-service-certificate",
        "change-configuration",
        "create-deployment",
        "create-storage-account",
        "delete-deployment",
        "delete-service-certificate",
        "reboot-role-instance",
        "reimage-role-instance",
        "update-deployment-status",
        "upgrade-deployment",
    }
)
"""The operations that are accepted now and done later."""

_FAILING: Final = "failed-on-request"
_SUBJECTS: Final = ("subject", "account", "service", "deployment")  # a deployment's key is <service>.<slot>


class ManagementStrikes:
    """Answers requests, with trouble or without."""

    def __init__(self, troubles: Troubles, operations: Operations, *, find_region: Callable[[str, str], str]) -> None:
        """`find_region` names the region of a subscription's hosted service; an empty text for none."""
        self._troubles = troubles
        self._operations = operations
        self._find_region = find_region
        self._blows: Mapping[TroubleKind, Callable[[Trouble, Visit, Request, Act], Reply]] = {
            TroubleKind.ERROR: self._refuse,
            TroubleKind.FAILED_OPERATION: self._fail,
            TroubleKind.LOST_ANSWER: self._lose_answer,
            TroubleKind.LOST_REQUEST: self._lose_request,
            TroubleKind.REPEATED_REQUEST: self._repeat,
            TroubleKind.REGION_WITHOUT_CAPACITY: self._find_no_room,
            TroubleKind.NAME_TAKEN_LATE: self._take_name,
            TroubleKind.DISABLED_SUBSCRIPTION: self._disable,
        }
        self._kinds = frozenset({TroubleKind.DELAY, *self._blows})
        operations.register(_FAILING, _fail_as_told)

    def answer(self, request: Request, operation: str, names: Mapping[str, str], act: Act) -> Reply:
        """Have a request answered, or have it meet its trouble.

        Raises:
            ProtocolError: the request, or the trouble, ends so.
            ConnectionCutError: there is to be no answer.

        """
        if not self._troubles.has_any(self._kinds):
            return act(request)
        visit = self._visit(request, operation, names)
        decision = self._troubles.strike(self._kinds, visit)
        if not _is_done_later(operation, request):
            for wait in decision.waits:
                self._troubles.hold(wait)
            return self._meet(decision.blow, visit, request, act)
        with self._operations.begun_later(sum(wait.rule.seconds or 0 for wait in decision.waits)):
            return self._meet(decision.blow, visit, request, act)

    def _meet(self, blow: Trouble | None, visit: Visit, request: Request, act: Act) -> Reply:
        return act(request) if blow is None else self._blows[blow.rule.kind](blow, visit, request, act)

    def _visit(self, request: Request, operation: str, names: Mapping[str, str]) -> Visit:
        name, region = names.get("name", ""), ""
        if operation in ("create-hosted-service", "create-storage-account"):
            name, region = _wanted(request.body)
        elif operation == "create-deployment":
            region = self._find_region(request.subscription_id, name)
        elif operation == "get-operation-status":
            name = self._subject(request.subscription_id, names["id"])
        return Visit(operation=operation, name=name, subscription_id=request.subscription_id, region=region)

    def _subject(self, subscription_id: str, operation_id: str) -> str:
        """Name what an operation is about: its account or its service."""
        operation = self._operations.get(subscription_id, operation_id.lower().replace("-", ""))
        arguments = {} if operation is None else operation.arguments
        return next((arguments[key].partition(".")[0] for key in _SUBJECTS if key in arguments), "")

    def _refuse(self, trouble: Trouble, _visit: Visit, _request: Request, _act: Act) -> Reply:
        self._troubles.hold(trouble)
        raise error_of(trouble.rule)

    def _fail(self, trouble: Trouble, visit: Visit, request: Request, _act: Act) -> Reply:
        if not _is_done_later(visit.operation, request):
            return self._refuse(trouble, visit, request, _act)
        return self._accept_and_fail(request, visit, error_of(trouble.rule), trouble.rule.seconds or 0)

    def _lose_answer(self, trouble: Trouble, _visit: Visit, request: Request, act: Act) -> Reply:
        with contextlib.suppress(ProtocolError):
            act(request)
        return self._lose_request(trouble, _visit, request, act)

    def _lose_request(self, trouble: Trouble, _visit: Visit, _request: Request, _act: Act) -> Reply:
        with contextlib.suppress(ProtocolError):  # where too many are held, it is cut at once
            self._troubles.hold(trouble)
        raise ConnectionCutError

    def _repeat(self, _trouble: Trouble, _visit: Visit, request: Request, act: Act) -> Reply:
        with contextlib.suppress(ProtocolError):
            act(replace(request, id=uuid4().hex))
        return act(request)

    def _find_no_room(self, _trouble: Trouble, visit: Visit, request: Request, _act: Act) -> Reply:
        if visit.operation == "create-storage-account":
            raise region_full_for_storage()
        return self._accept_and_fail(request, visit, region_full_for_deployments(visit.region), 0)

    def _take_name(self, _trouble: Trouble, visit: Visit, _request: Request, _act: Act) -> Reply:
        raise name_taken(visit.operation, visit.name)

    def _disable(self, _trouble: Trouble, _visit: Visit, _request: Request, _act: Act) -> Reply:
        raise subscription_disabled()

    def _accept_and_fail(self, request: Request, visit: Visit, error: ProtocolError, seconds: float) -> Reply:
        """Accept an operation that does nothing and ends Failed, after a crash of the fabric, too."""
        arguments = {"subject": visit.name, "status": str(error.status), "code": error.code, "message": error.message}
        with self._operations.begun_later(seconds):
            self._operations.accept(request.id, request.subscription_id, _FAILING, arguments)
        return Reply(status=202)


def _is_done_later(operation: str, request: Request) -> bool:
    return operation in ASYNCHRONOUS or request.query.get("comp", "").lower() == "media"


def _fail_as_told(arguments: Mapping[str, str]) -> None:
    raise ProtocolError(int(arguments["status"]), arguments["code"], arguments["message"])


def _wanted(body: bytes) -> tuple[str, str]:
    """Read the name and region of what is to be created; empty texts where the body is not such a document."""
    try:
        document = RequestDocument(parse_xml(body))
    except ProtocolError:
        return "", ""
    return document.text("ServiceName"), document.text("Location")
