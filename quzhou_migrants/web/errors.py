"""Every failure becomes an answer: a page in Chinese with what to do next, or problem details for programs."""

from __future__ import annotations

import http
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import asyncpg
import msgspec
import structlog
from litestar.background_tasks import BackgroundTask
from litestar.datastructures import Cookie
from litestar.enums import MediaType
from litestar.exceptions import HTTPException
from litestar.response import Response
from litestar.response.base import ASGIResponse

from quzhou_migrants.accounts.parked import COOKIE, KEPT_SECONDS
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.errors import Invalid, Problem
from quzhou_migrants.kernel.guards import PasswordChangeNeeded, SignInNeeded
from quzhou_migrants.kernel.tx import AlreadyDone
from quzhou_migrants.web.middleware import find_out, record_refusal
from quzhou_migrants.web.parking import PARKED
from quzhou_migrants.web.render import render, see_other, wants_fragment

if TYPE_CHECKING:
    from litestar import Litestar, Request
    from litestar.types import Receive, Scope, Send

    AnyRequest = Request[Any, Any, Any]

LOG = structlog.get_logger(__name__)
PROBLEM = "application/problem+json"
FORBIDDEN, NOT_FOUND, FAILED, BUSY = 403, 404, 500, 503
_CODES = {
    400: "WEB-400",
    404: "WEB-404",
    405: "WEB-405",
    413: "WEB-413",
    415: "WEB-415",
    422: "WEB-422",
    429: "WEB-429",
    503: "WEB-503",
}
_TOO_MANY_SECONDS = 60
WHOLE_BODY = "data"  # what the framework calls a body that lacks something


@dataclass(frozen=True, slots=True)
class Fault:
    """A failure, told: status, code, sentence, what to do next, and each single problem."""

    status: int
    code: str
    sentence: str
    help: str
    problems: list[Problem] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)


def fault(code: str, status: int | None = None, /, **facts: Any) -> Fault:  # noqa: ANN401 - facts of the sentence
    """Tell a code."""
    return Fault(status or CATALOGUE.status(code), code, CATALOGUE.say(code, facts), CATALOGUE.help(code))


def is_api(request: AnyRequest) -> bool:
    """Tell whether a program asks."""
    return request.url.path.startswith("/api/")


def answer(request: AnyRequest, told: Fault) -> Response[Any]:
    """Answer with a failure in the form the asker understands."""
    if is_api(request):
        return problem_details(request, told)
    template = "web/error_part.html" if wants_fragment(request) else "web/error.html"
    try:
        return render(request, template, status=told.status, headers=told.headers, fault=told)
    except Exception as broken:  # the page that tells of a failure must not be the next failure
        LOG.exception("error page unavailable", kind=type(broken).__name__)
        plain = f"{told.sentence}\n{told.help}\n{told.code}\n"
        return Response(plain, status_code=told.status, headers=told.headers, media_type=MediaType.TEXT)


def problem_details(request: AnyRequest, told: Fault) -> Response[bytes]:
    """Answer a program. Source: RFC 9457."""
    body: dict[str, Any] = {
        "type": f"urn:quzhou-migrants:problem:{told.code}",
        "title": http.HTTPStatus(told.status).phrase,
        "status": told.status,
        "detail": told.sentence,
        "instance": f"urn:quzhou-migrants:request:{request.scope['state'].get('request_id', '')}",
        "code": told.code,
    }
    if told.help:
        body["help"] = told.help
    if any(p.field for p in told.problems):
        body["errors"] = [{"field": p.field, "code": p.code, "detail": CATALOGUE.sentence(p)} for p in told.problems]
    headers = {"Cache-Control": "no-store", **told.headers}
    return Response(msgspec.json.encode(body), status_code=told.status, media_type=PROBLEM, headers=headers)


def on_refused(request: AnyRequest, error: Invalid) -> Response[Any]:
    """Answer what a rule, a guard or a service refused; refusals of access are recorded."""
    first = error.problems[0]
    told = Fault(
        CATALOGUE.status(first.code),
        first.code,
        CATALOGUE.sentence(first),
        CATALOGUE.help(first.code),
        error.problems,
        _waiting(first),
    )
    response = answer(request, told)
    if told.status in {FORBIDDEN, NOT_FOUND}:
        state = request.scope["state"]
        response.background = BackgroundTask(
            record_refusal, state.get("actor"), told.code, request.url.path, str(state.get("request_id", ""))
        )
    return response


def _waiting(problem: Problem) -> dict[str, str]:
    too_many = CATALOGUE.status(problem.code) == http.HTTPStatus.TOO_MANY_REQUESTS
    minutes = problem.facts.get("minutes", 1)
    return {"Retry-After": str(int(minutes) * _TOO_MANY_SECONDS)} if too_many else {}


def on_sign_in_needed(request: AnyRequest, _error: SignInNeeded) -> Response[Any]:
    """Lead to sign-in and back; a form that was just sent is kept for after it, and for this browser only."""
    if is_api(request) or wants_fragment(request):
        return answer(request, fault("KRN-401"))
    if request.method == "GET":
        back = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return see_other(f"/sign-in?next={quote(back, safe='')}")
    token = request.scope["state"].get(PARKED, "")
    answered = see_other(f"/sign-in?parked={token}" if token else "/sign-in")
    if token:  # a link with somebody else's form behind it must open nowhere
        answered.cookies.append(Cookie(COOKIE, value=token, max_age=KEPT_SECONDS, httponly=True, samesite="lax"))
    return answered


def on_password_change_needed(request: AnyRequest, _error: PasswordChangeNeeded) -> Response[Any]:
    """Lead to one's own account while the first password is still in use."""
    return answer(request, fault("ACC-104")) if is_api(request) else see_other("/account")


def on_already_done(_request: AnyRequest, done: AlreadyDone) -> Response[bytes]:
    """Give a repeated form the answer of its first sending."""
    return see_other(done.location or "/home")


def on_http(request: AnyRequest, error: HTTPException) -> Response[Any]:
    """Answer what the framework refused: no such page, too large, not readable."""
    code = _CODES.get(error.status_code, "WEB-400" if error.status_code < FAILED else "KRN-500")
    told = fault(code, error.status_code, request_id=request.scope["state"].get("request_id", ""))
    told = replace(told, problems=_unread(error))
    unrouted = "request_id" not in request.scope["state"]
    return Unrouted(told) if unrouted and not is_api(request) else answer(request, told)


def _unread(error: HTTPException) -> list[Problem]:
    """Name what a program sent in a form that its field does not have; no value is repeated."""
    slips = error.extra if isinstance(error.extra, list) else []
    return [
        Problem("WEB-120", "$" if slip["key"] == WHOLE_BODY else str(slip["key"]), {"wanted": slip["message"]})
        for slip in slips
        if isinstance(slip, dict) and slip.get("key") and "nvalid enum value" not in str(slip["message"])
    ]


class Unrouted(Response[bytes]):
    """The answer to an address that no room has: no middleware saw it, so who asks is found out as it is drawn."""

    def __init__(self, told: Fault) -> None:
        """Keep what is to be told."""
        super().__init__(b"", status_code=told.status)
        self.told = told

    def to_asgi_response(self, app: Litestar | None, request: AnyRequest, **_given: Any) -> ASGIResponse:  # noqa: ANN401 - the framework's signature
        """Answer inside the frame of whoever is signed in."""
        return _Late(self.told, app, request)


class _Late(ASGIResponse):
    """An answer that is drawn when it is sent."""

    def __init__(self, told: Fault, app: Litestar | None, request: AnyRequest) -> None:
        super().__init__(status_code=told.status)
        self.told, self.app, self.request = told, app, request

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await find_out(self.request.scope)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as away:  # "no such page" stays that
            LOG.error("database away", path=self.request.url.path, kind=type(away).__name__)  # noqa: TRY400 - the page says enough
        drawn = answer(self.request, self.told)
        await drawn.to_asgi_response(self.app, self.request)(scope, receive, send)


def on_bad_value(request: AnyRequest, error: asyncpg.DataError) -> Response[Any]:
    """Answer a value in the address that no column can hold (a number of thirty digits)."""
    LOG.info("value refused by the database", path=request.url.path, kind=type(error).__name__)
    return answer(request, fault("WEB-404"))


def on_busy(request: AnyRequest, error: Exception) -> Response[Any]:
    """Answer when the database is away or takes too long."""
    LOG.error("database away", path=request.url.path, kind=type(error).__name__)
    told = fault("WEB-503")
    return answer(request, Fault(told.status, told.code, told.sentence, told.help, headers={"Retry-After": "5"}))


def on_failure(request: AnyRequest, error: Exception) -> Response[Any]:
    """Answer what nobody foresaw; the log has the place, the page has the number of the request."""
    request_id = request.scope["state"].get("request_id", "")
    LOG.error("unforeseen", request_id=request_id, path=request.url.path, kind=type(error).__name__, exc_info=error)
    return answer(request, fault("KRN-500", request_id=request_id))


def on_too_deep(request: AnyRequest, error: RecursionError) -> Response[Any]:
    """Answer brackets by the thousand in what a program sent; anywhere else it is a fault of ours."""
    if request.content_type[0] != MediaType.JSON:
        return on_failure(request, error)
    return answer(request, fault("WEB-400"))


EXCEPTION_HANDLERS: dict[Any, Any] = {
    Invalid: on_refused,
    SignInNeeded: on_sign_in_needed,
    PasswordChangeNeeded: on_password_change_needed,
    AlreadyDone: on_already_done,
    HTTPException: on_http,
    asyncpg.DataError: on_bad_value,
    asyncpg.PostgresConnectionError: on_busy,
    asyncpg.QueryCanceledError: on_busy,
    RecursionError: on_too_deep,
    TimeoutError: on_busy,
    ConnectionError: on_busy,
    Exception: on_failure,
}
"""Handlers by kind; the framework picks the nearest kind of an exception."""
