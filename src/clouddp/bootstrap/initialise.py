"""Make a site: its folder, keys, authority, first administrator's token."""

import socket
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from clouddp.bootstrap.foundation import open_foundation
from clouddp.disk.whole_files import write_whole
from clouddp.network.https_server import listen
from clouddp.site_server.administrators import Administrators
from clouddp.site_server.authority import site_authority, write_client_authorities
from clouddp.site_server.database.api_tokens import ApiTokenRepository
from clouddp.site_server.lock import sole_server
from clouddp.site_server.site import SiteFolders, SiteSettings, check_settings, check_vacant, save_settings


def initialise_site(folders: SiteFolders, settings: SiteSettings, *, authorities: Sequence[Path]) -> dict[str, str]:
    """Make a site and say where it is; the settings are written last, so a site that has them is whole.

    Raises:
        InvalidInputError: the settings or an authority cannot be used.
        ConflictError: there is a site here already, or a port is taken.
    """
    check_settings(settings)
    folders.root.mkdir(parents=True, exist_ok=True, mode=0o700)
    with sole_server(folders.lock):
        check_vacant(folders)
        settings = _with_ports(settings)
        with open_foundation(folders, settings) as foundation:
            authority = site_authority(foundation.secrets, site_code=settings.site_code, now=foundation.now())
            write_client_authorities(folders.client_authorities, authority, authorities)
            administrators = Administrators(ApiTokenRepository(foundation.engine), now=foundation.now)
            token = administrators.new_token("site init")
            write_whole(folders.administrator_token, f"{token}\n".encode())
        save_settings(folders, settings)
    return {"path": str(folders.root), "token_file": str(folders.administrator_token), "admin_url": settings.admin_url}


def _with_ports(settings: SiteSettings) -> SiteSettings:
    """Choose free ports where none was given; they are the site's from now on."""
    admin = listen(settings.host, settings.admin_port, purpose="administration service")
    try:
        management_point = listen(settings.host, settings.management_point_port, purpose="management point")
        try:
            ports = _port(admin), _port(management_point)
        finally:
            management_point.close()
    finally:
        admin.close()
    return replace(settings, admin_port=ports[0], management_point_port=ports[1])


def _port(listener: socket.socket) -> int:
    return int(listener.getsockname()[1])
