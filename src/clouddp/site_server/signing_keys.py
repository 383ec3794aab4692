"""The site's signing keys, one per purpose, made when first needed."""

import json
from collections.abc import Mapping
from typing import Any, Final

from clouddp.network.signed import Purpose, sign
from clouddp.network.signing_keys import SigningKey, new_signing_key, public_jwk
from clouddp.site_server.database.secrets import SiteSecrets, Wrapping

# A management point holds only the delivery keys, so the keys that it needs are wrapped by that one.
_WRAPPINGS: Final[Mapping[Purpose, Wrapping]] = {
    Purpose.STATE: "site",
    Purpose.VERSION: "site",
    Purpose.ACCESS: "delivery",
}


class SigningKeys:
    """Hands out the private key of a purpose to who signs, the public ones to who verifies."""

    def __init__(self, secrets: SiteSecrets) -> None:
        self._secrets = secrets

    def current(self, purpose: Purpose) -> SigningKey:
        """Give the key that signs for this purpose; scopes are signed with the key of the state."""
        purpose = Purpose.STATE if purpose is Purpose.SCOPE else purpose
        sealed = self._secrets.obtain(
            f"signing_key.{purpose.value}",
            wrapping=_WRAPPINGS[purpose],
            make=lambda: json.dumps(new_signing_key().to_jwk()).encode(),
        )
        return SigningKey.from_jwk(json.loads(sealed))

    def public(self, purpose: Purpose) -> tuple[dict[str, str], ...]:
        """Give the public keys that verify what was signed for this purpose."""
        return (public_jwk(self.current(purpose)),)


class StatementSigner:
    """Signs what the site states about package versions."""

    def __init__(self, keys: SigningKeys) -> None:
        self._keys = keys

    def sign(self, claims: Mapping[str, Any]) -> str:
        """Give the claims as a signed statement."""
        return sign(claims, key=self._keys.current(Purpose.VERSION), purpose=Purpose.VERSION)
