"""Run a site server: join its parts, start them in order, stop them in the reverse order."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from fastapi import FastAPI

from clouddp.admin.rest.application import make_administration_service
from clouddp.admin.rest.site import SiteView, site_routes
from clouddp.admin.rest.status_messages import status_message_routes
from clouddp.bootstrap.clients import ClientsRoom, join_clients
from clouddp.bootstrap.cloud_services import CloudServicesRoom, join_cloud_services
from clouddp.bootstrap.content import ContentRoom, join_content
from clouddp.bootstrap.foundation import Foundation, failure_reporter, open_foundation
from clouddp.model.status import Component
from clouddp.network.https_server import HttpsServer, listen
from clouddp.network.registration import registration_fingerprint
from clouddp.network.signed import Purpose
from clouddp.network.tls import server_context
from clouddp.site_server.administrators import Administrators
from clouddp.site_server.authority import endpoint_certificate, site_authority
from clouddp.site_server.database.api_tokens import ApiTokenRepository
from clouddp.site_server.database.clients import ClientRepository
from clouddp.site_server.lock import sole_server
from clouddp.site_server.site import SiteFolders, load_settings, save_endpoint
from clouddp.workflows.base import SilentObserver, StepObserver
from clouddp.workflows.engine import DurableEngine

_SILENT = SilentObserver()


@contextmanager
def run_site(folders: SiteFolders, *, observer: StepObserver = _SILENT) -> Iterator[dict[str, Any]]:
    """Run the site server while the block lasts; gives what programs need to know to use it.

    Raises:
        NotFoundError: there is no site here.
        ConflictError: a site server runs here already, or a port is taken.
    """
    settings = load_settings(folders)
    with ExitStack() as stack:
        stack.enter_context(sole_server(folders.lock))
        listeners = [
            listen(settings.host, settings.admin_port, purpose="administration service"),
            listen(settings.host, settings.management_point_port, purpose="management point"),
        ]
        for listener in listeners:
            stack.callback(listener.close)
        foundation = stack.enter_context(open_foundation(folders, settings))
        applications = _start_rooms(stack, foundation, observer)
        authority = site_authority(foundation.secrets, site_code=settings.site_code, now=foundation.now())
        context = server_context(endpoint_certificate(authority, settings.host, now=foundation.now()))
        for application, listener in zip(applications, listeners, strict=True):
            stack.callback(HttpsServer(application, listener, context).close)
        description = _describe(foundation)
        save_endpoint(folders, description)
        yield description


def _start_rooms(stack: ExitStack, foundation: Foundation, observer: StepObserver) -> tuple[FastAPI, FastAPI]:
    """Join the rooms and start what works in the background; give administration service and management point."""
    log = foundation.log("CloudMgr.log", Component.CLOUD_SERVICES_MANAGER)
    engine = DurableEngine(foundation.folders.workflows, observer=observer, log=log)
    blocked = ClientRepository(foundation.engine)
    services = join_cloud_services(foundation, engine=engine, log=log, blocked=blocked)
    content = join_content(foundation, services=services, observer=observer)
    clients = join_clients(foundation, services=services)
    engine.launch()
    stack.callback(engine.close)
    services.removals.sweep()
    services.manager.start()
    stack.callback(services.manager.close)
    content.manager.start()
    stack.callback(content.manager.close)
    return _administration_service(foundation, services, content, clients), clients.application


def _administration_service(
    foundation: Foundation, services: CloudServicesRoom, content: ContentRoom, clients: ClientsRoom
) -> FastAPI:
    language = foundation.settings.language
    log = foundation.log("sitesrv.log", Component.SITE_SERVER)
    administrators = Administrators(ApiTokenRepository(foundation.engine), now=foundation.now)
    return make_administration_service(
        [
            site_routes(_site_view(foundation)),
            status_message_routes(foundation.status, language=language),
            *services.routers,
            *content.routers,
            *clients.routers,
        ],
        authenticate=administrators.authenticate,
        report_failure=failure_reporter(log),
        language=language,
    )


def _site_view(foundation: Foundation) -> SiteView:
    settings = foundation.settings
    authorities = foundation.folders.client_authorities.read_text(encoding="ascii")
    return SiteView(
        site_code=settings.site_code,
        name=settings.name,
        language=settings.language,
        management_point_url=settings.management_point_url,
        site_key_fingerprint=registration_fingerprint(foundation.keys.public(Purpose.VERSION)[0], authorities),
        log_directory=str(foundation.folders.logs),
    )


def _describe(foundation: Foundation) -> dict[str, Any]:
    view = _site_view(foundation)
    return {
        **view.model_dump(),
        "admin_url": foundation.settings.admin_url,
        "token_file": str(foundation.folders.administrator_token),
        "ca_file": str(foundation.folders.client_authorities),
    }
