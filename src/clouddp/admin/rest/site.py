"""REST: the site itself."""

from fastapi import APIRouter
from pydantic import BaseModel


class SiteView(BaseModel):
    """What an administrator, and a program that sets up clients, needs to know of the site."""

    site_code: str
    name: str
    language: str
    management_point_url: str
    site_key_fingerprint: str
    log_directory: str


def site_routes(site: SiteView) -> APIRouter:
    """Make the route `/site`."""
    routes = APIRouter(prefix="/site", tags=["site"])

    @routes.get("")
    def show_site() -> SiteView:
        """Describe the site."""
        return site

    return routes
