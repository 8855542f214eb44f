"""Signing keys: made once, rotated without losing old ones, never replaced in silence."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from quzhou_migrants.kernel.signing import KeyRing, open_ring, save_ring, verify

RING = KeyRing({0: b"a" * 32, 1: b"b" * 32})


def test_ring_is_made_once_and_kept(tmp_path: Path) -> None:
    first = open_ring(tmp_path)
    assert open_ring(tmp_path) == first
    assert stat.S_IMODE((tmp_path / "signing-keys.json").stat().st_mode) == 0o600


def test_two_processes_starting_together_agree(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        rings = list(pool.map(lambda _: open_ring(tmp_path), range(16)))
    assert rings == [rings[0]] * 16


def test_damaged_keys_are_reported_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "signing-keys.json").write_text('{"0": "short"}')
    with pytest.raises(ValueError, match="signing keys"):
        open_ring(tmp_path)
    assert (tmp_path / "signing-keys.json").read_text() == '{"0": "short"}'


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"1": "YWFh"}', '{"x": "y"}'])
def test_unusable_key_text_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "signing-keys.json").write_text(text)
    with pytest.raises(ValueError, match="signing keys"):
        open_ring(tmp_path)


def test_rotation_signs_with_the_new_key_and_still_verifies_the_old(tmp_path: Path) -> None:
    old = open_ring(tmp_path)
    tag = old.tag("site", b"42", 5)
    save_ring(tmp_path, old.rotated())
    new = open_ring(tmp_path)
    assert new.newest == 1
    assert new.tag_fits("site", b"42", tag, 0)
    assert not new.tag_fits("site", b"42", tag, 1)
    assert new.tag("site", b"42", 5) != tag


def test_tag_is_bound_to_purpose_message_and_known_keys() -> None:
    tag = RING.tag("site", b"42", 5)
    assert RING.tag_fits("site", b"42", tag, 1)
    assert not RING.tag_fits("list", b"42", tag, 1)
    assert not RING.tag_fits("site", b"43", tag, 1)
    assert not RING.tag_fits("site", b"42", tag, 7)


def test_signature_verifies_with_the_public_half_alone() -> None:
    key, signature = RING.sign("list", b"body")
    public = RING.public(key)
    assert (key, len(public), len(signature)) == (1, 32, 64)
    assert verify(public, "list", b"body", signature)
    assert not verify(public, "list", b"b0dy", signature)
    assert not verify(public, "other", b"body", signature)
    assert not verify(RING.public(0), "list", b"body", signature)


def test_keys_may_come_from_the_environment(tmp_path: Path) -> None:
    save_ring(tmp_path, RING)
    text = (tmp_path / "signing-keys.json").read_text()
    assert open_ring(tmp_path / "elsewhere", text) == RING
    assert not (tmp_path / "elsewhere").exists()
