"""What people may do with site codes and visits, and which posts may do it.

Source: 衢政办发〔2016〕65号 二(二)1, 二(四)3 — counties supervise the works, the city leads; the works
are watched through the code on their board.
"""

from __future__ import annotations

from enum import StrEnum

from quzhou_migrants.accounts.roles import Role


class P(StrEnum):
    """Permissions of the package `inspection`."""

    VIEW_CODES = "inspection.code.view"
    ISSUE = "inspection.code.issue"
    VIEW = "inspection.visit.view"
    VISIT = "inspection.visit.make"
    JUDGE = "inspection.visit.judge"
    CLOSE = "inspection.finding.close"
    SUCCEED = "inspection.code.succeed"


GRANTS: dict[Role, tuple[P, ...]] = {
    Role.INSPECTOR: (P.VIEW_CODES, P.VIEW, P.VISIT),
    Role.COUNTY_CLERK: (P.VIEW_CODES, P.ISSUE, P.VIEW, P.JUDGE, P.CLOSE),
    Role.COUNTY_LEADER: (P.VIEW_CODES, P.VIEW, P.JUDGE),
    Role.COUNTY_FINANCE: (P.VIEW_CODES, P.VIEW),
    Role.COUNTY_ADMIN: (P.VIEW_CODES, P.VIEW, P.SUCCEED),
    Role.AUDITOR: (P.VIEW_CODES, P.VIEW),
    Role.TOWNSHIP_CLERK: (P.VIEW_CODES, P.VIEW),
    Role.VILLAGE_CLERK: (P.VIEW_CODES, P.VIEW),
    Role.CITY_CLERK: (P.VIEW_CODES, P.VIEW, P.JUDGE),
    Role.CITY_LEADER: (P.VIEW_CODES, P.VIEW),
    Role.CITY_ADMIN: (P.VIEW_CODES, P.VIEW, P.SUCCEED),
}
