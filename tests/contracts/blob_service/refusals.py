"""What a service refused: status and code, as Microsoft's client tells them."""

from collections.abc import Callable

import pytest
from azure.core.exceptions import HttpResponseError

Refusal = tuple[int | None, str | None]


def refusal(ask: Callable[[], object]) -> Refusal:
    """Ask for what must be refused."""
    with pytest.raises(HttpResponseError) as caught:
        ask()
    code = getattr(caught.value, "error_code", None)
    return caught.value.status_code, None if code is None else str(getattr(code, "value", code))
