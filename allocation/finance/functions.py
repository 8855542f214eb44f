"""The one look over the village line: what the county's bank told about money of a place.

Files and answers of the bank belong to the county; a township's account centre shall see what of them
concerns its villages, and nothing else. The range asked for is cut to the caller's own.
"""

from __future__ import annotations

from typing import Final

from quzhou_migrants.kernel.walls import sql_object

# One row for each movement of money: what reached somebody through the bank or by hand, what the bank sent back,
# what was asked back and came. A row never changes; what comes back is a row of its own, on its own day.
MOVEMENTS: Final = """
CREATE OR REPLACE FUNCTION allocation_movements(lo text, hi text, since date, until date, most bigint, skip bigint)
RETURNS TABLE (ref text, kind text, paid_on date, division_code text, purpose text, payee text, account_tail text,
  paid_fen bigint, returned_fen bigint, bank_ref text, voucher_no text, remark text, project bigint, doc_no text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $body$
  WITH cut AS (
    SELECT greatest(lo COLLATE "C", current_setting('app.lo', true)) AS lo,
      least(hi COLLATE "C", current_setting('app.hi', true)) AS hi
  ), moved AS (
    SELECT CASE i.kind WHEN 'paid' THEN 'B' ELSE 'T' END || i.id AS ref,
      CASE i.kind WHEN 'paid' THEN 'payment' ELSE 'returned' END AS kind,
      i.day, l.division_code, f.purpose, l.payee, l.account_tail,
      CASE i.kind WHEN 'paid' THEN i.amount_fen ELSE 0 END AS paid_fen,
      CASE i.kind WHEN 'paid' THEN 0 ELSE i.amount_fen END AS returned_fen,
      i.bank_ref, f.number || '-' || l.line_no AS voucher_no, l.remark, l.source_table, l.source_id
    FROM cut, allocation_bank_item i JOIN allocation_bank_line l ON l.id = i.bank_line
    JOIN allocation_bank_batch f ON f.id = l.batch
    WHERE i.applied AND i.kind IN ('paid', 'returned') AND i.day BETWEEN since AND until
      AND l.division_code >= cut.lo AND l.division_code < cut.hi
    UNION ALL
    SELECT 'H' || p.id, 'payment', p.paid_on, p.division_code, 'claims', p.payee, '', p.amount_fen, 0, p.bank_ref,
      p.voucher_no, '', 'allocation_claim', p.claim
    FROM cut, allocation_payment p
    WHERE p.division_code >= cut.lo AND p.division_code < cut.hi AND p.paid_on BETWEEN since AND until
      AND NOT EXISTS (SELECT 1 FROM allocation_bank_item i
        WHERE i.applied AND i.kind = 'paid' AND i.bank_ref = p.bank_ref)
    UNION ALL
    SELECT 'R' || r.id, 'refund', r.returned_on, r.division_code, CASE WHEN r.project IS NULL THEN 'grants'
      ELSE 'claims' END, r.payee, '', 0, r.returned_fen, r.bank_ref, r.voucher_no, r.doc_no, 'allocation_refund', r.id
    FROM cut, allocation_refund r
    WHERE r.division_code >= cut.lo AND r.division_code < cut.hi AND r.state = 'back'
      AND r.returned_on BETWEEN since AND until
  ), page AS (
    SELECT * FROM moved ORDER BY day, ref LIMIT most OFFSET skip
  )
  SELECT m.ref::text, m.kind::text, m.day, m.division_code::text, m.purpose::text, m.payee::text,
    m.account_tail::text, m.paid_fen, m.returned_fen, m.bank_ref::text, m.voucher_no::text, m.remark::text,
    coalesce(c.project, r.project), b.doc_no::text
  FROM page m
  LEFT JOIN allocation_claim c ON m.source_table = 'allocation_claim' AND c.id = m.source_id
  LEFT JOIN allocation_refund r ON m.source_table = 'allocation_refund' AND r.id = m.source_id
  LEFT JOIN allocation_batch b ON b.id = CASE m.source_table
    WHEN 'allocation_cash_line' THEN (SELECT y.batch FROM allocation_cash_line z
      JOIN allocation_cash_list y ON y.id = z.roll WHERE z.id = m.source_id)
    WHEN 'allocation_grant' THEN (SELECT min(e.batch) FROM allocation_entry e
      WHERE e.event_key = 'grant:' || m.source_id)
    WHEN 'allocation_refund' THEN (SELECT min(e.batch) FROM allocation_entry e
      WHERE e.event_key = 'refund:' || m.source_id)
    ELSE (SELECT min(e.batch) FROM allocation_entry e WHERE e.event_key = 'payment:' || m.source_id) END
  ORDER BY m.day, m.ref
$body$;
REVOKE ALL ON FUNCTION allocation_movements(text, text, date, date, bigint, bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION allocation_movements(text, text, date, date, bigint, bigint) TO qm_app
"""

sql_object("allocation_movements", MOVEMENTS)
