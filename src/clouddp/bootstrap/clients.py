"""Join what clients need: registration, settings, the management point."""

import random
from dataclasses import dataclass

from fastapi import APIRouter, FastAPI

from clouddp.admin.rest.clients import client_routes
from clouddp.bootstrap.cloud_services import CloudServicesRoom
from clouddp.bootstrap.foundation import Foundation, failure_reporter
from clouddp.management_point.app import make_management_point
from clouddp.management_point.decisions import Decisions, SiteDescription
from clouddp.management_point.ports import SiteRecords
from clouddp.model.status import Component
from clouddp.network.registration import registration_fingerprint
from clouddp.network.signed import Purpose
from clouddp.site_server.clients import SiteClients
from clouddp.site_server.database.clients import ClientRepository
from clouddp.site_server.database.content import LocatedContents


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientsRoom:
    """What the rest of the site uses of clients."""

    application: FastAPI
    routers: tuple[APIRouter, ...]


def join_clients(foundation: Foundation, *, services: CloudServicesRoom) -> ClientsRoom:
    """Join what registers clients and answers them."""
    site = _describe_site(foundation)
    clients = SiteClients(
        ClientRepository(foundation.engine),
        fingerprint=lambda: registration_fingerprint(site.site_keys[0], site.authorities_pem),
        blocks_changed=services.manager.renew_states,
        status=foundation.status,
        now=foundation.now,
    )
    log = foundation.log("MP_Location.log", Component.MANAGEMENT_POINT)
    decisions = Decisions(
        site,
        SiteRecords(
            clients=clients,
            contents=LocatedContents(foundation.engine, foundation.sealers["delivery"]),
            services=services.repository,
        ),
        token_key=lambda: foundation.keys.current(Purpose.ACCESS),
        log=log,
        now=foundation.now,
        draw=random.SystemRandom().random,
    )
    application = make_management_point(
        site,
        clients=clients,
        decisions=decisions,
        report_failure=failure_reporter(log),
    )
    return ClientsRoom(application=application, routers=(client_routes(clients),))


def _describe_site(foundation: Foundation) -> SiteDescription:
    return SiteDescription(
        site_code=foundation.settings.site_code,
        site_keys=foundation.keys.public(Purpose.VERSION),
        authorities_pem=foundation.folders.client_authorities.read_text(encoding="ascii"),
        management_point_url=foundation.settings.management_point_url,
    )
