"""Routes of the room."""

from inspection.site_codes import pages

ROUTES = [
    pages.codes,
    pages.code,
    pages.issue,
    pages.reissue,
    pages.revoke,
    pages.placard,
    pages.print_form,
    pages.print_many,
    pages.by_hand,
    pages.scan,
    pages.code_list,
]
