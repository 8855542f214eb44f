"""The engine against a second reading of its own published format, in plain fractions."""

from __future__ import annotations

import json
import random
from dataclasses import replace

import pytest
from factor_house import inputs, mode, runs
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from split_oracle import recompute

from allocation.factor.frozen import Inputs, digest, export, freeze, result, thaw
from allocation.factor.rules import attempt
from allocation.recompute import recompute_split
from quzhou_migrants.kernel.errors import Invalid, Refused
from quzhou_migrants.kernel.money import Mode

QUICK = settings(max_examples=70, suppress_health_check=[HealthCheck.too_slow], deadline=None)


def outcome(run: Inputs) -> dict[str, object] | None:
    made, _ = attempt(run.pool_fen, run.scheme, [u.code for u in run.units], run.table())
    return result(made.split, run.scheme.version) if made else None


@given(runs())
@QUICK
def test_every_exported_run_is_recomputed_by_a_second_method(run) -> None:
    document = json.loads(freeze(run))
    event(f"bounds {bool(run.scheme.bounds)}, {run.scheme.rounding.mode}")
    assert recompute(document) == outcome(run)


@pytest.mark.parametrize("name", list(Mode))
@pytest.mark.parametrize("unit_fen", [100, 10_000])
def test_the_full_scheme_is_recomputed_in_every_mode(name, unit_fen) -> None:
    run = mode(replace(inputs(), pool_fen=103_456_789), name, unit_fen)
    if name.by_divisor:  # the oracle counts units one by one
        run = mode(run, name, 100_000)
    found = outcome(run)
    assert found is not None
    assert any(s["adjusted"] for s in found["shares"].values())
    assert recompute(json.loads(freeze(run))) == found


@given(runs(), st.randoms(use_true_random=False))
@settings(max_examples=20, deadline=None)
def test_order_of_rows_never_matters_not_even_to_the_hash(run, rng) -> None:
    units, data = list(run.units), list(run.data)
    rng.shuffle(units)
    rng.shuffle(data)
    shuffled = replace(run, units=tuple(units), data=tuple(data))
    assert freeze(shuffled) == freeze(run)
    assert outcome(shuffled) == outcome(run)
    factors = list(run.scheme.factors)
    rng.shuffle(factors)
    turned = replace(run, scheme=replace(run.scheme, factors=tuple(factors), bounds=run.scheme.bounds[::-1]))
    assert outcome(turned) == outcome(run)


@pytest.mark.parametrize("name", list(Mode))
def test_a_file_of_version_two_recomputes_from_itself_alone(tmp_path, name) -> None:
    text = freeze(mode(inputs(), name, 100))
    file = tmp_path / "run.json"
    file.write_text(export(text), "utf-8")
    printed = recompute_split(file)
    assert digest(text) in printed
    assert "与文件所载结果一致" in printed
    assert "上下限调整" in printed
    assert "预留" in printed


def test_version_two_keeps_its_bytes() -> None:
    """Written down once; whoever changes the format or the engine sees it here."""
    text = freeze(inputs())
    assert json.loads(text)["format"] == "quzhou-migrants/split/2"
    assert digest(text) == "72b5e672fec6f5fc5fa6c386d529434910cd05128f54aec85d14055aed11d656"
    assert digest(export(text)) == "0e0e03677bc128c5336dd5ea5812ba1c64343c0089b173f5ec0729e9f6d39ded"
    assert freeze(thaw(json.loads(text))) == text


def test_a_changed_bound_is_found_out(tmp_path) -> None:
    body = json.loads(export(freeze(inputs())))
    body["frozen"]["scheme"]["bounds"][0]["bp"] = 9_999
    file = tmp_path / "run.json"
    file.write_text(json.dumps(body), "utf-8")
    with pytest.raises(Refused) as refusal:
        recompute_split(file)
    assert refusal.value.code == "ALC-232"
    body["sha256"] = None
    file.write_text(json.dumps(body), "utf-8")
    with pytest.raises(Refused) as refusal:
        recompute_split(file)
    assert refusal.value.code == "ALC-233"


@pytest.mark.parametrize(
    "spoil",
    [
        lambda s: s["bounds"][0].update(kind="mercy"),
        lambda s: s["bounds"][0].update(cunning=1),
        lambda s: s["rounding"].update(mode="by_eye"),
        lambda s: s.update(reserve=[1]),
        lambda s: s["factors"][0].update(form="secret"),
    ],
)
def test_a_file_with_unknown_words_is_refused(tmp_path, spoil) -> None:
    body = json.loads(export(freeze(inputs())))
    spoil(body["frozen"]["scheme"])
    body["sha256"] = None
    file = tmp_path / "run.json"
    file.write_text(json.dumps(body), "utf-8")
    with pytest.raises(Refused) as refusal:
        recompute_split(file)
    assert refusal.value.code == "ALC-231"


def test_a_hundred_villages_are_recomputed_too() -> None:
    rng = random.Random(11)
    base = inputs()
    codes = [f"3308{n:08d}" for n in range(100)]
    made = {
        "migrants": lambda: str(rng.randrange(1, 900)),
        "revenue": lambda: f"{rng.randrange(1, 900)}.5",
        "people": lambda: f"{rng.randrange(1, 40)}.25",
        "income": lambda: str(rng.randrange(20_000, 45_000)),
        "grade": lambda: rng.choice("优良中差"),
        "last": lambda: str(rng.randrange(3_000, 8_000)),
    }
    units = tuple(replace(base.units[0], code=c, name=c) for c in codes)
    data = tuple(replace(base.data[0], factor=f, unit=c, value=v()) for f, v in made.items() for c in codes)
    bounds = tuple(replace(b, bp=4_000) if b.kind == "loss" else replace(b, bp=180) for b in base.scheme.bounds)
    scheme = replace(base.scheme, fixed=base.scheme.fixed[:1], bounds=bounds)
    run = replace(base, units=units, data=data, scheme=scheme, pool_fen=70_000_000)
    found = outcome(run)
    assert found is not None
    assert any(s["adjusted"] for s in found["shares"].values())
    assert recompute(json.loads(freeze(run))) == found


def places(value, at=()):
    """Every place in a document that could be written over."""
    yield at
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(inner, (*at, key))


NONSENSE = st.sampled_from([None, True, -1, 0, 3, 10**40, "", "x", "-1", "1e9", "0.5", [], {}, [1], {"a": 1}, "\u0661"])


@given(st.data())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_scribbled_file_breaks_the_program(tmp_path, data) -> None:
    """Whatever stands in a file, it is recomputed or refused with a code."""
    body = json.loads(export(freeze(inputs())))
    body["sha256"] = None
    del body["result"]
    at = data.draw(st.sampled_from(list(places(body["frozen"]))[1:]))
    inner = body["frozen"]
    for key in at[:-1]:
        inner = inner[key]
    inner[at[-1]] = data.draw(NONSENSE)
    file = tmp_path / "run.json"
    file.write_text(json.dumps(body), "utf-8")
    try:
        assert "SHA-256" in recompute_split(file)
    except (Refused, Invalid) as refusal:
        event(getattr(refusal, "code", "ALC"))


def test_a_value_stated_twice_is_refused() -> None:
    document = json.loads(freeze(inputs()))
    document["data"].append({**document["data"][0], "value": "1"})
    with pytest.raises(Refused) as refusal:
        thaw(document)
    assert refusal.value.code == "ALC-231"
