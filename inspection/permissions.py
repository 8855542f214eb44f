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
    MEND = "inspection.finding.mend"
    CLOSE = "inspection.finding.close"
    REPEATS = "inspection.visit.repeats"
    SUCCEED = "inspection.code.succeed"


GRANTS: dict[Role, tuple[P, ...]] = {
    Role.INSPECTOR: (P.VIEW_CODES, P.VIEW, P.VISIT, P.CLOSE),
    Role.COUNTY_CLERK: (P.VIEW_CODES, P.ISSUE, P.VIEW, P.JUDGE, P.MEND, P.CLOSE),
    Role.COUNTY_LEADER: (P.VIEW_CODES, P.VIEW, P.JUDGE, P.CLOSE),
    Role.COUNTY_FINANCE: (P.VIEW_CODES, P.VIEW),
    Role.COUNTY_ADMIN: (P.VIEW_CODES, P.VIEW, P.SUCCEED),
    Role.AUDITOR: (P.VIEW_CODES, P.VIEW),
    Role.TOWNSHIP_CLERK: (P.VIEW_CODES, P.VIEW, P.MEND),
    Role.VILLAGE_CLERK: (P.VIEW_CODES, P.VIEW, P.MEND),
    Role.CITY_CLERK: (P.VIEW_CODES, P.VIEW, P.JUDGE, P.REPEATS),
    Role.CITY_LEADER: (P.VIEW_CODES, P.VIEW, P.REPEATS),
    Role.CITY_ADMIN: (P.VIEW_CODES, P.VIEW, P.SUCCEED),
}
