-- Everybody judged for each requirement on one day: counted or not, and every reason: one statement.
-- The items bound are those of the enterprises asked about; otherwise bound as for findings.sql. Reference: explain.py.
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
-- The class of people that each requirement of each item lists, whether it counts them or not.
listed AS (
    SELECT i.credit_code, i.category, i.sub_item, q.requirement_id, q.requirement, q.place,
           CASE WHEN q.outcome = 'judge' AND i.extended_to >= p.as_of THEN k.deferred_set_id ELSE k.set_id END AS set_id
    FROM item i CROSS JOIN policy p
    JOIN requirement q ON q.level_id = i.level_id AND q.route = i.route
    JOIN listed_class k ON k.requirement_id = q.requirement_id
),
needed AS (
    SELECT DISTINCT credit_code, set_id FROM listed
),
-- Every kind of registration that occurs: profession, grade, speciality.
kind AS (
    SELECT k.kind_no, k.profession, k.profession_grade, k.speciality, x.counted, x.ends_at_age, g.rank
    FROM (
        SELECT profession, profession_grade, speciality,
               CAST(row_number() OVER (ORDER BY profession, profession_grade, speciality) AS INTEGER) AS kind_no
        FROM (SELECT DISTINCT profession, profession_grade, speciality FROM registrations) occurring
    ) k
    JOIN profession x ON x.profession = k.profession
    LEFT JOIN grade g ON g.profession = k.profession AND g.profession_grade = k.profession_grade
),
-- Which kind fits which class: profession, grade at least, speciality; an unreadable one fits in doubt. The class's age rule.
match AS (
    SELECT k.kind_no, k.profession, k.profession_grade, a.set_id,
           coalesce(a.doubt, 0)
               + CASE WHEN a.speciality IS NOT NULL AND k.speciality IS NULL THEN b.speciality_unreadable ELSE 0 END
               + CASE WHEN k.rank IS NULL AND a.lowest_rank > 1 THEN b.grade_unreadable ELSE 0 END AS doubt
    FROM kind k CROSS JOIN bit b
    JOIN accept a ON a.profession = k.profession
        AND (k.rank IS NULL OR k.rank >= a.lowest_rank)
        AND (a.speciality IS NULL OR k.speciality IS NULL OR a.speciality = k.speciality)
),
fits AS (
    SELECT m.set_id * 1000000 + m.kind_no AS fit_no, m.kind_no, m.profession, m.profession_grade, m.set_id, s.by_certificate, max(a.doubt_from) AS doubt_from, max(a.ends_at) AS ends_at,
           CASE WHEN min(m.doubt) = 0 THEN 0 ELSE bit_or(m.doubt) END AS doubt
    FROM match m
    JOIN class s ON s.set_id = m.set_id
    JOIN age_rule a ON a.sector = s.sector AND a.profession = m.profession
    GROUP BY m.kind_no, m.profession, m.profession_grade, m.set_id, s.by_certificate
),
-- Registrations, and whether each is in force on the day (M11).
aged AS (
    SELECT r.row_no, r.person_id, r.credit_code, k.kind_no, k.counted, k.ends_at_age,
           coalesce(r.at_enterprise_from, r.valid_from) AS begins,
           r.at_enterprise_from, r.valid_from, r.valid_to, r.certificate_valid_to, r.register_state, r.register_state_from,
           coalesce(r.valid_to < p.as_of AND r.renewal_filed_on <= r.valid_to, FALSE) AS renewal_pending, r.contested,
           CASE WHEN h.died_on <= p.as_of THEN 1 ELSE 0 END
           + CASE WHEN h.locked_from <= p.as_of AND coalesce(h.locked_until, p.as_of) >= p.as_of THEN 2 ELSE 0 END AS dead_or_locked,
           year(p.as_of) - year(h.born_on)
               - CASE WHEN month(h.born_on) * 100 + day(h.born_on) > month(p.as_of) * 100 + day(p.as_of) THEN 1 ELSE 0 END AS age
    FROM registrations r CROSS JOIN policy p CROSS JOIN bit b
    JOIN kind k ON k.profession = r.profession AND k.profession_grade IS NOT DISTINCT FROM r.profession_grade
        AND k.speciality IS NOT DISTINCT FROM r.speciality
    LEFT JOIN people h ON h.person_id = r.person_id
),
stood AS (
    SELECT r.row_no, r.person_id, r.credit_code, r.kind_no, r.counted, r.begins, CAST(r.age AS INTEGER) AS age, r.dead_or_locked,
           CASE WHEN r.at_enterprise_from > p.as_of OR r.valid_from > p.as_of THEN b.not_yet_at_enterprise
                WHEN r.register_state <> 'in-force' AND coalesce(r.register_state_from, p.as_of) <= p.as_of
                    THEN b.registration_not_in_force
                WHEN r.valid_to < p.as_of AND NOT r.renewal_pending THEN b.registration_expired
                WHEN r.age >= r.ends_at_age THEN b.over_age
                ELSE 0 END AS standing,
           -- in force by its row, and yet in doubt: renewal filed in time and undecided, end unknown, or another row contradicts it
           CASE WHEN r.renewal_pending THEN b.registration_renewal_pending ELSE 0 END
           + CASE WHEN r.valid_to IS NULL AND r.certificate_valid_to < p.as_of THEN b.registration_end_unclear ELSE 0 END
           + CASE WHEN r.contested THEN b.register_conflict ELSE 0 END AS row_doubt
    FROM aged r CROSS JOIN policy p CROSS JOIN bit b
),
-- In force at an unrelated enterprise too (C09), for certain or in doubt.
elsewhere AS (
    SELECT s.person_id, s.credit_code, max(CASE WHEN o.row_doubt = 0 THEN 1 ELSE 0 END) AS certain
    FROM stood s
    JOIN stood o ON o.person_id = s.person_id AND o.credit_code <> s.credit_code
    LEFT JOIN branches c ON c.credit_code = s.credit_code AND c.branch_code = o.credit_code
    WHERE o.standing = 0 AND o.counted AND c.branch_code IS NULL
    GROUP BY s.person_id, s.credit_code
),
-- Months of insurance as bits counted back from the last settled month, by payer.
paid AS (
    SELECT person_id, payer_credit_code, bit_or(month_bit) AS months
    FROM contribution
    GROUP BY person_id, payer_credit_code
),
-- Everybody at the enterprises where they are registered: since when, and who paid, the legal person or others.
member AS (
    SELECT s.person_id, s.credit_code, max(s.dead_or_locked) AS dead_or_locked,
           max(s.row_no) > min(s.row_no) AS several, min(s.kind_no) AS kind_no, min(s.standing) AS standing, min(s.age) AS age,
           min(s.row_doubt) AS row_doubt,
           min(CASE WHEN s.standing = 0 THEN coalesce(s.begins, DATE '0001-01-01') END) AS joined,
           bit_or(CASE WHEN i.payer_credit_code = s.credit_code OR c.branch_code IS NOT NULL THEN i.months
                       WHEN i.months IS NOT NULL THEN 0 END) AS by_own,
           bit_or(CASE WHEN i.payer_credit_code = s.credit_code OR c.branch_code IS NOT NULL THEN 0 ELSE i.months END) AS by_other
    FROM stood s
    LEFT JOIN paid i ON i.person_id = s.person_id
    LEFT JOIN branches c ON c.credit_code = s.credit_code AND c.branch_code = i.payer_credit_code
    GROUP BY s.person_id, s.credit_code
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
-- Rejected rows with the legal persons that they may concern: without a readable code, everybody.
unparsed_at AS (
    SELECT c.credit_code, u.row_id, u.table_name, u.profession, u.person_id
    FROM unparsed u JOIN code c ON c.own_code = u.credit_code
    UNION
    SELECT n.credit_code, u.row_id, u.table_name, u.profession, u.person_id
    FROM unparsed u CROSS JOIN (SELECT DISTINCT credit_code FROM needed) n
    WHERE u.credit_code IS NULL
),
-- Unparsed insurance rows that may be this person's.
unparsed_insurance AS (
    SELECT DISTINCT person_id FROM unparsed WHERE table_name IN ('contributions', 'exemptions') AND person_id IS NOT NULL
),
unparsed_insurance_at AS (
    SELECT DISTINCT credit_code FROM unparsed_at WHERE table_name IN ('contributions', 'exemptions') AND person_id IS NULL
),
-- Judged months: settled, covered, after joining; then the latest of them, as many as the window has.
covered AS (
    SELECT m.*, v.for_everybody | CASE WHEN m.by_own IS NOT NULL THEN v.for_those_present ELSE 0 END AS covered_months,
           CASE WHEN m.joined IS NULL THEN 60
                ELSE p.last_month - (year(m.joined) * 12 + month(m.joined) - 1)
                     - CASE WHEN day(m.joined) > 1 THEN 1 ELSE 0 END END AS reach
    FROM member m CROSS JOIN policy p
    JOIN placed w ON w.credit_code = m.credit_code
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
    SELECT s.person_id, s.credit_code, s.dead_or_locked, s.several, s.kind_no, s.standing, s.age, s.row_doubt, s.covered_months, s.by_own, s.by_other,
           months - CASE p.insurance_window WHEN 1 THEN less_one WHEN 2 THEN less_two
                    ELSE less_two & (less_two - 1) END AS months
    FROM shifted_again s CROSS JOIN policy p
),
insured AS (
    SELECT t.*,
           CASE WHEN x.holds_today = 1 THEN 'exempt'
                WHEN t.months = 0 THEN CASE WHEN t.covered_months = 0 THEN 'no-data' ELSE 'insurance-not-yet-due' END
                WHEN t.months & coalesce(t.by_own, 0) & coalesce(t.by_other, 0)
                     <> t.months & coalesce(t.by_own, 0) & coalesce(t.by_other, 0) & coalesce(x.months, 0) THEN 'paid-by-several'
                WHEN t.months & (coalesce(t.by_own, 0) | coalesce(x.months, 0)) <> 0 THEN 'paid'
                WHEN t.months & coalesce(q.months, 0) <> 0 THEN 'insurance-in-doubt'
                WHEN u.person_id IS NOT NULL OR a.credit_code IS NOT NULL THEN 'unparsed-insurance-row'
                WHEN t.months & coalesce(t.by_other, 0) <> 0 THEN 'paid-by-other'
                ELSE 'unpaid' END AS outcome
    FROM settled t
    LEFT JOIN exempt x ON x.person_id = t.person_id AND x.credit_code = t.credit_code
    LEFT JOIN paid_in_doubt q ON q.person_id = t.person_id AND q.credit_code = t.credit_code
    LEFT JOIN unparsed_insurance u ON u.person_id = t.person_id
    LEFT JOIN unparsed_insurance_at a ON a.credit_code = t.credit_code
),
-- What holds of a person whatever the clause (rule 7): alive, locked, registered elsewhere, insured.
person AS (
    SELECT i.person_id, i.credit_code, i.several, i.kind_no, i.standing, i.age, i.row_doubt,
           CASE WHEN i.dead_or_locked & 1 = 1 THEN b.deceased ELSE 0 END | CASE WHEN i.dead_or_locked & 2 = 2 THEN p.locked_never ELSE 0 END
           | CASE WHEN w.certain = 1 THEN p.elsewhere_never ELSE 0 END | coalesce(o.never, 0) AS never,
           CASE WHEN i.dead_or_locked & 2 = 2 THEN p.locked_doubt ELSE 0 END | CASE WHEN w.person_id IS NOT NULL THEN p.elsewhere_doubt ELSE 0 END
           | CASE WHEN w.certain = 0 THEN p.elsewhere_never ELSE 0 END | coalesce(o.doubt, 0) AS doubt
    FROM insured i CROSS JOIN policy p CROSS JOIN bit b
    LEFT JOIN elsewhere w ON w.person_id = i.person_id AND w.credit_code = i.credit_code
    LEFT JOIN insurance_outcome o ON o.outcome = i.outcome
),
-- Kinds whose profession and speciality are those of the class, whatever the grade.
of_the_trade AS (
    SELECT DISTINCT k.kind_no, a.set_id
    FROM kind k
    JOIN accept a ON a.profession = k.profession AND (a.speciality IS NULL OR a.speciality = k.speciality)
),
-- Every kind of the class's professions, fitting or not; what does not fit is of too low a grade or another speciality.
seen AS (
    SELECT x.set_id, k.kind_no, a.doubt_from, a.ends_at, coalesce(f.doubt, b.none) AS doubt,
           CASE WHEN f.kind_no IS NULL AND t.kind_no IS NOT NULL THEN b.grade_too_low
                WHEN f.kind_no IS NULL THEN b.speciality_not_accepted ELSE 0 END AS never
    FROM class_profession x CROSS JOIN bit b
    JOIN kind k ON k.profession = x.profession
    JOIN class s ON s.set_id = x.set_id
    JOIN age_rule a ON a.sector = s.sector AND a.profession = k.profession
    LEFT JOIN fits f ON f.set_id = x.set_id AND f.kind_no = k.kind_no
    LEFT JOIN of_the_trade t ON t.set_id = x.set_id AND t.kind_no = k.kind_no
),
-- One registration judged for one class: every reason of the person, the age and the kind together.
counted AS (
    SELECT n.credit_code, n.set_id, r.row_no, r.person_id,
           v.never | CASE WHEN r.standing <> 0 THEN r.standing
                          ELSE q.never | CASE WHEN r.age >= v.ends_at THEN b.over_age ELSE 0 END END AS never,
           v.doubt | CASE WHEN r.standing <> 0 THEN b.none
                          ELSE q.doubt | r.row_doubt | CASE WHEN v.doubt_from IS NULL AND v.ends_at IS NULL THEN b.none
                                              WHEN r.age IS NULL THEN b.age_unknown
                                              WHEN r.age >= v.ends_at THEN 0
                                              WHEN r.age >= v.doubt_from THEN b.age_in_doubt ELSE 0 END END AS doubt
    FROM needed n CROSS JOIN bit b
    JOIN person q ON q.credit_code = n.credit_code
    JOIN stood r ON r.person_id = q.person_id AND r.credit_code = q.credit_code
    JOIN seen v ON v.set_id = n.set_id AND v.kind_no = r.kind_no
),
-- The best of somebody's registrations: a certain one, else the doubts of the doubtful, else every reason.
head AS (
    SELECT credit_code, set_id, person_id,
           max(CASE WHEN never = 0 AND doubt = 0 THEN 1 ELSE 0 END) AS certain,
           max(CASE WHEN never = 0 THEN 1 ELSE 0 END) AS perhaps,
           bit_or(CASE WHEN never = 0 THEN doubt ELSE 0 END) AS doubts,
           bit_or(never | doubt) AS reasons
    FROM counted GROUP BY credit_code, set_id, person_id
)
SELECT l.credit_code, l.category, l.sub_item, l.requirement, h.person_id,
       CASE WHEN h.certain = 1 THEN 'certain' WHEN h.perhaps = 1 THEN 'in-doubt' ELSE 'never' END AS counts,
       CASE WHEN h.perhaps = 0 THEN h.reasons WHEN h.certain = 0 THEN h.doubts ELSE 0 END AS because,
       CASE WHEN v.never <> 0 THEN 'never' WHEN v.doubt <> 0 THEN 'in-doubt' ELSE 'certain' END AS registration_counts,
       v.never | v.doubt AS registration_because,
       r.profession, r.profession_grade, r.speciality, r.registration_no
FROM listed l
JOIN head h ON h.credit_code = l.credit_code AND h.set_id = l.set_id
JOIN counted v ON v.credit_code = h.credit_code AND v.set_id = h.set_id AND v.person_id = h.person_id
JOIN registrations r ON r.row_no = v.row_no
ORDER BY l.credit_code, l.category, l.sub_item, l.place, h.person_id, r.row_no
