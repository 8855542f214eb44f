"""Templates compile, stay inside the Content-Security-Policy, and never reach outside the house."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from quzhou_migrants.kernel.catalogue import PACKAGES, ROOT
from quzhou_migrants.web.render import ENV

TEMPLATES = sorted(
    p for package in PACKAGES for p in (ROOT / package).rglob("templates/*.html") if "node_modules" not in p.parts
)
INLINE = re.compile(r"""\sstyle=["']|\son[a-z]+=["']|<style\b|<script(?![^>]*\bsrc=)(?![^>]*type="application/json")""")
OUTSIDE = re.compile(r"""(?:src|href|action)=["'](?:https?:)?//""")


def _id(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", TEMPLATES, ids=_id)
def test_template_compiles(path: Path):
    ENV.parse(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", TEMPLATES, ids=_id)
def test_template_needs_no_exception_from_the_policy(path: Path):
    assert INLINE.findall(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("path", TEMPLATES, ids=_id)
def test_template_asks_no_outside_host(path: Path):
    assert OUTSIDE.findall(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("path", TEMPLATES, ids=_id)
def test_every_form_that_writes_posts(path: Path):
    """A GET form may only search or filter; the field app sends its own (`data-act`)."""
    for form in re.findall(r"<form\b[^>]*>", path.read_text(encoding="utf-8")):
        assert re.search(r'method="(?:post|get|\{\{)', form) or 'role="search"' in form or "data-act" in form, form
