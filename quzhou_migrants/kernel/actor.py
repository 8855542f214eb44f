"""Who acts: a person in one post, with the permissions and the range of divisions that post gives."""

from __future__ import annotations

from dataclasses import dataclass, field

_WIDTHS = {"00000000": 4, "000000": 6, "000": 9}


def trimmed(code: str) -> str:
    """Cut a division code to its own digits: 330802000000 -> 330802, 330802001000 -> 330802001."""
    for zeros, width in _WIDTHS.items():
        if code.endswith(zeros):
            return code[:width]
    return code


def code_range(code: str) -> tuple[str, str]:
    """Answer the half-open range of all codes inside a division: [lo, hi)."""
    own = trimmed(code)
    return own.ljust(12, "0"), str(int(own) + 1).ljust(12, "0")


def ancestors(code: str) -> tuple[str, ...]:
    """Answer the division itself and all above it, from near to far."""
    own = trimmed(code)
    widths = [w for w in (12, 9, 6, 4) if w <= len(own)]
    return tuple(own[:w].ljust(12, "0") for w in widths)


@dataclass(frozen=True, slots=True)
class Actor:
    """A signed-in person in the post now chosen; `post_id` 0 is the machine itself or the public."""

    user_id: int | None
    name: str
    role: str = ""
    org_id: int | None = None
    org_name: str = ""
    division_code: str = ""
    post_id: int = 0
    engagement_id: int | None = None
    permissions: frozenset[str] = field(default_factory=frozenset)
    title: str = ""
    must_change_password: bool = False
    is_demo: bool = False
    session_id: bytes = b""

    def may(self, permission: str) -> bool:
        """Tell whether the post carries a permission."""
        return permission in self.permissions or "*" in self.permissions

    @property
    def is_outsider(self) -> bool:
        """Tell whether the person is engaged from outside and sees only what the engagement names."""
        return self.engagement_id is not None


EVERYTHING: frozenset[str] = frozenset({"*"})
SYSTEM = Actor(None, "系统", title="系统", permissions=EVERYTHING)
PUBLIC = Actor(None, "公众", title="公众")
