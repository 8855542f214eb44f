"""Rules on screen: in force on a day, in words, with clause, history and doubt."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

from house import CITY, KECHENG

from quzhou_migrants.accounts.roles import Role

Client = Callable[..., AbstractAsyncContextManager[Any]]


async def test_every_parameter_in_force_is_listed_with_its_clause(client_as: Client) -> None:
    async with client_as(Role.COUNTY_CLERK, KECHENG) as http:
        page = (await http.get("/policy")).text
        assert "项目申报入库月份" in page
        assert "衢政办发〔2016〕65号 二(二)1" in page
        assert "未确认默认值" in page


async def test_the_day_and_the_room_narrow_the_page(client_as: Client) -> None:
    async with client_as(Role.CITY_CLERK, CITY) as http:
        then = (await http.get("/policy?on=2018-01-01&room=surveys.performance")).text
        assert ("2020年目标：市级美丽家园村" in then, "项目申报入库月份" in then) == (True, False)
        now = (await http.get("/policy?on=2026-09-16&room=surveys.performance")).text
        assert "2020年目标：市级美丽家园村" not in now
        before = (await http.get("/policy?on=1985-01-01")).text
        assert "这一天没有符合条件的参数" in before


async def test_an_address_that_makes_no_sense_shows_today(client_as: Client) -> None:
    async with client_as(Role.COUNTY_CLERK, KECHENG) as http:
        answer = await http.get("/policy?on=someday&division=999&room=")
        assert (answer.status_code, "2026-09-16" in answer.text) == (200, True)


async def test_a_parameter_shows_its_history(client_as: Client) -> None:
    async with client_as(Role.COUNTY_CLERK, KECHENG) as http:
        page = (await http.get("/policy/allocation.payments.retention_bp")).text
        assert ("5%" in page, "3%" in page, "财建〔2022〕183号 二" in page) == (True, True, True)
        assert (await http.get("/policy/no.such.key")).status_code == 404


async def test_an_expert_sees_no_rules_and_a_visitor_is_led_to_sign_in(client_as: Client) -> None:
    async with client_as(None) as http:
        answer = await http.get("/policy")
        assert answer.status_code in {303, 401}
