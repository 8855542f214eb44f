"""Pages of bringing sheets in: upload, watch the check, read what was found, decide."""

from __future__ import annotations

import hashlib
import json
import tempfile
from pathlib import Path
from typing import Any, Final

from litestar import Request, get, post
from litestar.datastructures import UploadFile
from litestar.params import FromPath
from litestar.response import Response, Stream

from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.guards import needs
from quzhou_migrants.kernel.journal import timeline
from quzhou_migrants.kernel.tx import Tx, open_tx
from quzhou_migrants.register import documents, import_service, import_work
from quzhou_migrants.register.forms import ApplyForm, StepForm, UploadForm
from quzhou_migrants.register.import_upload import KnownFileError, Received, receive
from quzhou_migrants.register.lists import IMPORTS
from quzhou_migrants.register.permissions import P
from quzhou_migrants.register.states import Sheet
from quzhou_migrants.web.forms import Form, new_form, read_form
from quzhou_migrants.web.render import render, see_other, wants_fragment

AnyRequest = Request[Any, Any, Any]
Page = Response[Any]
SHOWN: Final = 200
MEGABYTES: Final = 20  # a county of 100,000 people is 6
PIECE: Final = 1 << 20


@get("/register/imports", opt=needs(P.IMPORT))
async def imports(request: AnyRequest) -> Page:
    """List what was brought in, with the form to bring in more."""
    return await _list(request, new_form(UploadForm))


async def _list(request: AnyRequest, form: Form[UploadForm]) -> Page:
    answer = await IMPORTS.respond(request, "register/imports.html", form=form, most=MEGABYTES)
    if form.problems:
        answer.status_code = form.status
    return answer


@post("/register/imports", opt=needs(P.IMPORT), status_code=200, request_max_body_size=MEGABYTES << 20)
async def upload(request: AnyRequest) -> Page:
    """Take a sheet in and start to check it."""
    form = await read_form(request, UploadForm)
    if form.ok:
        with tempfile.NamedTemporaryFile(prefix="sheet-") as copy:
            file = await _received(form.value.file, Path(copy.name))
            try:
                async with form.refusals(), open_tx(request, once=form.once) as tx:
                    key = await receive(tx, file)
                    await tx.done(f"/register/imports/{key}")
            except KnownFileError as known:
                return see_other(f"/register/imports/{known.import_id}", flash="REG-108")
        if not form.problems:
            import_work.start(key)
            return see_other(f"/register/imports/{key}", flash="REG-211")
    return await _list(request, form)


async def _received(upload: UploadFile, path: Path) -> Received:
    """Copy an upload to a file that only this request knows."""
    digest, size = hashlib.sha256(), 0
    with path.open("wb") as copy:
        while piece := await upload.read(PIECE):
            digest.update(piece)
            size += copy.write(piece)
    name = "".join(c for c in Path(upload.filename.replace("\\", "/")).name if c.isprintable())
    return Received(path, name[-120:] or "?", digest.hexdigest(), size)


@get("/register/imports/template.xlsx", opt=needs(P.IMPORT))
async def template(request: AnyRequest) -> Stream:
    """Give the sheet to fill in."""
    async with open_tx(request) as tx:
        file = await documents.template(tx)
    return documents.download(file, CATALOGUE.text("register.sheet.template"))


async def _facts(tx: Tx, key: int) -> dict[str, Any]:
    row = await import_service.load(tx, key)
    row["header"] = json.loads(row["header"])
    found = await tx.conn.fetch(
        "SELECT row_no, household_code, column_key, code, facts, bad FROM register_import_finding"
        " WHERE import_id = $1 ORDER BY bad DESC, row_no, id LIMIT $2", key, SHOWN + 1,
    )  # fmt: skip
    told = [
        {"row": f["row_no"], "code": f["household_code"], "bad": f["bad"],
         "text": documents.sentence(f["column_key"], f["code"], json.loads(f["facts"]))}
        for f in found[:SHOWN]
    ]  # fmt: skip
    counted = await tx.conn.fetch(
        "SELECT column_key, code, count(*) AS times, (array_agg(facts ORDER BY row_no))[1] AS facts"
        " FROM register_import_finding WHERE import_id = $1 AND bad AND code <> 'REG-125'"
        " GROUP BY 1, 2 ORDER BY times DESC LIMIT 12", key,
    )  # fmt: skip
    kinds = [(documents.sentence(k["column_key"], k["code"], json.loads(k["facts"])), k["times"]) for k in counted]
    busy = row["state"] in {Sheet.CHECKING, Sheet.APPLYING} and not row["failure"]
    return {"i": row, "told": told, "more": len(found) > SHOWN, "kinds": kinds, "busy": busy}


@get("/register/imports/{key:int}", opt=needs(P.IMPORT))
async def one(request: AnyRequest, key: FromPath[int]) -> Page:
    """Show how far a sheet is and what was found in it; asked again by itself while there is work."""
    async with open_tx(request) as tx:
        facts = await _facts(tx, key)
        entries = await timeline(tx, "register_import", key)
    part = wants_fragment(request) and facts["busy"]
    name = "register/import_progress.html" if part else "register/import.html"
    headers = {"HX-Refresh": "true"} if wants_fragment(request) and not facts["busy"] else {}
    return render(request, name, headers=headers, entries=entries, form=new_form(StepForm), **facts)


@get("/register/imports/{key:int}/failed.xlsx", opt=needs(P.IMPORT))
async def failed(request: AnyRequest, key: FromPath[int]) -> Stream:
    """Give the rows that were not right, with the reasons."""
    async with open_tx(request) as tx:
        row = await import_service.load(tx, key)
        file = await documents.failed_rows(tx, row)
    return documents.download(file, f"{CATALOGUE.text('register.sheet.failed')}-{key}")


@post("/register/imports/{key:int}/apply", opt=needs(P.IMPORT))
async def apply(request: AnyRequest, key: FromPath[int]) -> Page:
    """Write the sheet, whole or what is right of it."""
    form = await read_form(request, ApplyForm)
    async with open_tx(request, once=form.once) as tx:
        await import_service.apply(tx, key, form.value.mode)
        location = await tx.done(f"/register/imports/{key}")
    import_work.start(key)
    return see_other(location, flash="REG-212")


@post("/register/imports/{key:int}/discard", opt=needs(P.IMPORT))
async def discard(request: AnyRequest, key: FromPath[int]) -> Page:
    """Put the sheet away."""
    form = await read_form(request, StepForm)
    async with open_tx(request, once=form.once) as tx:
        await import_service.discard(tx, key)
        return see_other(await tx.done(f"/register/imports/{key}"), flash="REG-213")


@post("/register/imports/{key:int}/recheck", opt=needs(P.IMPORT))
async def recheck(request: AnyRequest, key: FromPath[int]) -> Page:
    """Check the sheet anew."""
    form = await read_form(request, StepForm)
    async with open_tx(request, once=form.once) as tx:
        await import_service.recheck(tx, key)
        location = await tx.done(f"/register/imports/{key}")
    import_work.start(key)
    return see_other(location)


ROUTES = [imports, upload, template, one, failed, apply, discard, recheck]
