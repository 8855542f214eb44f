"""What the register allows, and to whom."""

from enum import StrEnum

from quzhou_migrants.accounts.roles import Role


class P(StrEnum):
    """Permissions over households and their people."""

    VIEW = "register.view"
    EDIT = "register.edit"
    IMPORT = "register.import"
    REVEAL = "register.reveal"


GRANTS: dict[Role, tuple[P, ...]] = {
    **dict.fromkeys((Role.CITY_CLERK, Role.CITY_LEADER, Role.COUNTY_LEADER, Role.COUNTY_FINANCE), (P.VIEW,)),
    Role.COUNTY_CLERK: (P.VIEW, P.EDIT, P.IMPORT, P.REVEAL),
    Role.TOWNSHIP_CLERK: (P.VIEW, P.EDIT),
    Role.VILLAGE_CLERK: (P.VIEW,),
}
