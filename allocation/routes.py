"""What the package gives to the composition root."""

from __future__ import annotations

import allocation.reports.indexes  # noqa: F401 - declares what reports ask of the ledger's tables
from allocation import panels
from allocation.bank import panels as bank
from allocation.bank.api import ROUTES as BANK_API
from allocation.bank.claims import CLAIMS as CLAIMS_SOURCE
from allocation.bank.month_pages import ROUTES as BANK_MONTHS
from allocation.bank.pages import ROUTES as BANK
from allocation.bank.payee_pages import ROUTES as PAYEES
from allocation.bank.statement_pages import ROUTES as STATEMENTS
from allocation.budget.api import ROUTES as BUDGET_API
from allocation.budget.closing import closing_faults
from allocation.budget.closing_pages import ROUTES as CLOSINGS
from allocation.budget.endings import on_contract_changed, on_project_terminated
from allocation.budget.handlers import on_award_recalled, on_contract_signed, on_village_succeeded
from allocation.budget.pages import ROUTES as BUDGET
from allocation.budget.queries import ledger_faults
from allocation.budget.split_api import ROUTES as SPLITS_API
from allocation.budget.split_pages import ROUTES as SPLITS
from allocation.cash.api import ROUTES as CASH_API
from allocation.cash.pages import ROUTES as CASH
from allocation.cash.paying import CASH as CASH_SOURCE
from allocation.competitive import panels as rounds
from allocation.competitive.api import ROUTES as ROUNDS_API
from allocation.competitive.chasing import JOBS as REMINDERS
from allocation.competitive.dossier_making import JOBS as DOSSIERS
from allocation.competitive.pages import ROUTES as ROUNDS
from allocation.competitive.public_pages import ROUTES as ROUNDS_PUBLIC
from allocation.competitive.review_pages import ROUTES as REVIEWS
from allocation.competitive.scoring_pages import ROUTES as SCORING
from allocation.events import Awarded
from allocation.experts import panels as experts
from allocation.experts.api import ROUTES as EXPERTS_API
from allocation.experts.checking import draw_faults
from allocation.experts.pages import ROUTES as EXPERTS
from allocation.experts.panel_pages import ROUTES as PANEL
from allocation.factor import notice_panels as told
from allocation.factor.api import ROUTES as FACTOR_API
from allocation.factor.data_pages import ROUTES as FACTOR_DATA
from allocation.factor.notice_api import ROUTES as FACTOR_NOTICES_API
from allocation.factor.notice_pages import ROUTES as FACTOR_NOTICES
from allocation.factor.notice_public import ROUTES as FACTOR_PUBLIC
from allocation.factor.pages import ROUTES as FACTOR
from allocation.factor.result_pages import ROUTES as FACTOR_RESULTS
from allocation.factor.scheme_api import ROUTES as SCHEMES_API
from allocation.factor.scheme_pages import ROUTES as SCHEMES
from allocation.factor.study_pages import ROUTES as FACTOR_STUDIES
from allocation.factor.whatif_api import ROUTES as FACTOR_TRIES_API
from allocation.factor.whatif_pages import ROUTES as FACTOR_TRIES
from allocation.factor.working_pages import ROUTES as WORKINGS
from allocation.finance.api import ROUTES as FINANCE_API
from allocation.finance.pages import ROUTES as FINANCE
from allocation.grants.api import ROUTES as GRANTS_API
from allocation.grants.loan_pages import ROUTES as LOANS
from allocation.grants.pages import ROUTES as GRANTS
from allocation.grants.paying import GRANTS_SOURCE
from allocation.grants.recall_pages import ROUTES as RECALLS
from allocation.mixed import panels as mixed
from allocation.mixed.api import ROUTES as MIXED_API
from allocation.mixed.pages import ROUTES as MIXED
from allocation.payments import panels as claims
from allocation.payments.api import ROUTES as CLAIMS_API
from allocation.payments.pages import ROUTES as CLAIMS
from allocation.payments.refund_pages import ROUTES as REFUNDS
from allocation.payments.rest_pages import ROUTES as CLAIMS_REST
from allocation.permissions import P
from allocation.reports.api import ROUTES as REPORTS_API
from allocation.reports.pages import ROUTES as REPORTS
from allocation.reports.sums import sum_faults
from allocation.terms import handlers as terms_heard
from allocation.terms import panels as terms
from allocation.terms.api import ROUTES as TERMS_API
from allocation.terms.jobs import JOBS as TERMS_JOBS
from allocation.terms.pages import ROUTES as TERMS
from allocation.terms.pool_pages import ROUTES as POOLS
from projects import public as projects
from projects.events import AwardRecalled, ContractChanged, ContractSigned, ProjectTerminated, VillageSucceeded
from quzhou_migrants.kernel.files import readable

projects.in_dossier("allocation_claim", "money")
readable("allocation_takeback", P.VIEW_TERMS)
readable("allocation_decision", P.VIEW_ROUNDS)
projects.noticed_at("allocation_round", "/rounds/{}/outcome")

ROUTES = [
    *BUDGET,
    *SPLITS,
    *SPLITS_API,
    *CLOSINGS,
    *BUDGET_API,
    *FACTOR,
    *FACTOR_DATA,
    *FACTOR_NOTICES,
    *FACTOR_RESULTS,
    *FACTOR_PUBLIC,
    *FACTOR_TRIES,
    *FACTOR_STUDIES,
    *SCHEMES_API,
    *FACTOR_NOTICES_API,
    *FACTOR_TRIES_API,
    *SCHEMES,
    *WORKINGS,
    *FACTOR_API,
    *ROUNDS,
    *ROUNDS_API,
    *ROUNDS_PUBLIC,
    *MIXED,
    *MIXED_API,
    *REVIEWS,
    *SCORING,
    *EXPERTS,
    *PANEL,
    *EXPERTS_API,
    *CLAIMS,
    *CLAIMS_REST,
    *REFUNDS,
    *CLAIMS_API,
    *BANK,
    *PAYEES,
    *STATEMENTS,
    *BANK_MONTHS,
    *BANK_API,
    *CASH,
    *CASH_API,
    *GRANTS,
    *RECALLS,
    *LOANS,
    *GRANTS_API,
    *FINANCE,
    *FINANCE_API,
    *TERMS,
    *POOLS,
    *TERMS_API,
    *REPORTS,
    *REPORTS_API,
]
PANELS = [
    panels.waiting,
    told.waiting,
    rounds.waiting,
    mixed.waiting,
    experts.waiting,
    claims.waiting,
    bank.waiting,
    terms.waiting,
]
PROJECT_PANELS = [claims.of_project]
HEARS = [
    (Awarded, projects.on_awarded),
    (ContractSigned, on_contract_signed),
    (ContractChanged, on_contract_changed),
    (ProjectTerminated, on_project_terminated),
    (AwardRecalled, on_award_recalled),
    (VillageSucceeded, on_village_succeeded),
    (VillageSucceeded, terms_heard.on_village_succeeded),
]
JOBS = [*TERMS_JOBS, *DOSSIERS, *REMINDERS]
VERIFIERS = [ledger_faults, sum_faults, draw_faults, closing_faults]
PAID_THROUGH_THE_BANK = (CLAIMS_SOURCE, GRANTS_SOURCE, CASH_SOURCE)
