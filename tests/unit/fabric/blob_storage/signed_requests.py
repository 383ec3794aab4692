"""Signatures of the Blob service, made a second time from Microsoft's description, to check the first."""

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from urllib.parse import parse_qsl, urlencode, urlsplit

from tests.unit.fabric.blob_storage.storage_servers import ACCOUNT, KEY


def shared_key_headers(method: str, path: str, headers: dict[str, str]) -> dict[str, str]:
    """Return the headers with date, version and authorization."""
    parts = urlsplit(path)
    signed = {"x-ms-date": format_datetime(datetime.now(UTC), usegmt=True), "x-ms-version": "2021-12-02", **headers}
    length = headers.get("Content-Length", "")
    standard = ["", "", "" if length == "0" else length, *[""] * 8]
    service = [f"{name}:{signed[name]}" for name in sorted(signed) if name.startswith("x-ms-")]
    query = "".join(f"\n{name}:{value}" for name, value in sorted(parse_qsl(parts.query, keep_blank_values=True)))
    text = "\n".join([method, *standard, *service, f"/{ACCOUNT}{parts.path}{query}"])
    return {**signed, "Authorization": f"SharedKey {ACCOUNT}:{_sign(text)}"}


def sas_query(resource: str, permissions: str, *, version: str, blob: str = "") -> str:
    """Return the query of a signed address that is valid for an hour."""
    end = f"{datetime.now(UTC) + timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}"
    name = f"/blob/{ACCOUNT}/clouddp" + (f"/{blob}" if resource == "b" else "")
    fields = [permissions, "", end, name, "", "", "", version]
    fields += [resource, ""] if version >= "2018-11-09" else []
    fields += [""] if version >= "2020-12-06" else []
    text = "\n".join([*fields, "", "", "", "", ""])
    return urlencode({"sp": permissions, "se": end, "sv": version, "sr": resource, "sig": _sign(text)})


def _sign(text: str) -> str:
    return base64.b64encode(hmac.digest(base64.b64decode(KEY), text.encode(), hashlib.sha256)).decode()
