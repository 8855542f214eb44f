"""Routes of the room."""

from inspection.visits import api, pages, repeat_pages

ROUTES = [
    pages.visits,
    pages.findings,
    *repeat_pages.ROUTES,
    pages.visit,
    pages.record,
    pages.accept,
    pages.set_aside,
    pages.mend,
    pages.send_back,
    pages.close,
    pages.reopen,
    pages.field,
    pages.field_worker,
    pages.field_manifest,
    api.field_pack,
    api.send_visit,
    api.visit_receipt,
    api.send_photo,
]
