"""Templates of all rooms: nothing inline, nothing from outside, so that the strict policy holds."""

import re
from pathlib import Path

import pytest

from quzhou_migrants.kernel.catalogue import PACKAGES, ROOT
from quzhou_migrants.web.render import ENV

TEMPLATES = sorted(
    path
    for package in PACKAGES
    for path in (ROOT / package).rglob("templates/**/*.html")
    if "node_modules" not in path.parts
)
FORBIDDEN = {
    "an inline style": re.compile(r"<[^>]*\sstyle\s*=", re.IGNORECASE),
    "a style element": re.compile(r"<style\b", re.IGNORECASE),
    "an inline script": re.compile(r"<script(?![^>]*\b(?:src=|type=\"application/json\"))[^>]*>", re.IGNORECASE),
    "an event attribute": re.compile(r"<[^>{]*\son[a-z]+\s*=\s*[\"']", re.IGNORECASE),
    "an evaluated htmx attribute": re.compile(r"\b(hx-on|hx-vals\s*=\s*[\"']js:|hx-vars)", re.IGNORECASE),
    "an outside address": re.compile(r"""(src|href|action|hx-get|hx-post)\s*=\s*["'](https?:)?//""", re.IGNORECASE),
    "switched-off escaping": re.compile(r"autoescape\s+false", re.IGNORECASE),
}


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda p: str(p.relative_to(ROOT)))
def test_template_compiles_and_keeps_the_policy(path: Path):
    source = path.read_text(encoding="utf-8")
    ENV.compile(source, filename=str(path))
    assert [what for what, pattern in FORBIDDEN.items() if pattern.search(source)] == []


def test_templates_were_found():
    assert len(TEMPLATES) > 20
