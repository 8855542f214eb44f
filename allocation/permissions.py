"""What people may do with money, and which posts may do it.

Source: 衢政办发〔2016〕65号 二(三)1, 二(四)1 — the city notifies and splits, the county plans, awards
and pays, the city guides and inspects.
"""

from __future__ import annotations

from enum import StrEnum

from quzhou_migrants.accounts.roles import Role


class P(StrEnum):
    """Permissions of the package `allocation`, room by room."""

    # budget
    VIEW_FUNDS = "allocation.funds.view"
    RECORD_BATCH = "allocation.funds.record"
    BOOK_BATCH = "allocation.funds.book"
    SPLIT = "allocation.funds.split"
    ISSUE_SPLIT = "allocation.funds.issue"
    CLOSE = "allocation.funds.close"
    AWARD = "allocation.award"
    # factor
    VIEW_FACTOR = "allocation.factor.view"
    PREPARE_FACTOR = "allocation.factor.prepare"
    APPROVE_FACTOR = "allocation.factor.approve"
    # mixed
    VIEW_MIXED = "allocation.mixed.view"
    PREPARE_MIXED = "allocation.mixed.prepare"
    APPROVE_MIXED = "allocation.mixed.approve"
    # competitive
    VIEW_ROUNDS = "allocation.rounds.view"
    PREPARE_ROUND = "allocation.rounds.prepare"
    APPROVE_ROUND = "allocation.rounds.approve"
    SCORE = "allocation.rounds.score"
    # experts
    VIEW_EXPERTS = "allocation.experts.view"
    KEEP_EXPERTS = "allocation.experts.keep"
    WITNESS_DRAW = "allocation.experts.draw"
    # payments
    VIEW_CLAIMS = "allocation.claims.view"
    CLAIM = "allocation.claims.prepare"
    SIGN = "allocation.claims.sign"
    PAY = "allocation.claims.pay"
    # bank
    VIEW_BANK = "allocation.bank.view"
    PROPOSE_PAYEE = "allocation.bank.payee"
    CONFIRM_PAYEE = "allocation.bank.payee_confirm"
    PREPARE_BANK = "allocation.bank.prepare"
    RELEASE_BANK = "allocation.bank.release"
    RECONCILE = "allocation.bank.reconcile"
    # cash
    VIEW_CASH = "allocation.cash.view"
    PREPARE_CASH = "allocation.cash.prepare"
    APPROVE_CASH = "allocation.cash.approve"
    # grants
    VIEW_GRANTS = "allocation.grants.view"
    PREPARE_GRANT = "allocation.grants.prepare"
    CHECK_GRANT = "allocation.grants.check"
    APPROVE_GRANT = "allocation.grants.approve"
    # finance: what programs of other offices may ask, each a scope of its own
    FINANCE_PAYMENTS = "allocation.finance.payments"
    FINANCE_ENTRIES = "allocation.finance.entries"
    FINANCE_STATEMENTS = "allocation.finance.statements"
    VIEW_FINANCE = "allocation.finance.view"
    # terms
    VIEW_TERMS = "allocation.terms.view"
    KEEP_POOL = "allocation.terms.pool"
    PREPARE_TAKEBACK = "allocation.terms.prepare"
    TAKE_BACK = "allocation.terms.take_back"


_BUDGET: dict[Role, tuple[P, ...]] = {
    Role.CITY_CLERK: (P.VIEW_FUNDS, P.RECORD_BATCH, P.BOOK_BATCH, P.SPLIT, P.CLOSE),
    Role.CITY_LEADER: (P.VIEW_FUNDS, P.BOOK_BATCH, P.ISSUE_SPLIT),
    Role.CITY_ADMIN: (P.VIEW_FUNDS,),
    Role.COUNTY_CLERK: (P.VIEW_FUNDS, P.AWARD, P.SPLIT),
    Role.COUNTY_LEADER: (P.VIEW_FUNDS, P.AWARD, P.ISSUE_SPLIT),
    Role.COUNTY_FINANCE: (P.VIEW_FUNDS, P.CLOSE),
    Role.AUDITOR: (P.VIEW_FUNDS,),
}
_FACTOR: dict[Role, tuple[P, ...]] = {
    Role.CITY_CLERK: (P.VIEW_FACTOR, P.PREPARE_FACTOR),
    Role.CITY_LEADER: (P.VIEW_FACTOR, P.APPROVE_FACTOR),
    Role.CITY_ADMIN: (P.VIEW_FACTOR,),
    Role.COUNTY_CLERK: (P.VIEW_FACTOR, P.PREPARE_FACTOR),
    Role.COUNTY_LEADER: (P.VIEW_FACTOR, P.APPROVE_FACTOR),
    Role.COUNTY_FINANCE: (P.VIEW_FACTOR,),
    Role.TOWNSHIP_CLERK: (P.VIEW_FACTOR,),
    Role.AUDITOR: (P.VIEW_FACTOR,),
}
_COMPETITIVE: dict[Role, tuple[P, ...]] = {
    Role.CITY_CLERK: (P.VIEW_ROUNDS, P.PREPARE_ROUND),
    Role.CITY_LEADER: (P.VIEW_ROUNDS, P.APPROVE_ROUND),
    Role.COUNTY_CLERK: (P.VIEW_ROUNDS, P.PREPARE_ROUND),
    Role.COUNTY_LEADER: (P.VIEW_ROUNDS, P.APPROVE_ROUND),
    Role.COUNTY_FINANCE: (P.VIEW_ROUNDS,),
    Role.EXPERT: (P.SCORE,),
    Role.AUDITOR: (P.VIEW_ROUNDS,),
}
_EXPERTS: dict[Role, tuple[P, ...]] = {
    Role.CITY_CLERK: (P.VIEW_EXPERTS, P.KEEP_EXPERTS),
    Role.CITY_LEADER: (P.VIEW_EXPERTS, P.WITNESS_DRAW),
    Role.COUNTY_CLERK: (P.VIEW_EXPERTS, P.KEEP_EXPERTS),
    Role.COUNTY_LEADER: (P.VIEW_EXPERTS, P.WITNESS_DRAW),
    Role.COUNTY_FINANCE: (P.VIEW_EXPERTS,),
    Role.AUDITOR: (P.VIEW_EXPERTS,),
}
_PAYMENTS: dict[Role, tuple[P, ...]] = {
    Role.CITY_CLERK: (P.VIEW_CLAIMS,),
    Role.CITY_LEADER: (P.VIEW_CLAIMS,),
    Role.COUNTY_CLERK: (P.VIEW_CLAIMS, P.CLAIM),
    Role.COUNTY_LEADER: (P.VIEW_CLAIMS, P.SIGN),
    Role.COUNTY_FINANCE: (P.VIEW_CLAIMS, P.SIGN, P.PAY),
    Role.TOWNSHIP_CLERK: (P.VIEW_CLAIMS, P.SIGN),
    Role.VILLAGE_CLERK: (P.VIEW_CLAIMS, P.SIGN),
    Role.AUDITOR: (P.VIEW_CLAIMS,),
}
_TERMS: dict[Role, tuple[P, ...]] = {
    Role.CITY_CLERK: (P.VIEW_TERMS, P.PREPARE_TAKEBACK),
    Role.CITY_LEADER: (P.VIEW_TERMS, P.TAKE_BACK),
    Role.CITY_ADMIN: (P.VIEW_TERMS,),
    Role.COUNTY_CLERK: (P.VIEW_TERMS, P.KEEP_POOL, P.PREPARE_TAKEBACK),
    Role.COUNTY_LEADER: (P.VIEW_TERMS, P.TAKE_BACK),
    Role.COUNTY_FINANCE: (P.VIEW_TERMS,),
    Role.TOWNSHIP_CLERK: (P.VIEW_TERMS,),
    Role.AUDITOR: (P.VIEW_TERMS,),
}
_BANK: dict[Role, tuple[P, ...]] = {
    Role.CITY_CLERK: (P.VIEW_BANK, P.VIEW_CASH, P.VIEW_GRANTS, P.VIEW_FINANCE),
    Role.CITY_LEADER: (P.VIEW_BANK, P.VIEW_CASH, P.VIEW_GRANTS),
    Role.CITY_ADMIN: (P.VIEW_FINANCE,),
    Role.COUNTY_ADMIN: (P.VIEW_FINANCE,),
    Role.COUNTY_CLERK: (
        P.VIEW_BANK, P.PROPOSE_PAYEE, P.VIEW_CASH, P.PREPARE_CASH, P.VIEW_GRANTS, P.PREPARE_GRANT, P.CHECK_GRANT,
    ),
    Role.COUNTY_LEADER: (
        P.VIEW_BANK, P.CONFIRM_PAYEE, P.RELEASE_BANK, P.VIEW_CASH, P.APPROVE_CASH, P.VIEW_GRANTS, P.APPROVE_GRANT,
    ),
    Role.COUNTY_FINANCE: (
        P.VIEW_BANK, P.PROPOSE_PAYEE, P.CONFIRM_PAYEE, P.PREPARE_BANK, P.RELEASE_BANK, P.RECONCILE,
        P.VIEW_CASH, P.VIEW_GRANTS, P.VIEW_FINANCE, P.FINANCE_PAYMENTS, P.FINANCE_ENTRIES, P.FINANCE_STATEMENTS,
    ),
    Role.TOWNSHIP_CLERK: (P.VIEW_GRANTS, P.PREPARE_GRANT, P.CHECK_GRANT),
    Role.AUDITOR: (P.VIEW_BANK, P.VIEW_CASH, P.VIEW_GRANTS),
}  # fmt: skip

_MIXED: dict[Role, tuple[P, ...]] = {
    Role.CITY_CLERK: (P.VIEW_MIXED, P.PREPARE_MIXED),
    Role.CITY_LEADER: (P.VIEW_MIXED, P.APPROVE_MIXED),
    Role.CITY_ADMIN: (P.VIEW_MIXED,),
    Role.COUNTY_CLERK: (P.VIEW_MIXED, P.PREPARE_MIXED),
    Role.COUNTY_LEADER: (P.VIEW_MIXED, P.APPROVE_MIXED),
    Role.COUNTY_FINANCE: (P.VIEW_MIXED,),
    Role.AUDITOR: (P.VIEW_MIXED,),
}

_ROOMS = (_BUDGET, _FACTOR, _MIXED, _COMPETITIVE, _EXPERTS, _PAYMENTS, _TERMS, _BANK)
GRANTS: dict[Role, tuple[P, ...]] = {role: tuple(p for room in _ROOMS for p in room.get(role, ())) for role in Role}
