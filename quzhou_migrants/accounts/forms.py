"""What people type in the accounts room."""

from datetime import date
from typing import Annotated

import msgspec
from msgspec import Meta

from quzhou_migrants.accounts.roles import Role

Name = Annotated[str, Meta(min_length=1, max_length=60)]
Login = Annotated[str, Meta(min_length=3, max_length=40)]
Secret = Annotated[str, Meta(min_length=1, max_length=128)]


class SignInForm(msgspec.Struct):
    """Name and password; `next` is where to go afterwards."""

    login: Login
    password: Secret
    next: Annotated[str, Meta(max_length=2000)] = "/home"
    parked: Annotated[str, Meta(max_length=64)] = ""


class PasswordForm(msgspec.Struct):
    """Change of one's own password."""

    old: Secret
    password: Secret
    again: Secret


class IdentityForm(msgspec.Struct):
    """Choice of a post, or of an engagement of a post."""

    post_id: int
    engagement_id: int = 0


class PersonForm(msgspec.Struct):
    """A new person with a first post."""

    org_id: int
    name: Name
    login: Login
    role: Role
    phone: Annotated[str, Meta(max_length=20)] = ""


class PostForm(msgspec.Struct):
    """A further post of a person."""

    org_id: int
    role: Role


class TermForm(msgspec.Struct):
    """The last day of an engagement."""

    ends_on: date


class OutsiderForm(msgspec.Struct):
    """A new outside person and the firm or office they come from."""

    firm: Annotated[str, Meta(min_length=2, max_length=100)]
    name: Name
    login: Login


class AuditorForm(msgspec.Struct):
    """An auditor let into the books of one's own division for a time."""

    auditor: Annotated[int, Meta(ge=1)]
    purpose: Annotated[str, Meta(min_length=2, max_length=100)]
    starts_on: date
    ends_on: date


class DateForm(msgspec.Struct):
    """The demonstration's business date."""

    day: date


class EmptyForm(msgspec.Struct):
    """A button: nothing but the token of its form."""


class KeyForm(msgspec.Struct):
    """An API key to make."""

    name: Annotated[str, Meta(min_length=2, max_length=80)]
    holder: Annotated[str, Meta(min_length=2, max_length=120)]
    place: Annotated[str, Meta(pattern=r"^\d{12}$")]
    scopes: Annotated[list[str], Meta(min_length=1)]
    expires_on: date
    per_minute: Annotated[int, Meta(ge=1)]
