-- Abnormal social insurance of everybody registered on one day: one statement, read from top to bottom.
-- The second ground of a yellow card (notice 2(1)). Bound tables as for findings.sql; reference: people.py.
WITH
-- The legal person: an enterprise and its branches pay and register as one (C11, F22b).
code AS (
    SELECT credit_code, credit_code AS own_code FROM items
    UNION SELECT credit_code, credit_code FROM enterprises
    UNION SELECT credit_code, branch_code FROM branches
),
-- Place of registration (notice 1): in scope, outside the province, or unknown.
placed AS (
    SELECT c.credit_code, e.name, d.area,
           CASE WHEN e.credit_code IS NULL THEN 'enterprise-unknown'
                WHEN d.area IS NOT NULL THEN 'in-scope'
                WHEN o.prefix IS NOT NULL THEN 'out-of-scope'
                ELSE 'place-unknown' END AS place
    FROM (SELECT DISTINCT credit_code FROM items) c
    LEFT JOIN enterprises e ON e.credit_code = c.credit_code
    LEFT JOIN division d ON d.division_code = e.division_code
    LEFT JOIN other_province o ON o.prefix = substr(e.division_code, 1, 2)
),
-- The record of an item that is in force on the day: the latest, where several certificates are.
dated AS (
    SELECT i.*, coalesce(l.level_id, k.fallback_level_id) AS level_id,
           CASE WHEN l.deferrable THEN i.extended_without_check_until END AS extended_to,
           i.valid_to < p.as_of AND i.renewal_filed_on <= i.valid_to AND NOT coalesce(l.abolished, FALSE) AS renewal_pending
    FROM items i
    CROSS JOIN policy p
    JOIN category k ON k.category = i.category
    LEFT JOIN level l ON l.category = i.category AND l.grade = i.grade AND (l.sub_item IS NULL OR l.sub_item = i.sub_item)
),
item AS (
    SELECT * FROM (
        SELECT d.*, row_number() OVER (
            PARTITION BY credit_code, category, sub_item
            ORDER BY coalesce(valid_from, DATE '0001-01-01') DESC, certificate_no DESC,
                     coalesce(valid_to, DATE '9999-12-31') DESC, grade DESC, route DESC,
                     coalesce(renewal_filed_on, DATE '0001-01-01') DESC,
                     coalesce(extended_without_check_until, DATE '0001-01-01') DESC,
                     coalesce(licensing_authority, '') DESC) AS newest
        FROM dated d CROSS JOIN policy p
        WHERE NOT (register_state <> 'in-force' AND coalesce(register_state_from, p.as_of) <= p.as_of)
          AND coalesce(valid_from, p.as_of) <= p.as_of
          AND (valid_to IS NULL OR greatest(valid_to, coalesce(extended_to, valid_to)) >= p.as_of
               OR coalesce(renewal_pending, FALSE))
    ) ranked WHERE newest = 1
),
-- Enterprises in scope with a construction or supervision item in force (notice 1).
watched AS (
    SELECT DISTINCT i.credit_code, w.area
    FROM item i
    JOIN placed w ON w.credit_code = i.credit_code AND w.place = 'in-scope'
    JOIN category k ON k.category = i.category AND k.in_scope
    JOIN register_state r ON r.area = coalesce(w.area, '') AND r.reasons = 0
    LEFT JOIN unparsed u ON u.table_name = 'enterprises' AND u.credit_code = i.credit_code
    WHERE u.row_id IS NULL
),
-- Registrations in force on the day (M11) of people who are alive; whether one counts, without doubt.
aged AS (
    SELECT r.*, x.counted, x.ends_at_age,
           year(p.as_of) - year(h.born_on)
               - CASE WHEN month(h.born_on) * 100 + day(h.born_on) > month(p.as_of) * 100 + day(p.as_of) THEN 1 ELSE 0 END AS age
    FROM registrations r CROSS JOIN policy p
    JOIN profession x ON x.profession = r.profession
    LEFT JOIN people h ON h.person_id = r.person_id
    WHERE coalesce(h.died_on > p.as_of, TRUE)
),
stood AS (
    SELECT r.person_id, r.credit_code, r.registration_no, coalesce(r.at_enterprise_from, r.valid_from) AS begins,
           r.counted AND NOT r.contested AND coalesce(r.valid_to >= p.as_of, r.certificate_valid_to >= p.as_of, TRUE) AS counted
    FROM aged r CROSS JOIN policy p
    WHERE coalesce(r.at_enterprise_from <= p.as_of, TRUE) AND coalesce(r.valid_from <= p.as_of, TRUE)
      AND NOT (r.register_state <> 'in-force' AND coalesce(r.register_state_from, p.as_of) <= p.as_of)
      AND coalesce(r.valid_to >= p.as_of OR coalesce(r.renewal_filed_on <= r.valid_to, FALSE), TRUE) AND coalesce(r.age < r.ends_at_age, TRUE)
),
-- Months of insurance as bits counted back from the last settled month, by payer.
paid AS (
    SELECT person_id, payer_credit_code, bit_or(month_bit) AS months
    FROM contribution
    GROUP BY person_id, payer_credit_code
),
-- Everybody registered there in a profession that counts: since when, and who paid, the legal person or others.
member AS (
    SELECT s.person_id, s.credit_code, min(coalesce(s.begins, DATE '0001-01-01')) AS joined,
           bit_or(CASE WHEN i.payer_credit_code = s.credit_code OR c.branch_code IS NOT NULL THEN i.months
                       WHEN i.months IS NOT NULL THEN 0 END) AS by_own,
           bit_or(CASE WHEN i.payer_credit_code = s.credit_code OR c.branch_code IS NOT NULL THEN 0 ELSE i.months END) AS by_other
    FROM stood s
    LEFT JOIN paid i ON i.person_id = s.person_id
    LEFT JOIN branches c ON c.credit_code = s.credit_code AND c.branch_code = i.payer_credit_code
    GROUP BY s.person_id, s.credit_code
    HAVING max(CASE WHEN s.counted THEN 1 ELSE 0 END) = 1
),
-- Months that the legal person may have paid: rows of another insurance, deferred, or unclear.
paid_in_doubt AS (
    SELECT c.credit_code, i.person_id, bit_or(i.month_bit) AS months
    FROM contribution_in_doubt i
    JOIN code c ON c.own_code = i.payer_credit_code
    GROUP BY c.credit_code, i.person_id
),
-- Lawful reasons with a document (建办市函〔2019〕92号): whether one holds today, and the months covered.
exempt AS (
    SELECT c.credit_code, x.person_id, bit_or(x.covered_months) AS months,
           max(CASE WHEN coalesce(x.valid_from, p.as_of) <= p.as_of AND coalesce(x.valid_to, p.as_of) >= p.as_of THEN 1 ELSE 0 END)
               AS holds_today
    FROM exemptions x CROSS JOIN policy p
    JOIN lawful_reason l ON l.reason = x.reason
    JOIN code c ON c.own_code = x.credit_code
    WHERE x.document <> ''
    GROUP BY c.credit_code, x.person_id
),
-- Unparsed insurance rows that may be this person's.
unparsed_insurance AS (
    SELECT DISTINCT person_id FROM unparsed WHERE table_name IN ('contributions', 'exemptions') AND person_id IS NOT NULL
),
-- Or anybody's at a legal person; without a readable code, everybody's.
unparsed_insurance_at AS (
    SELECT c.credit_code
    FROM unparsed u JOIN code c ON c.own_code = u.credit_code
    WHERE u.table_name IN ('contributions', 'exemptions') AND u.person_id IS NULL
    UNION
    SELECT w.credit_code
    FROM unparsed u CROSS JOIN watched w
    WHERE u.table_name IN ('contributions', 'exemptions') AND u.person_id IS NULL AND u.credit_code IS NULL
),
-- Judged months: settled, covered, after joining; then the latest of them, as many as the window has.
covered AS (
    SELECT m.*, v.for_everybody | CASE WHEN m.by_own IS NOT NULL THEN v.for_those_present ELSE 0 END AS covered_months,
           p.last_month - (year(m.joined) * 12 + month(m.joined) - 1)
                     - CASE WHEN day(m.joined) > 1 THEN 1 ELSE 0 END AS reach
    FROM member m CROSS JOIN policy p
    JOIN watched w ON w.credit_code = m.credit_code
    JOIN cover v ON v.area = coalesce(w.area, '')
),
judged AS (
    SELECT c.*, CASE WHEN reach < 0 THEN 0
                ELSE covered_months & ((CAST(1 AS BIGINT) << CAST(least(reach, 60) + 1 AS INTEGER)) - 1) END AS months
    FROM covered c
),
shifted AS (
    SELECT j.*, months & (months - 1) AS less_one FROM judged j
),
shifted_again AS (
    SELECT s.*, less_one & (less_one - 1) AS less_two FROM shifted s
),
settled AS (
    SELECT s.person_id, s.credit_code, s.by_own, s.by_other,
           months - CASE p.insurance_window WHEN 1 THEN less_one WHEN 2 THEN less_two
                    ELSE less_two & (less_two - 1) END AS months
    FROM shifted_again s CROSS JOIN policy p
),
insured AS (
    SELECT t.person_id, t.credit_code, t.months,
           (t.months & coalesce(t.by_own, 0) & coalesce(t.by_other, 0))
               - (t.months & coalesce(t.by_own, 0) & coalesce(t.by_other, 0) & coalesce(x.months, 0)) AS several,
           CASE WHEN x.holds_today = 1 OR t.months = 0 THEN 'settled'
                WHEN t.months & coalesce(t.by_own, 0) & coalesce(t.by_other, 0)
                     <> t.months & coalesce(t.by_own, 0) & coalesce(t.by_other, 0) & coalesce(x.months, 0) THEN 'paid-by-several'
                WHEN t.months & (coalesce(t.by_own, 0) | coalesce(x.months, 0) | coalesce(q.months, 0)) <> 0
                     OR u.person_id IS NOT NULL OR a.credit_code IS NOT NULL THEN 'settled'
                WHEN t.months & coalesce(t.by_other, 0) <> 0 THEN 'paid-by-other'
                ELSE 'unpaid' END AS kind
    FROM settled t
    LEFT JOIN exempt x ON x.person_id = t.person_id AND x.credit_code = t.credit_code
    LEFT JOIN paid_in_doubt q ON q.person_id = t.person_id AND q.credit_code = t.credit_code
    LEFT JOIN unparsed_insurance u ON u.person_id = t.person_id
    LEFT JOIN unparsed_insurance_at a ON a.credit_code = t.credit_code
)
-- The anomalies, by the smallest registration number there.
SELECT i.credit_code, i.person_id, min(CASE WHEN s.counted THEN s.registration_no END) AS registration_no, i.kind,
       CASE i.kind WHEN 'paid-by-several' THEN i.several ELSE i.months END AS months
FROM insured i
JOIN stood s ON s.person_id = i.person_id AND s.credit_code = i.credit_code
WHERE i.kind <> 'settled'
GROUP BY i.credit_code, i.person_id, i.kind, i.several, i.months
ORDER BY i.credit_code, i.person_id
