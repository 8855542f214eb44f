"""Logs keep what an engineer needs and nothing that names a person."""

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from quzhou_migrants.kernel import logs


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    logs.configure("info", stream)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("身份证 33080219700101123X 有误", "身份证 [id] 有误"),
        ("330802700101123", "[id]"),
        ("卡号 6222 0212 0200 1234 567", "卡号 [card]"),
        ("6222021202001234", "[card]"),
        ("电话13812345678。", "电话[phone]。"),
        ("+86 138 1234 5678", "[phone]"),
        ("division 330802001000 took 12 ms", "division 330802001000 took 12 ms"),
        ("2026-09-16T10:00:00", "2026-09-16T10:00:00"),
        ("duplicate key\nDETAIL:  Key (name)=(张三) already exists.", "duplicate key\nDETAIL: [hidden]"),
    ],
)
def test_numbers_of_persons_are_masked_and_others_kept(text: str, kept: str) -> None:
    assert logs.scrub(text) == kept


def test_masks_reach_into_structures() -> None:
    found = logs.scrub({"row": ["13812345678", {"id": 330802197001011238}], "ok": True, "n": 5, "none": None})
    assert found == {"row": ["[phone]", {"id": "[id]"}], "ok": True, "n": 5, "none": None}


def test_a_line_is_one_json_object(lines: io.StringIO) -> None:
    logs.logger("jobs").info("job.done", job="seal", phone="13812345678")
    line = json.loads(lines.getvalue())
    assert (line["event"], line["job"], line["phone"], line["level"]) == ("job.done", "seal", "[phone]", "info")


def test_messages_and_tracebacks_of_libraries_are_masked_too(lines: io.StringIO) -> None:
    try:
        raise ValueError("33080219700101123X")
    except ValueError:
        logging.getLogger("library").exception("could not save %s", "6222021202001234")
    line = json.loads(lines.getvalue())
    assert line["event"] == "could not save [card]"
    assert "ValueError: [id]" in line["exception"]
    assert "33080219700101123X" not in lines.getvalue()
