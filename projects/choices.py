"""Choices of forms with their Chinese titles, in the order of their enum."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from projects.assets.forms import AssetKind, Condition, Part
from projects.assets.rules import ASPECTS
from projects.changes.rules import Cause
from projects.intake.forms import Category, FileKind, Grade, Land, Operator, ReservoirKind, Way
from projects.intake.rules import Body
from projects.works.forms import Method
from projects.works.tender import Kind as Purchase
from quzhou_migrants.kernel.catalogue import CATALOGUE

Options = list[tuple[str, str]]


def titled(values: Iterable[str | StrEnum], prefix: str) -> Options:
    """Pair each value with its title. Shape: [(value, title)]."""
    return [(str(v), CATALOGUE.text(prefix + str(v))) for v in values]


CATEGORIES = titled(Category, "list.category.")
WAYS = titled(Way, "list.way.")
PAPERS = titled(FileKind, "projects.paper.")
BODIES = titled(Body, "projects.body.")
GRADES = titled(Grade, "projects.grade.")
LANDS = titled(Land, "projects.land.")
RESERVOIR_KINDS = titled(ReservoirKind, "projects.reservoir_kind.")
OPERATORS = titled(Operator, "projects.operator.")
METHODS = titled(Method, "projects.method.")
SIDES = titled(ASPECTS, "projects.aspect.")
PARTS = titled(Part, "projects.part.")
ASSET_KINDS = titled(AssetKind, "list.kind.")
CONDITIONS = titled(Condition, "projects.condition.")
PURCHASES = titled(Purchase, "projects.purchase.")
CAUSES = titled(Cause, "projects.cause.")
