"""Site codes on the database and over HTTP: issued once, revoked for good, forged ones told."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pypdfium2
import pytest
from house import KECHENG, QUJIANG, VILLAGE

from allocation.events import Awarded
from inspection.site_codes import lists, queries, service
from inspection.site_codes.rules import grouped, read_token, write_token
from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.kernel import qr
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.journal import timeline
from quzhou_migrants.kernel.signing import KeyRing, installed_ring

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_award_brings_a_code_that_reads_back(tx_as: Any, project_in: Any) -> None:
    async with tx_as(Role.COUNTY_LEADER, KECHENG) as tx:
        project = await project_in(tx, state="awarded")
        await service.on_awarded(tx, Awarded(project["id"], 50000000, VILLAGE, "round"))
        await service.on_awarded(tx, Awarded(project["id"], 1000, VILLAGE, "round"))
        (code,) = await queries.history(tx, project["id"])
        assert read_token(installed_ring(), code["token"]).code_id == code["id"]
        assert (code["state"], code["division_code"]) == ("active", VILLAGE)
        assert [e.sentence for e in await timeline(tx, service.TABLE, code["id"])] == ["签发了工地二维码"]


async def test_reissue_revokes_with_a_reason_and_the_chain_stays(tx_as: Any, project_in: Any) -> None:
    async with tx_as(Role.COUNTY_CLERK, KECHENG) as tx:
        project = await project_in(tx)
        first = await service.issue_code(tx, project["id"])
        second = await service.reissue_code(tx, first["id"], "公示牌遗失")
        states = [(c["id"], c["state"], c["reason"]) for c in await queries.history(tx, project["id"])]
        assert states == [(second["id"], "active", ""), (first["id"], "revoked", "公示牌遗失")]
        assert second["token"] != first["token"]


async def test_second_code_reason_and_award_are_demanded(tx_as: Any, project_in: Any) -> None:
    async with tx_as(Role.COUNTY_CLERK, KECHENG) as tx:
        early = await project_in(tx, number=2, state="planned")
        with pytest.raises(Refused, match="INS-107"):
            await service.issue_code(tx, early["id"])
        code = await service.issue_code(tx, (await project_in(tx))["id"])
        with pytest.raises(Refused, match="INS-105"):
            await service.revoke_code(tx, code["id"], "  ")
        await service.revoke_code(tx, code["id"], "仿冒")
        with pytest.raises(Refused, match="KRN-408"):
            await service.revoke_code(tx, code["id"], "再停一次")


async def test_a_project_never_has_two_codes_in_force(tx_as: Any, project_in: Any) -> None:
    async def twice() -> None:
        async with tx_as(Role.COUNTY_CLERK, KECHENG) as tx:
            project = await project_in(tx)
            await service.issue_code(tx, project["id"])
            await service.issue_code(tx, project["id"])

    with pytest.raises(Refused, match="INS-104"):
        await twice()


@pytest.mark.parametrize(
    ("role", "division"),
    [
        (Role.VILLAGE_CLERK, VILLAGE),
        (Role.INSPECTOR, KECHENG),
        (Role.COUNTY_FINANCE, KECHENG),
    ],
)
async def test_only_the_county_clerk_issues(tx_as: Any, project_in: Any, role: Role, division: str) -> None:
    async with tx_as(role, division) as tx:
        project = await project_in(tx)
        with pytest.raises(Refused, match="KRN-403"):
            await service.issue_code(tx, project["id"])


async def sign(client_as: Any, committed: Any) -> dict[str, Any]:
    project = await committed()
    async with client_as(Role.COUNTY_CLERK, KECHENG) as http:
        answer = await http.post(f"/codes/issue/{project['id']}")
        assert answer.status_code == 303, answer.text
        project["code_id"] = int(answer.headers["location"].rsplit("/", 1)[1])
    project["token"] = write_token(installed_ring(), project["code_id"])
    return project


async def test_scan_needs_no_sign_in_and_shows_no_person(client_as: Any, committed: Any) -> None:
    project = await sign(client_as, committed)
    async with client_as(None) as http:
        for path in (f"/c/{project['token']}", f"/C/{project['token']}", f"/c/{grouped(project['token']).lower()}"):
            page = await http.get(path)
            assert page.status_code == 200
            assert "道路硬化工程" in page.text
            assert "12345" in page.text
        typed = await http.get("/c", params={"token": grouped(project["token"]).lower()})
        assert typed.headers["location"] == f"/c/{project['token']}"
        assert "演示人员" not in page.text


async def test_inspector_goes_on_to_the_visit_and_a_clerk_does_not(client_as: Any, committed: Any) -> None:
    project = await sign(client_as, committed)
    async with client_as(Role.INSPECTOR, KECHENG) as http:
        assert (await http.get(f"/c/{project['token']}")).headers["location"] == f"/field?c={project['token']}"
        assert (await http.get(f"/c/{project['token']}?public=1")).status_code == 200
    async with client_as(Role.COUNTY_CLERK, KECHENG) as http:
        assert (await http.get(f"/c/{project['token']}")).status_code == 200


async def test_forged_foreign_and_mistyped_codes_are_told_without_a_guess(client_as: Any, committed: Any) -> None:
    project = await sign(client_as, committed)
    forged = write_token(KeyRing({0: b"x" * 32}), project["code_id"])
    never_issued = write_token(installed_ring(), project["code_id"] + 1000)
    wrong = ((forged, "INS-102"), (never_issued, "INS-102"), ("hello", "INS-101"), ("1" * 15, "INS-102"))
    async with client_as(None) as http:
        for token, code in wrong:
            page = await http.get(f"/c/{token}")
            assert page.status_code == 404, token
            assert "道路硬化工程" not in page.text
            assert "手工输入编号" in page.text, code


async def test_revoked_code_says_so_to_everybody(client_as: Any, committed: Any) -> None:
    project = await sign(client_as, committed)
    async with client_as(Role.COUNTY_CLERK, KECHENG) as http:
        answer = await http.post(f"/codes/{project['code_id']}/reissue", data={"reason": "发现仿冒牌"})
        assert answer.status_code == 303, answer.text
        fresh = await http.get(answer.headers["location"])
        assert "有效" in fresh.text
    for role in (None, Role.INSPECTOR):
        async with client_as(role, KECHENG) as http:
            page = await http.get(f"/c/{project['token']}")
            assert page.status_code == 410
            assert "发现仿冒牌" in page.text


async def test_placard_downloads_and_decodes(client_as: Any, committed: Any) -> None:
    project = await sign(client_as, committed)
    async with client_as(Role.COUNTY_CLERK, KECHENG) as http:
        one = await http.get(f"/codes/{project['code_id']}/placard.pdf?paper=a3")
        many = await http.post("/codes/print", data={"division": KECHENG, "paper": "a4"})
        none = await http.post("/codes/print", data={"division": QUJIANG, "paper": "a4"})
    assert (one.headers["content-type"], many.status_code) == ("application/pdf", 200)
    assert none.status_code == 422
    for answer in (one, many):
        with pypdfium2.PdfDocument(BytesIO(answer.content)) as pdf:
            found = qr.read(pdf[0].render(scale=150 / 72).to_pil())
            text = pdf[0].get_textpage().get_text_range()
        assert found == [f"http://127.0.0.1:8000/c/{project['token']}"]
        assert "500,000.00 元" in text


async def test_other_counties_see_neither_list_nor_code(client_as: Any, committed: Any) -> None:
    project = await sign(client_as, committed)
    async with client_as(Role.COUNTY_CLERK, QUJIANG) as http:
        assert (await http.get(f"/codes/{project['code_id']}")).status_code == 404
        assert project["token"] not in (await http.get("/codes")).text
    async with client_as(Role.COUNTY_CLERK, KECHENG) as http:
        assert project["token"] in (await http.get("/codes")).text


async def test_signed_list_is_public_and_knows_this_code(client_as: Any, committed: Any) -> None:
    project = await sign(client_as, committed)
    async with client_as(None) as http:
        answer = await http.get("/public/codes.json")
    read = lists.read_list(answer.json(), installed_ring().public(0))
    assert read["codes"] == {lists.digest(project["token"]): ("QZ-T-0001", "active")}
    assert project["token"] not in answer.text
