"""Generated pages are fresh; every package tells what it is; links in the docs lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from quzhou_migrants.docs.generate import FOLDER, pages
from quzhou_migrants.kernel.catalogue import PACKAGES, ROOT

LINK = re.compile(r"\]\((?!https?:|#|mailto:)([^)#]+)")


@pytest.mark.parametrize("name", sorted(pages()))
def test_generated_page_is_fresh(name: str):
    assert (FOLDER / name).read_text(encoding="utf-8") == pages()[name], "run: make docs"


@pytest.mark.parametrize("package", PACKAGES)
def test_package_has_its_page(package: str):
    assert (ROOT / package / "README.md").is_file()


def documents() -> list[Path]:
    """List the Markdown pages of the house."""
    found = [ROOT / "README.md"]
    for package in PACKAGES:
        found += [p for p in (ROOT / package).rglob("*.md") if "node_modules" not in p.parts]
    return found


@pytest.mark.parametrize("page", documents(), ids=lambda p: str(p.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path):
    targets = LINK.findall(page.read_text(encoding="utf-8"))
    assert [t for t in targets if not (page.parent / t).exists()] == []
