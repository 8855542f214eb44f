"""Printed papers of the package: built in another process, answered as a PDF to keep."""

from __future__ import annotations

from litestar.response import Response

from quzhou_migrants.kernel.pdf import Document, build
from quzhou_migrants.kernel.pool import in_pool


async def printed(document: Document, name: str) -> Response[bytes]:
    """Build a document and answer with it under a file name of ours."""
    data = await in_pool(build, document)
    headers = {"Content-Disposition": f'attachment; filename="{name}.pdf"', "Cache-Control": "no-store"}
    return Response(data, media_type="application/pdf", headers=headers)
