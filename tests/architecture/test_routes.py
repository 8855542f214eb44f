"""Every route has a rule; every role from one county gets nothing of another county, whatever it asks."""

from __future__ import annotations

import re
import secrets
import uuid

import asyncpg
import httpx
import pytest
import pytest_asyncio
from house import KECHENG, SHILIANG, Database, make_account, visitor
from litestar.routes import HTTPRoute

from quzhou_migrants.accounts.roles import LEVEL, Role
from quzhou_migrants.accounts.sessions import COOKIE, open_session
from quzhou_migrants.app import create_app
from quzhou_migrants.kernel import permissions
from quzhou_migrants.kernel.db import ENGINE, close_pool, connect_arguments, open_pool
from quzhou_migrants.settings import load

APP = create_app(load({}))
HANDLERS = sorted(
    (
        (route.path_format, method, handler.opt)
        for route in APP.routes
        if isinstance(route, HTTPRoute)
        for handler in route.route_handlers
        for method in handler.http_methods - {"HEAD", "OPTIONS"}
    ),
    key=lambda h: (h[0], h[1]),
)
FOREIGN_LO, FOREIGN_HI = "330822000000", "330882000000"  # Changshan, Kaihua, Longyou, Jiangshan: never Kecheng
# Where the objects behind a path parameter live; a parameter that is missing here fails the test.
OBJECTS = {
    "project_id": "projects_project",
    "user_id": "accounts_user",
    "post_id": "accounts_post",
    "engagement_id": "accounts_engagement",
    "batch_id": "allocation_batch",
    "run_id": "allocation_factor_run",
    "earmark_id": "allocation_earmark",
    "split_id": "allocation_split",
    "closing_id": "allocation_closing",
    "award_id": "allocation_award",
    "claim_id": "allocation_claim",
    "bank_batch_id": "allocation_bank_batch",
    "payee_id": "allocation_payee",
    "statement_id": "allocation_bank_statement",
    "month_id": "allocation_bank_month",
    "cash_id": "allocation_cash_list",
    "cash_line_id": "allocation_cash_line",
    "grant_id": "allocation_grant",
    "loan_id": "allocation_loan",
    "api_key_id": "accounts_api_key",
    "deputy_id": "allocation_deputy",
    "refund_id": "allocation_refund",
    "round_id": "allocation_round",
    "mixed_id": "allocation_mixed",
    "candidate_id": "allocation_candidate",
    "expert_id": "allocation_expert",
    "review_id": "allocation_declaration",
    "pool_expert_id": "allocation_pool_expert",
    "tie_id": "allocation_pool_tie",
    "draw_id": "allocation_draw",
    "draw_line_id": "allocation_draw_line",
    "outside_id": "allocation_outside_expert",
    "paper_id": "allocation_candidate_paper",
    "pool_id": "allocation_term_pool",
    "takeback_id": "allocation_takeback",
    "notice_id": "projects_posting",
    "objection_id": "projects_objection",
    "bulk_id": "projects_bulk",
    "late_id": "projects_late",
    "clash_id": "projects_draft_clash",
    "review_batch_id": "projects_review_batch",
    "appeal_id": "projects_appeal",
    "quota_id": "projects_quota",
    "filing_id": "projects_reserve_filing",
    "plan_id": "projects_plan",
    "adjustment_id": "projects_adjustment",
    "line_id": "projects_adjustment_line",
    "change_id": "projects_change",
    "delay_id": "projects_delay",
    "ranking_id": "projects_ranking",
    "sheet_id": "allocation_performance",
    "scheme_id": "projects_scheme",
    "refresh_id": "projects_refresh",
    "snapshot_id": "projects_snapshot",
    "defect_id": "projects_defect",
    "asset_id": "projects_asset",
    "dossier_id": "projects_dossier",
    "item_id": "projects_plan_item",
    "photo_id": "projects_public_photo",
    "succession_id": "projects_succession",
    "code_id": "inspection_site_code",
    "visit_id": "inspection_visit",
    "finding_id": "inspection_finding",
    "repeat_id": "inspection_photo_repeat",
    "file_id": "kernel_file",
    "unit_id": "surveys_sample_unit",
    "campaign_id": "surveys_campaign",
    "household_id": "register_household",
    "member_id": "register_member",
    "import_id": "register_import",
    "person": "register_member",
    "/rounds/dossiers:dossier_id": "allocation_round_dossier",
    "/factor/notices:notice_id": "allocation_factor_notice",
    "/factor/schemes:scheme_id": "allocation_scheme",
    "/register/households:key": "register_household",
    "/register/imports:key": "register_import",
}
# Parameters that name no row: a word of the page, a random token, a hash.
WORDS = {
    "section": "basics",
    "step": "freeze",
    "verb": "disable",
    "what": "resident_id",
    "key": "allocation.factor.base_bp",
    "token": "AAAA",
    "path": "x",
    "file_path": "x",
    "client_id": str(uuid.UUID(int=1)),
    "sha256": "0" * 64,
}
# A city's fund batch, factor run and survey concern every county: they are published downwards on purpose.
PUBLISHED_DOWN = {
    "batch_id",
    "earmark_id",
    "run_id",
    "mixed_id",
    "campaign_id",
    "scheme_id",
    "/factor/notices:notice_id",
    "/factor/schemes:scheme_id",
}


def test_every_route_names_its_rule():
    silent = [(path, method) for path, method, opt in HANDLERS if "needs" not in opt and opt.get("public") is not True]
    assert silent == []


def test_every_permission_a_route_names_exists():
    named = {opt["needs"] for _, _, opt in HANDLERS if opt.get("needs")}
    assert named - permissions.known() == set()


def _named(path: str) -> dict[str, str]:
    """The parameters of a path, by the name under which this test knows their objects."""
    room = "/".join(path.removeprefix("/api/v1").split("/")[:3])
    names = re.findall(r"\{(\w+)", path)
    return {name: f"{room}:{name}" if f"{room}:{name}" in OBJECTS else name for name in names}


def test_every_path_parameter_is_known_to_this_test():
    names = {known for path, _, _ in HANDLERS for known in _named(path).values()}
    assert names - set(OBJECTS) - set(WORDS) == set()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def foreign(demo_db: Database):
    """One object of each kind that belongs to a county far from Kecheng."""
    conn = await asyncpg.connect(**connect_arguments(demo_db.owner))
    found = {}
    for name, table in OBJECTS.items():
        found[name] = await conn.fetchval(
            f"SELECT id FROM {table} WHERE division_code >= $1 AND division_code < $2 ORDER BY id LIMIT 1",
            FOREIGN_LO,
            FOREIGN_HI,
        )
    for name in PUBLISHED_DOWN:
        found[name] = await conn.fetchval(f"SELECT min(id) FROM {OBJECTS[name]}")
    yield found
    await conn.close()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def clients(demo_db: Database):
    """One signed-in client per role, all of Kecheng (outsiders without an engagement there)."""
    ENGINE.configure(demo_db.app)
    await open_pool(size=4)
    village = await ENGINE.pool.fetchval("SELECT code FROM kernel_division WHERE parent_code = $1 LIMIT 1", SHILIANG)
    places = {"city": None, "county": KECHENG, "township": SHILIANG, "village": village}
    made = {}
    for role in Role:
        place = places[LEVEL.get(role, "county")]
        if place is None:
            continue
        http = visitor()
        http.cookies.set(COOKIE, await open_session(await make_account(demo_db, role, place), "test"))
        made[role] = http
    yield made
    for http in made.values():
        await http.aclose()
    await close_pool()


def _address(path: str, foreign: dict[str, int | None]) -> tuple[str, bool]:
    """Fill a path with foreign objects; tell whether it names any object at all."""
    named = _named(path)
    values = {name: foreign.get(known) or WORDS.get(known) or 1 for name, known in named.items()}
    filled = re.sub(r"\{(\w+)[^}]*\}", lambda m: str(values[m[1]]), path)
    return filled, bool(set(named.values()) & (set(OBJECTS) - PUBLISHED_DOWN))


def test_demonstration_has_foreign_objects_of_every_kind(foreign):
    rare = {
        "month_id",
        "/rounds/dossiers:dossier_id",
        "import_id",
        "/register/imports:key",
        "engagement_id",
        "expert_id",
        "review_id",
        "candidate_id",
        "draw_id",
        "draw_line_id",
        "outside_id",
        "paper_id",
        "refund_id",
        "repeat_id",
    }  # made by hand, not everywhere
    assert [name for name, key in foreign.items() if key is None and name not in rare] == []


@pytest.mark.parametrize("role", [r for r in Role if LEVEL.get(r, "county") != "city"], ids=str)
async def test_role_gets_nothing_of_another_county(role, clients, foreign, demo_db):
    """No page of a foreign object opens, no write to one succeeds, nothing fails inside."""
    conn = await asyncpg.connect(**connect_arguments(demo_db.owner))
    before = await conn.fetchval("SELECT count(*) FROM kernel_change WHERE division_code >= $1", FOREIGN_LO)
    wrong = []
    for path, method, opt in HANDLERS:
        address, names_object = _address(path, foreign)
        if path in {"/sign-out", "/account/sign-out-everywhere"}:
            continue
        form = {"once": str(uuid.uuid4())} if method == "POST" else None
        answer = await clients[role].request(method, address, data=form)
        if answer.status_code >= 500 or (names_object and not opt.get("public") and _let_in(answer)):
            wrong.append((method, address, answer.status_code))
    after = await conn.fetchval("SELECT count(*) FROM kernel_change WHERE division_code >= $1", FOREIGN_LO)
    await conn.close()
    assert (wrong, after) == ([], before)


def _let_in(answer: httpx.Response) -> bool:
    """A 2xx page, or a redirect to somewhere else than sign-in and one's own account."""
    if answer.is_redirect:
        return not answer.headers["location"].startswith(("/sign-in", "/account"))
    return answer.is_success


async def test_guessed_session_is_nobody(demo_db, clients):
    http = clients[Role.COUNTY_CLERK]
    answer = await http.get("/home", headers={"Cookie": f"{COOKIE}={secrets.token_urlsafe(32)}"})
    assert answer.headers.get("location", "").startswith("/sign-in")


@pytest.mark.parametrize("role", [r for r in Role if LEVEL.get(r, "county") != "city"], ids=str)
async def test_pages_name_only_the_own_range(role, clients, foreign):
    """No list, and no page of what a city publishes, names a township or village of a foreign county."""
    for path, method, opt in HANDLERS:
        address, names_object = _address(path, foreign)
        if method == "GET" and not names_object and not opt.get("public") and not set(_named(path)) & set(WORDS):
            answer = await clients[role].get(address)
            codes = set(re.findall(r"\b3308(?:22|24|25|81)(?!000000)\d{6}\b", answer.text))
            assert codes == set(), (address, codes)
