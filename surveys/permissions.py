"""What people may do with surveys, and which posts may do it.

Who is in the sample is kept from the county's own case officers: they see how many, not whom.
Source: 衢政办发〔2016〕65号 二(五)2 — a third party asks; 统计法 第九条 — what single persons answer
stays secret.
"""

from __future__ import annotations

from enum import StrEnum

from quzhou_migrants.accounts.roles import Role


class P(StrEnum):
    """Permissions of the package `surveys`."""

    VIEW = "surveys.sampling.view"
    LIST = "surveys.sampling.list"
    PREPARE = "surveys.sampling.prepare"
    CONFIRM = "surveys.sampling.confirm"
    SURVEY = "surveys.sampling.survey"


GRANTS: dict[Role, tuple[P, ...]] = {
    Role.CITY_CLERK: (P.VIEW, P.LIST, P.PREPARE, P.CONFIRM),
    Role.CITY_LEADER: (P.VIEW, P.LIST, P.CONFIRM),
    Role.CITY_ADMIN: (P.VIEW,),
    Role.COUNTY_CLERK: (P.VIEW,),
    Role.COUNTY_LEADER: (P.VIEW,),
    Role.SURVEYOR: (P.SURVEY,),
}
