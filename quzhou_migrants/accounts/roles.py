"""The roles a post can have. What each may do stands in every package's `permissions.py`."""

from enum import StrEnum


class Role(StrEnum):
    """Roles from the city bureau to the village, and the outsiders engaged for a time."""

    CITY_CLERK = "city_clerk"
    CITY_LEADER = "city_leader"
    CITY_ADMIN = "city_admin"
    COUNTY_CLERK = "county_clerk"
    COUNTY_LEADER = "county_leader"
    COUNTY_FINANCE = "county_finance"
    COUNTY_ADMIN = "county_admin"
    TOWNSHIP_CLERK = "township_clerk"
    VILLAGE_CLERK = "village_clerk"
    INSPECTOR = "inspector"
    EXPERT = "expert"
    SURVEYOR = "surveyor"
    AUDITOR = "auditor"


OUTSIDERS = frozenset({Role.EXPERT, Role.SURVEYOR, Role.AUDITOR})
OF_ONE_OBJECT = frozenset({Role.EXPERT, Role.SURVEYOR})
"""Outsiders who see the object of their engagement and nothing else; an auditor reads the division's books."""
LEVEL = {
    **dict.fromkeys((Role.CITY_CLERK, Role.CITY_LEADER, Role.CITY_ADMIN), "city"),
    **dict.fromkeys(
        (Role.COUNTY_CLERK, Role.COUNTY_LEADER, Role.COUNTY_FINANCE, Role.COUNTY_ADMIN, Role.INSPECTOR),
        "county",
    ),
    Role.TOWNSHIP_CLERK: "township",
    Role.VILLAGE_CLERK: "village",
}
"""Level of the organisation a role belongs to; outsiders may be engaged at city or county."""
LEVELS = ("city", "county", "township", "village")


def below(level: str) -> list[Role]:
    """List the roles that can be given at a level and beneath it; outsiders come by engagement only."""
    reach = LEVELS[LEVELS.index(level) :]
    return [role for role in Role if LEVEL.get(role) in reach]
