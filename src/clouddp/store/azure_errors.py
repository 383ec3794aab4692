"""What obstore's errors mean to us; it tells most of it only in their text."""

import re
from typing import Final

from clouddp.model.errors import CloudError, NotFoundError, RefusedError, SiteError, TemporaryError

_STATUS: Final = re.compile(r"\bcode: (\d{3})\b")  # of the answer, or of one part of a batch
_UNTRUSTED: Final = re.compile(r"InvalidCertificate\(\s*(\w+)")
_CAUSE: Final = re.compile(r'kind: (\w+),\s+message: "([^"]+)"')
_MAY_PASS: Final = frozenset({407, 408, 409, 412, 425, 429})  # a proxy to be set right, another writer, a busy server


def our_error(error: Exception, *, name: str, container: str) -> SiteError:
    """Turn what obstore raised about the object `name` (`""` = the whole container) into one of our errors."""
    text = str(error)
    reason = _reason(text)
    found = _STATUS.search(reason)
    status = int(found[1]) if found else 0
    if status == 404:
        if not name or "ContainerNotFound" in text:
            return NotFoundError("store.container_missing", container=container)
        return NotFoundError("store.object_missing", name=name)
    if status in (401, 403):
        return RefusedError("store.refused", name=name or container, reason=reason)
    if untrusted := _UNTRUSTED.search(text):
        return CloudError("store.not_trusted", container=container, reason=untrusted[1])
    if 400 <= status < 500 and status not in _MAY_PASS:
        return CloudError("store.not_accepted", name=name or container, reason=reason)
    return TemporaryError("store.unreachable", name=name or container, reason=reason, retry_after_seconds=5)


def _reason(text: str) -> str:
    """Keep the first line, and the operating system's word, of what is a page of debugging output."""
    first = text.partition("\n")[0][:500].rstrip(" :")
    cause = _CAUSE.search(text)
    return f"{first} ({cause[2]})" if cause else first
