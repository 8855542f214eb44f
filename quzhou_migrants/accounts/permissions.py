"""What the accounts room allows."""

from enum import StrEnum

from quzhou_migrants.accounts.roles import Role


class P(StrEnum):
    """Permissions over people, engagements, rules and the trail."""

    MANAGE_PEOPLE = "accounts.people.manage"
    ENGAGE = "accounts.engagement.manage"
    VIEW_TRAIL = "accounts.trail.view"
    VIEW_POLICY = "policy.view"
    MANAGE_KEYS = "accounts.keys.manage"


_STAFF = tuple(r for r in Role if r not in {Role.EXPERT, Role.SURVEYOR})
GRANTS: dict[Role, tuple[P, ...]] = {
    **dict.fromkeys(_STAFF, (P.VIEW_POLICY,)),
    Role.COUNTY_ADMIN: (P.MANAGE_PEOPLE, P.ENGAGE, P.VIEW_TRAIL, P.VIEW_POLICY, P.MANAGE_KEYS),
    Role.CITY_ADMIN: (P.MANAGE_PEOPLE, P.ENGAGE, P.VIEW_TRAIL, P.VIEW_POLICY, P.MANAGE_KEYS),
    Role.COUNTY_CLERK: (P.ENGAGE, P.VIEW_POLICY),
    Role.CITY_CLERK: (P.ENGAGE, P.VIEW_POLICY),
    Role.CITY_LEADER: (P.VIEW_TRAIL, P.VIEW_POLICY),
    Role.COUNTY_LEADER: (P.VIEW_TRAIL, P.VIEW_POLICY),
}
