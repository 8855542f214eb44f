"""Routes of the room."""

from inspection.visits import api, pages

ROUTES = [
    pages.visits,
    pages.findings,
    pages.visit,
    pages.record,
    pages.accept,
    pages.set_aside,
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
