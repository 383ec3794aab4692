"""REST: clients, the tokens by which they register, and their settings."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from clouddp.model.client import RegisteredClient


class Clients(Protocol):
    """What an administrator does with clients."""

    def new_registration_token(self, *, uses: int = 1, hours: int = 24) -> str:
        """Make a registration token."""

    def list(self) -> Sequence[RegisteredClient]:
        """Give all clients, newest first."""

    def block(self, client_id: str) -> None:
        """Shut a client out; raises NotFoundError."""

    def is_cloud_allowed(self) -> bool:
        """Say whether clients may use cloud distribution points."""

    def allow_cloud(self, *, allowed: bool) -> None:
        """Change that."""


class RegistrationTokenRequest(BaseModel):
    """How often and how long a token can be used."""

    model_config = ConfigDict(extra="forbid", strict=True)

    uses: int = 1
    hours: int = 24


class RegistrationTokenView(BaseModel):
    """A new token; it is shown this once."""

    token: str


class ClientView(BaseModel):
    """One client."""

    id: str
    name: str
    registered_at: datetime
    blocked_at: datetime | None


class ClientSettings(BaseModel):
    """The settings for all clients."""

    model_config = ConfigDict(extra="forbid", strict=True)

    allow_cloud_distribution_point: bool


def client_routes(clients: Clients) -> APIRouter:
    """Make the routes of clients."""
    routes = APIRouter(tags=["clients"])

    @routes.post("/registration-tokens", status_code=201)
    def make_registration_token(wanted: RegistrationTokenRequest) -> RegistrationTokenView:
        """Make a registration token."""
        return RegistrationTokenView(token=clients.new_registration_token(uses=wanted.uses, hours=wanted.hours))

    @routes.get("/clients")
    def list_clients() -> list[ClientView]:
        """List the clients, newest first."""
        return [_view(client) for client in clients.list()]

    @routes.post("/clients/{client_id}/block", status_code=204)
    def block_client(client_id: str) -> None:
        """Shut a client out."""
        clients.block(client_id)

    @routes.get("/client-settings")
    def show_settings() -> ClientSettings:
        """Show the settings for all clients."""
        return ClientSettings(allow_cloud_distribution_point=clients.is_cloud_allowed())

    @routes.put("/client-settings")
    def change_settings(settings: ClientSettings) -> ClientSettings:
        """Change the settings for all clients."""
        clients.allow_cloud(allowed=settings.allow_cloud_distribution_point)
        return settings

    return routes


def _view(client: RegisteredClient) -> ClientView:
    return ClientView(id=client.id, name=client.name, registered_at=client.registered_at, blocked_at=client.blocked_at)
