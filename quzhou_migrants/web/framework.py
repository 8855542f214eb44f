"""Where the web framework does what we may not: corrected once, here."""

from __future__ import annotations

from typing import Any

from litestar import Request
from litestar._parsers import parse_url_encoded_form_data
from litestar.connection import request
from litestar.datastructures import FormMultiDict
from litestar.exceptions import ClientException


def forget_forms() -> None:
    """Read a form without keeping it.

    The framework keeps the last 1,024 bodies as keys of a cache: passwords and numbers of people in
    memory, and two gigabytes of it for whoever sends large forms, signed in or not.
    """
    request.parse_url_encoded_form_data = parse_url_encoded_form_data.__wrapped__  # type: ignore[attr-defined, assignment]  # its cache


async def form_of(sent: Request[Any, Any, Any]) -> FormMultiDict:
    """Read what was sent as a form. Raises: ClientException for bytes that are no text of the encoding they claim."""
    try:
        return await sent.form()
    except (UnicodeDecodeError, LookupError) as odd:
        raise ClientException from odd
