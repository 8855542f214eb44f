"""Forms: read everything, report every slip beside its field, keep what was typed.

The pattern of every page that writes:

    form = await read_form(request, ApplyForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            project_id = await service.apply(tx, form.value)
            return see_other(await tx.done(f"/projects/{project_id}"), flash="PRJ-saved")
    return render(request, "projects/intake/edit.html", form=form, status=form.status)

The token in `form.once` makes a second sending of the same form answer like the first.
"""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import msgspec
from litestar.datastructures import UploadFile

from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.errors import Invalid, Problem
from quzhou_migrants.kernel.money import yuan
from quzhou_migrants.web.fields import MISSING, Field, Slip, fields_of, tidy
from quzhou_migrants.web.framework import form_of

if TYPE_CHECKING:
    from litestar import Request

S = TypeVar("S", bound=msgspec.Struct)
ONCE = "once"
UNREADABLE, REFUSED = 422, 409
ROW_DIGITS = 4  # nobody types 10,000 rows
_NOT_A_SLIP = frozenset({401, 403, 404, 500})  # these are answered by an error page, not beside a field
_NOT_YET = frozenset({"WEB-101", "WEB-102", "WEB-117"})  # what a draft may still lack
Typed = dict[str, list[Any]]


@dataclass(slots=True)
class Form(Generic[S]):
    """What was sent: the value when all is well, every problem otherwise, and the typed text always.

    Shape: `raw` {name: [typed values]}; `read` the struct when every field is right; `clean`
    {name: value} of the fields that could be read;
    `once` is the token that makes a repeat of this form harmless.
    """

    struct: type[S]
    raw: Typed
    read: S | None = None
    clean: dict[str, Any] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    once: str = field(default_factory=lambda: str(uuid.uuid4()))
    status: int = UNREADABLE
    labels: dict[str, str] = field(default_factory=dict)
    """What the page calls its fields; told by the fields as they are drawn."""
    _told: dict[str, list[Problem]] = field(default_factory=dict)
    _told_count: int = 0

    @property
    def ok(self) -> bool:
        """Tell whether every field could be read."""
        return self.read is not None and not self.problems

    @property
    def value(self) -> S:
        """Answer what was sent, as the struct. Raises: Invalid when there is anything wrong with it."""
        if self.read is None:
            raise Invalid(self.problems)
        return self.read

    def text(self, name: str) -> str:
        """Answer what was typed in a field, first value."""
        values = self.raw.get(name) or [""]
        return values[0] if isinstance(values[0], str) else ""

    def chosen(self, name: str, option: object) -> bool:
        """Tell whether an option of a choice is ticked."""
        return str(getattr(option, "value", option)) in self.raw.get(name, ())

    def errors(self, name: str) -> list[tuple[str, str]]:
        """List what is wrong with a field. Shape: [(code, sentence)]."""
        if self._told_count != len(self.problems):  # a form of a thousand rows asks for each of its fields
            self._told, self._told_count = {}, len(self.problems)
            for p in self.problems:
                self._told.setdefault(p.field, []).append(p)
        return [(p.code, CATALOGUE.sentence(p)) for p in self._told.get(name, ())]

    def summary(self) -> list[tuple[str, str, str]]:
        """List everything that is wrong. Shape: [(field, code, sentence)]."""
        return [(p.field, p.code, CATALOGUE.sentence(p)) for p in self.problems]

    def required(self, name: str) -> bool:
        """Tell whether a field must be filled; a name the form does not know is optional."""
        return any(f.name == name and f.required for f in fields_of(self.struct))

    def rows(self, name: str) -> int:
        """Count the rows of a repeated group as they are drawn again; far more than it may have are not."""
        most = next((f.most for f in fields_of(self.struct) if f.name == name), None)
        count = max(_typed_rows(self.raw, name), default=-1) + 1
        return count if most is None else min(count, 2 * most)

    def refuse(self, *problems: Problem) -> None:
        """Add problems that only the service could see."""
        self.problems.extend(problems)
        self.status = max((CATALOGUE.status(p.code) for p in problems), default=UNREADABLE)

    @asynccontextmanager
    async def refusals(self) -> AsyncIterator[None]:
        """Turn what a service refuses into problems of this form; outermost, so the work is rolled back first.

        Raises: Invalid for refusals that belong on an error page (no right, not found).
        """
        try:
            yield
        except Invalid as refused:
            if any(CATALOGUE.status(p.code) in _NOT_A_SLIP for p in refused.problems):
                raise
            self.refuse(*refused.problems)


def new_form(struct: type[S], values: object = None, /, **more: Any) -> Form[S]:  # noqa: ANN401 - any field value
    """Make the form of a first visit, filled from a row or a struct and from keywords."""
    known: Mapping[str, Any] = {}
    if isinstance(values, msgspec.Struct):
        known = msgspec.structs.asdict(values)
    elif values is not None:
        known = dict(values)  # type: ignore[call-overload]  # a mapping or a database row
    raw: Typed = {}
    for f in fields_of(struct):
        given = more.get(f.name, known.get(f.name, MISSING))
        if given is MISSING or given is None:
            given = f.empty()
        raw.update(_written(f, f.name, given))
    return Form(struct, raw)


async def read_form(request: Request[Any, Any, Any], struct: type[S], *, partial: bool = False) -> Form[S]:
    """Read a form: all fields, all slips. `partial` (autosave) lets required fields be empty.

    Raises: nothing about content; a body over the route's limit is answered with 413 by the server.
    """
    data = await form_of(request)
    raw: Typed = {}
    for key, value in data.multi_items():
        raw.setdefault(key, []).append(value)
    return read_raw(raw, struct, partial=partial)


def read_raw(raw: Typed, struct: type[S], *, partial: bool = False) -> Form[S]:
    """Read typed values that are already in hand (tests, imports)."""
    form = Form(struct, raw)
    token = form.text(ONCE)
    form.once = token if _is_token(token) else form.once
    form.clean = _read_fields(fields_of(struct), raw, "", form.problems, partial=partial)
    if not form.problems and all(not f.required or f.name in form.clean for f in fields_of(struct)):
        form.read = struct(**form.clean)
    return form


def _is_token(token: str) -> bool:
    try:
        return bool(uuid.UUID(token))
    except ValueError:
        return False


def _read_fields(
    fields: Iterable[Field], raw: Typed, prefix: str, problems: list[Problem], *, partial: bool
) -> dict[str, Any]:
    clean: dict[str, Any] = {}
    for f in fields:
        name = prefix + f.name
        try:
            value = _read_rows(f, raw, name, problems, partial=partial) if f.struct else _read_one(f, raw, name)
        except Slip as slip:
            if partial and slip.code in _NOT_YET:
                continue
            problems.append(Problem(slip.code, name, slip.facts))
            continue
        clean[f.name] = value
    return clean


def _read_one(f: Field, raw: Typed, name: str) -> Any:  # noqa: ANN401 - the field's own type
    given = [v for v in (_tidied(v) for v in raw.get(name, ())) if v is not None]
    if f.many:
        if len(given) < f.least:
            raise Slip("WEB-102" if f.least == 1 else "WEB-117", least=f.least)
        if f.most is not None and len(given) > f.most:
            raise Slip("WEB-116", most=f.most)
        return [f.read(v) for v in given]
    if not given:
        if f.required:
            raise Slip("WEB-101")
        return f.empty()
    return f.read(given[0])


def _tidied(value: Any) -> Any:  # noqa: ANN401 - text or an uploaded file
    """Answer typed text in one form, an upload as it is, None for what was left empty."""
    if isinstance(value, UploadFile):
        return value if value.filename else None
    return tidy(value) or None if isinstance(value, str) else value


def _typed_rows(raw: Typed, name: str) -> dict[int, bool]:
    """Find the rows named `name.0.field`, `name.1.field` and so on, in one walk. Shape: {row: anything typed in it}."""
    start = name + "."
    rows: dict[int, bool] = {}
    for key, values in raw.items():
        if key.startswith(start):
            n = key[len(start) :].partition(".")[0]
            if n.isascii() and n.isdecimal() and len(n) <= ROW_DIGITS:
                rows[int(n)] = rows.get(int(n), False) or any(map(_is_typed, values))
    return rows


def _is_typed(value: Any) -> bool:  # noqa: ANN401 - text or an uploaded file
    return bool(value.filename if isinstance(value, UploadFile) else value.strip())


def _read_rows(f: Field, raw: Typed, name: str, problems: list[Problem], *, partial: bool) -> list[Any]:
    """Read a repeated group; rows in which nothing was typed are left out."""
    rows = []
    typed = sorted(n for n, anything in _typed_rows(raw, name).items() if anything)
    if f.most is not None and len(typed) > f.most:
        raise Slip("WEB-116", most=f.most)
    for n in typed:
        prefix = f"{name}.{n}."
        before = len(problems)
        clean = _read_fields(f.rows, raw, prefix, problems, partial=partial)
        if len(problems) == before and f.struct is not None:
            rows.append(clean if partial else f.struct(**clean))
    if len(rows) < f.least and not partial:
        raise Slip("WEB-117", least=f.least)
    return rows


def _written(f: Field, name: str, value: Any) -> Typed:  # noqa: ANN401 - any field value
    """Write a value as it would have been typed."""
    if value is MISSING or value is None:
        return {}
    if f.struct is not None:
        typed: Typed = {}
        for n, row in enumerate(value):
            known = msgspec.structs.asdict(row) if isinstance(row, msgspec.Struct) else dict(row)
            for inner in f.rows:
                typed.update(_written(inner, f"{name}.{n}.{inner.name}", known.get(inner.name)))
        return typed
    many = value if f.many else [value]
    return {name: [_one_written(f, v) for v in many]}


def _one_written(f: Field, value: Any) -> str:  # noqa: ANN401 - any field value
    if isinstance(value, bool):
        return "on" if value else ""
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, date):
        return value.isoformat()[:10]
    if f.typed == "yuan":
        return yuan(int(value)).replace(",", "")
    if f.typed == "percent":
        return f"{(Decimal(value) / 100).normalize():f}"
    return str(value)
