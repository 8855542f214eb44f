"""From what a person typed to a value, field by field: one reader per kind, every slip a code.

A form is a `msgspec.Struct`; this module turns its annotations into readers once and keeps them.
"""

from __future__ import annotations

import datetime as dt
import re
import types
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec
from litestar.datastructures import UploadFile

from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.money import Fen, parse_yuan, yuan
from quzhou_migrants.kernel.texts import normal

Yuan = Annotated[Fen, msgspec.Meta(extra={"typed": "yuan"})]
"""Money in a form: typed as yuan text, read as fen. Limits in fen: `Annotated[Yuan, Meta(gt=0)]`."""
Signed = Annotated[Fen, msgspec.Meta(extra={"typed": "yuan", "signed": True})]
"""Money that may be negative, for corrections."""
Percent = Annotated[int, msgspec.Meta(extra={"typed": "percent"})]
"""A ratio typed in percent with at most two decimals, read as basis points."""

SHORT = 200  # a text field without a stated limit
_DATE = re.compile(r"(\d{4})[-/.年]?(\d{1,2})[-/.月]?(\d{1,2})日?", re.ASCII)
YEARS = (1900, 2199)  # a slip of the finger; days near the end of all calendars cannot be counted on from
_INT = re.compile(r"[+-]?\d{1,18}", re.ASCII)
_DECIMAL = re.compile(r"[+-]?\d{1,12}(?:\.\d{1,10})?", re.ASCII)
_YES = {"on", "1", "true", "yes"}
_BREAKS = "\n\t"
MISSING: Any = object()


class Slip(Exception):  # noqa: N818 - a slip of the pen, told beside the field
    """One field cannot be read; kept inside this package."""

    def __init__(self, code: str, **facts: Any) -> None:  # noqa: ANN401 - facts are any value the sentence names
        """Keep code and facts."""
        self.code, self.facts = code, facts
        super().__init__(code)


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a form: its name, how one typed value is read, what an empty one means."""

    name: str
    read: Callable[[Any], Any]
    many: bool = False
    required: bool = True
    default: Any = MISSING
    kind: type = str
    rows: tuple[Field, ...] = ()
    most: int | None = None
    least: int = 0
    struct: type[msgspec.Struct] | None = None
    typed: str = ""

    def empty(self) -> Any:  # noqa: ANN401 - the field's own type
        """Answer the value of an absent field; MISSING when it must be given."""
        return list(self.default) if isinstance(self.default, list) else self.default


def tidy(text: str) -> str:
    """Bring typed text to one form: NFC, plain line ends, no blanks around.

    Raises: Slip WEB-110 for control characters, which no database column should hold.
    """
    if not text:
        return text
    text = normal("NFC", text.replace("\r\n", "\n").replace("\r", "\n")).strip()
    if any(unicodedata.category(c) == "Cc" and c not in _BREAKS for c in text):
        raise Slip("WEB-110")
    return text


def _plain(text: str) -> str:
    """Half-width digits and signs, no grouping: people type numbers with any input method."""
    return normal("NFKC", text).replace(",", "").replace(" ", "")


def _text(meta: Mapping[str, Any]) -> Callable[[str], str]:
    least, most = meta.get("min_length") or 0, meta.get("max_length") or SHORT
    pattern = re.compile(meta["pattern"]) if meta.get("pattern") else None

    def read(text: str) -> str:
        if len(text) > most:
            raise Slip("WEB-103", most=most, now=len(text))
        if len(text) < least:
            raise Slip("WEB-104", least=least, now=len(text))
        if pattern and not pattern.search(text):
            raise Slip("WEB-105")
        return text

    return read


def _within(value: Any, meta: Mapping[str, Any], write: Callable[[Any], str] = str) -> Any:  # noqa: ANN401 - any ordered value
    """Check ge, gt, le, lt. Raises: Slip WEB-108, WEB-109, WEB-118, WEB-119."""
    least, above, most, below = (meta.get(k) for k in ("ge", "gt", "le", "lt"))
    if (least is not None and value < least) or (above is not None and value <= above):
        raise Slip("WEB-108" if above is None else "WEB-118", least=write(least if above is None else above))
    if (most is not None and value > most) or (below is not None and value >= below):
        raise Slip("WEB-109" if below is None else "WEB-119", most=write(most if below is None else below))
    return value


def _whole(meta: Mapping[str, Any]) -> Callable[[str], int]:
    def read(text: str) -> int:
        plain = _plain(text)
        if not _INT.fullmatch(plain):
            raise Slip("WEB-106")
        return int(_within(int(plain), meta))

    return read


def _money(meta: Mapping[str, Any]) -> Callable[[str], Fen]:
    signed = bool((meta.get("extra") or {}).get("signed"))

    def read(text: str) -> Fen:
        try:
            return int(_within(parse_yuan(text, signed=signed), meta, yuan))
        except Refused as refused:
            raise Slip(refused.code, **refused.facts) from None

    return read


def _percent(meta: Mapping[str, Any]) -> Callable[[str], int]:
    def read(text: str) -> int:
        plain = _plain(text).removesuffix("%")
        if not _DECIMAL.fullmatch(plain) or (Decimal(plain) * 100) % 1:
            raise Slip("WEB-114")
        return int(_within(int(Decimal(plain) * 100), meta, lambda bp: f"{Decimal(bp) / 100:f}%"))

    return read


def _float(meta: Mapping[str, Any]) -> Callable[[str], float]:
    def read(text: str) -> float:
        plain = _plain(text)
        if not _DECIMAL.fullmatch(plain):
            raise Slip("WEB-113")
        return float(_within(float(plain), meta))

    return read


def _number(meta: Mapping[str, Any]) -> Callable[[str], Decimal]:
    def read(text: str) -> Decimal:
        plain = _plain(text)
        if not _DECIMAL.fullmatch(plain):
            raise Slip("WEB-113")
        return Decimal(_within(Decimal(plain), meta))

    return read


def _date(_meta: Mapping[str, Any]) -> Callable[[str], dt.date]:
    def read(text: str) -> dt.date:
        match = _DATE.fullmatch(_plain(text))
        try:
            day = dt.date(*(int(part) for part in match.groups()))  # type: ignore[union-attr]  # no match: see below
        except (AttributeError, ValueError):
            raise Slip("WEB-111") from None
        if not YEARS[0] <= day.year <= YEARS[1]:
            raise Slip("WEB-111")
        return day

    return read


def _choice(kind: type[Enum] | tuple[Any, ...]) -> Callable[[str], Any]:
    known = {str(o): o for o in kind} if isinstance(kind, tuple) else {str(o.value): o for o in kind}

    def read(text: str) -> Any:  # noqa: ANN401 - the enum's own member
        if text not in known:
            raise Slip("WEB-112")
        return known[text]

    return read


def _bool(_meta: Mapping[str, Any]) -> Callable[[str], bool]:
    return lambda text: text.lower() in _YES


def _file(_meta: Mapping[str, Any]) -> Callable[[Any], UploadFile]:
    def read(given: Any) -> UploadFile:  # noqa: ANN401 - a browser may send text under a file's name
        if not isinstance(given, UploadFile):
            raise Slip("WEB-115")
        return given

    return read


_KINDS: dict[Any, Callable[[Mapping[str, Any]], Callable[[Any], Any]]] = {
    str: _text,
    int: _whole,
    float: _float,
    Decimal: _number,
    bool: _bool,
    dt.date: _date,
    UploadFile: _file,
}
_TYPED = {"yuan": _money, "percent": _percent}


def _unwrap(hint: Any) -> tuple[Any, dict[str, Any], bool]:  # noqa: ANN401 - annotations have no common type
    """Take off Annotated and Optional. Shape: (type, merged limits, may be empty)."""
    meta: dict[str, Any] = {}
    optional = False
    while True:
        if get_origin(hint) is Annotated:
            hint, *notes = get_args(hint)
            for note in notes:
                names = ("ge", "gt", "le", "lt", "min_length", "max_length", "pattern", "extra")
                meta.update({n: v for n in names if (v := getattr(note, n, None)) is not None})
        elif get_origin(hint) in {Union, types.UnionType} and type(None) in get_args(hint):
            optional = True
            rest = [a for a in get_args(hint) if a is not type(None)]
            hint = rest[0]
        else:
            return hint, meta, optional


def _reader(kind: Any, meta: Mapping[str, Any]) -> Callable[[Any], Any]:  # noqa: ANN401 - annotations have no common type
    typed = (meta.get("extra") or {}).get("typed")
    if typed:
        return _TYPED[typed](meta)
    if get_origin(kind) is Literal:
        return _choice(get_args(kind))
    if isinstance(kind, type) and issubclass(kind, Enum):
        return _choice(kind)
    return _KINDS[kind](meta)


def _field(info: msgspec.structs.FieldInfo, hint: Any) -> Field:  # noqa: ANN401 - annotations have no common type
    kind, meta, optional = _unwrap(hint)
    default = info.default if info.default is not msgspec.NODEFAULT else MISSING
    if info.default_factory is not msgspec.NODEFAULT:
        default = info.default_factory()
    if default is MISSING and optional:
        default = None
    if get_origin(kind) in {list, tuple}:
        inner, inner_meta, _ = _unwrap(get_args(kind)[0])
        if isinstance(inner, type) and issubclass(inner, msgspec.Struct):
            return Field(
                info.name,
                lambda v: v,
                many=True,
                required=False,
                default=[],
                kind=inner,
                rows=fields_of(inner),
                struct=inner,
                most=meta.get("max_length"),
                least=meta.get("min_length") or 0,
            )
        return Field(
            info.name,
            _reader(inner, inner_meta),
            many=True,
            required=bool(meta.get("min_length")),
            default=[] if default is MISSING else default,
            kind=inner,
            most=meta.get("max_length"),
            least=meta.get("min_length") or 0,
        )
    if kind is bool and default is MISSING:
        default = False
    blank_ok = kind is str and default is MISSING and meta.get("min_length") == 0
    return Field(
        info.name,
        _reader(kind, meta),
        required=default is MISSING and not blank_ok,
        default="" if blank_ok else default,
        kind=kind,
        typed=str((meta.get("extra") or {}).get("typed", "")),
    )


@lru_cache(maxsize=512)
def fields_of(struct: type[msgspec.Struct]) -> tuple[Field, ...]:
    """Turn a struct's annotations into readers, once per struct."""
    hints = get_type_hints(struct, include_extras=True)
    return tuple(_field(info, hints[info.name]) for info in msgspec.structs.fields(struct))
