"""Every code that can be said has a sentence; every sentence is said somewhere; Chinese stays in the catalogue."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import quzhou_migrants.wiring  # noqa: F401 - declares machines and permissions
from quzhou_migrants.kernel import permissions
from quzhou_migrants.kernel.catalogue import CATALOGUE, PACKAGES, ROOT
from quzhou_migrants.kernel.commands import COMMANDS
from quzhou_migrants.kernel.states import MACHINES
from quzhou_migrants.kernel.tables import BUSINESS
from quzhou_migrants.piccolo_conf import APP_REGISTRY
from quzhou_migrants.web.listing import Listing

CODE = re.compile(r"\b(?:KRN|ACC|REG|POL|WEB|PRJ|ALC|INS|SUR)-\d{3}\b")
CHINESE = re.compile(r"[\u4e00-\u9fff]")
# Chinese in Python: clause citations, the word lists of the demonstration, the written documentation.
CITATION = re.compile(r"〔\d{4}〕|国令|办法|条例|《|GB")
MAY_SPEAK = ("quzhou_migrants/demo/", "quzhou_migrants/docs/")


def sources() -> Iterator[Path]:
    """Walk the product's Python files."""
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            if "piccolo_migrations" not in path.parts and "node_modules" not in path.parts:
                yield path


def everything_said() -> str:
    """All source text in which a code may stand."""
    kinds = ("*.py", "*.html", "*.ts", "*.js", "*.mjs", "*.toml")
    texts = []
    for package in PACKAGES:
        for kind in kinds:
            texts += [
                path.read_text(encoding="utf-8")
                for path in (ROOT / package).rglob(kind)
                if not {"node_modules", "static", "generated"} & set(path.parts) and "messages" not in path.name
            ]
    return "\n".join(texts)


def test_every_code_in_the_sources_has_a_sentence():
    used = {code for path in sources() for code in CODE.findall(path.read_text(encoding="utf-8"))}
    assert used - set(CATALOGUE.messages) == set()


def test_every_sentence_is_said_somewhere():
    said = set(CODE.findall(everything_said()))
    said |= set(map(str, CATALOGUE.sections["constraint"].values()))
    assert {code for code in CATALOGUE.messages if CODE.fullmatch(code)} - said == set()


@pytest.mark.parametrize("name", sorted(MACHINES))
def test_every_state_and_verb_has_a_title(name: str):
    machine = MACHINES[name]
    states = CATALOGUE.sections["state"].get(name, {})
    verbs = CATALOGUE.sections["verb"]
    assert {str(s) for s in machine.states} - set(states) == set()
    assert {f"{name}.{a.verb}" for a in machine.arrows} - set(verbs) == set()


def test_every_list_has_a_name():
    """A table's caption, the sheet and the file of an export are called by it."""
    ours = [module for name, module in list(sys.modules.items()) if name.partition(".")[0] in PACKAGES]
    lists = {m for module in ours for m in vars(module).values() if type(m) is Listing}
    assert len(lists) > 60
    assert sorted(m.key for m in lists if not CHINESE.search(m.title)) == []


def test_every_permission_has_a_title_and_a_holder():
    held = set().union(*permissions.table().values())
    assert permissions.known() - set(CATALOGUE.sections["permission"]) == set()
    assert permissions.known() - held == set()


def test_every_command_asks_for_a_known_permission():
    assert set(COMMANDS.values()) - permissions.known() == set()


def test_every_named_constraint_speaks():
    """Unique and check constraints of business tables that a person can break have a code."""
    names = {
        c._meta.name
        for app in APP_REGISTRY.app_configs.values()
        for table in app.table_classes
        if table._meta.tablename in BUSINESS
        for c in table._meta.constraints
    }
    assert names - set(CATALOGUE.sections["constraint"]) == set()


def _spoken(path: Path) -> Iterator[str]:
    """Chinese string constants of a file that are neither documentation nor citations."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    docs = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef))
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    docs |= {id(n.value) for n in ast.walk(tree) if isinstance(n, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
            words = "".join(CHINESE.findall(node.value))
            if len(words) > 4 and not CITATION.search(node.value):
                yield f"{path.relative_to(ROOT)}:{node.lineno} {node.value[:40]}"


def test_sentences_live_in_the_catalogue():
    found = [
        line for path in sources() if not str(path.relative_to(ROOT)).startswith(MAY_SPEAK) for line in _spoken(path)
    ]
    assert found == []
