"""Files over HTTP: after the owner's permission check, under headers that keep content from acting as a page."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from litestar import get
from litestar.params import FromPath
from litestar.response import File

from quzhou_migrants.kernel import blobs
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.files import FileRef, find_readable, root
from quzhou_migrants.kernel.guards import signed_in
from quzhou_migrants.kernel.tx import open_tx

if TYPE_CHECKING:
    from litestar import Request

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cache-Control": "private, max-age=86400, immutable",  # one address, one content
    "X-Content-Type-Options": "nosniff",
}


async def _readable(request: Request[Any, Any, Any], file_id: int) -> FileRef:
    async with open_tx(request) as tx:
        found = await find_readable(tx, file_id)
    if not blobs.blob_path(root(), found.sha256).is_file():
        raise Refused("KRN-648")
    return found


@get("/files/{file_id:int}", opt=signed_in(), include_in_schema=False)
async def file(request: Request[Any, Any, Any], file_id: FromPath[int]) -> File:
    """Give a file: pictures in the page, everything else to be saved."""
    found = await _readable(request, file_id)
    return File(
        blobs.blob_path(root(), found.sha256),
        filename=found.name or f"{found.id}",
        media_type=found.media_type,
        content_disposition_type="inline" if found.is_picture else "attachment",
        headers=HEADERS,
    )


@get("/files/{file_id:int}/small", opt=signed_in(), include_in_schema=False)
async def small(request: Request[Any, Any, Any], file_id: FromPath[int]) -> File:
    """Give the thumbnail of a picture. Raises: Refused KRN-648 for what is none."""
    found = await _readable(request, file_id)
    if not found.is_picture:
        raise Refused("KRN-648")
    path = await asyncio.to_thread(blobs.thumbnail, root(), found.sha256)
    return File(path, media_type="image/jpeg", content_disposition_type="inline", headers=HEADERS)
