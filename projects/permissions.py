"""What people may do with projects, and which posts may do it.

Source: 衢政办发〔2016〕65号 二(四)1 — the village applies and builds, the township checks, the county
confirms and runs the plan, the city guides.
"""

from __future__ import annotations

from enum import StrEnum

from quzhou_migrants.accounts.roles import Role


class P(StrEnum):
    """Permissions of the package `projects`."""

    VIEW = "projects.view"
    SUBMIT = "projects.submit"
    CHECK = "projects.check"
    ADMIT = "projects.admit"
    PLAN = "projects.plan"
    APPROVE_PLAN = "projects.approve_plan"
    AWARD = "projects.award"
    CONTRACT = "projects.contract"
    BUILD = "projects.build"
    ACCEPT = "projects.accept"
    OPEN_WINDOW = "projects.open_window"
    ALLOW_LATE = "projects.allow_late"
    RANK = "projects.rank"
    DECIDE_APPEAL = "projects.decide_appeal"
    REFRESH = "projects.refresh"
    REMARK = "projects.remark"
    APPROVE_CHANGE = "projects.approve_change"
    PRE_ACCEPT = "projects.pre_accept"
    KEEP_ASSET = "projects.keep_asset"
    SUCCEED = "projects.succeed"
    RANK_RESERVE = "projects.rank_reserve"
    PUBLISH_RANKING = "projects.publish_ranking"
    POST_NOTICE = "projects.post_notice"
    TAKE_OBJECTION = "projects.take_objection"
    ANSWER_OBJECTION = "projects.answer_objection"
    FILE_BULK = "projects.file_bulk"
    KNOW_SECTOR = "projects.know_sector"


GRANTS: dict[Role, tuple[P, ...]] = {
    Role.VILLAGE_CLERK: (
        P.VIEW, P.SUBMIT, P.CONTRACT, P.BUILD, P.KEEP_ASSET, P.POST_NOTICE, P.TAKE_OBJECTION, P.FILE_BULK,
    ),
    Role.TOWNSHIP_CLERK: (
        P.VIEW, P.CHECK, P.CONTRACT, P.BUILD, P.RANK, P.PRE_ACCEPT, P.KEEP_ASSET,
        P.POST_NOTICE, P.TAKE_OBJECTION, P.ANSWER_OBJECTION, P.FILE_BULK,
    ),
    Role.COUNTY_CLERK: (
        P.VIEW, P.ADMIT, P.PLAN, P.AWARD, P.CONTRACT, P.BUILD, P.ACCEPT, P.OPEN_WINDOW, P.REFRESH, P.PRE_ACCEPT,
        P.RANK_RESERVE,
        P.KEEP_ASSET, P.POST_NOTICE, P.TAKE_OBJECTION, P.ANSWER_OBJECTION, P.KNOW_SECTOR,
    ),
    Role.COUNTY_LEADER: (
        P.VIEW, P.APPROVE_PLAN, P.AWARD, P.ALLOW_LATE, P.DECIDE_APPEAL, P.APPROVE_CHANGE, P.PUBLISH_RANKING,
    ),
    Role.COUNTY_FINANCE: (P.VIEW,),
    Role.COUNTY_ADMIN: (P.VIEW, P.SUCCEED),
    Role.CITY_CLERK: (
        P.VIEW, P.AWARD, P.REMARK, P.RANK_RESERVE, P.POST_NOTICE, P.TAKE_OBJECTION, P.ANSWER_OBJECTION,
    ),
    Role.CITY_LEADER: (P.VIEW, P.AWARD, P.REMARK, P.PUBLISH_RANKING),
    Role.CITY_ADMIN: (P.VIEW, P.SUCCEED),
    Role.INSPECTOR: (P.VIEW,),
    Role.AUDITOR: (P.VIEW,),
}  # fmt: skip
