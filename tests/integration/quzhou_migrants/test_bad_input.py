"""What nobody would type: each answered clearly, nothing broken by it."""

from __future__ import annotations

import base64

import pytest
from house import KECHENG, visitor
from litestar._parsers import parse_url_encoded_form_data

from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.accounts.sessions import COOKIE
from quzhou_migrants.web.render import FLASH


def _packed(text: bytes) -> str:
    return base64.urlsafe_b64encode(text).decode()


@pytest.mark.parametrize("note", [b"[" * 9_000, b'["WEB-103", {"most": Infinity}]', b'["WEB-103", [1]]', b"7"])
async def test_an_invented_note_says_nothing(db, note):
    async with visitor() as http:
        assert (await http.get("/sign-in", headers={"cookie": f"{FLASH}={_packed(note)}"})).status_code == 200


async def test_no_form_stays_in_memory(db):
    async with visitor() as http:
        await http.post("/sign-in", data={"login": "", "password": "kept-by-nobody"})
    assert parse_url_encoded_form_data.cache_info().currsize == 0


async def test_an_odd_cookie_of_a_neighbour_does_not_sign_anybody_out(db, client_as):
    async with client_as(Role.COUNTY_CLERK, KECHENG) as http:
        mixed = f'site={{"a":[1,2]}}; b c=d; {COOKIE}={http.cookies[COOKIE]}'
        http.cookies.clear()
        assert (await http.get("/home", headers={"cookie": mixed})).status_code == 200


async def test_an_invented_place_in_a_list_breaks_neither_page_nor_file(db, client_as):
    async with client_as(Role.COUNTY_CLERK, KECHENG) as http:
        for at in (b"[" * 9_000, b'[[["s","\\u0000"],["s","\\u0000"],["n",1]],false]'):
            for way in ("", "&format=xlsx"):
                assert (await http.get(f"/register/households?at={_packed(at)}{way}")).status_code == 200
