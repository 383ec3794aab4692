"""Register a client: pin the site that the registration token names, then hand over the client's public key."""

import ssl
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from clouddp.client.identity import ClientFolders, ClientIdentity, SiteTrust, read_trust, save_identity
from clouddp.client.management_point import ManagementPoint
from clouddp.model.errors import ConflictError, InvalidInputError, RefusedError
from clouddp.network.registration import RegistrationToken, registration_fingerprint
from clouddp.network.signing_keys import new_signing_key, public_jwk
from clouddp.network.tls import client_context


def register_client(
    folders: ClientFolders, *, url: str, token: RegistrationToken, name: str, language: str
) -> ClientIdentity:
    """Register at the management point and keep the identity.

    Raises:
        ConflictError: this client is registered already.
        RefusedError: the management point is not the one that the token names, or does not accept the token.

    """
    if folders.identity.exists():
        raise ConflictError("client.registered_already", path=folders.root)
    url = url.rstrip("/")
    trust = _pin_site(url, token, language)
    key = new_signing_key()
    management_point = ManagementPoint(url, client_context(authorities_pem=trust.authorities_pem), language=language)
    answer = management_point.post(
        "/mp/v1/registrations", {"token": str(token), "public_key": public_jwk(key), "name": name}
    )
    identity = ClientIdentity(client_id=str(answer["client_id"]), management_point_url=url, trust=trust, key=key)
    save_identity(folders, identity)
    return identity


def _pin_site(url: str, token: RegistrationToken, language: str) -> SiteTrust:
    """Read the site's key and authorities without trusting the connection: the token's fingerprint vouches for them."""
    document = ManagementPoint(url, _unverified_context(), language=language).get("/mp/v1/site")
    trust = _trust_of(document, url)
    vouched = tuple(key for key in trust.site_keys if _matches(key, trust, token))
    if not vouched:
        raise RefusedError("client.wrong_site", url=url)
    return replace(trust, site_keys=vouched)  # a key sent along with the true one is not trusted


def _trust_of(document: Mapping[str, Any], url: str) -> SiteTrust:
    try:
        return read_trust(document)
    except (KeyError, TypeError, InvalidInputError) as error:
        raise RefusedError("client.wrong_site", url=url) from error


def _matches(key: Mapping[str, str], trust: SiteTrust, token: RegistrationToken) -> bool:
    try:
        return registration_fingerprint(key, trust.authorities_pem) == token.fingerprint
    except InvalidInputError:
        return False


def _unverified_context() -> ssl.SSLContext:
    """Make the one context that checks no certificate: nothing secret is sent, and the answer proves itself."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
