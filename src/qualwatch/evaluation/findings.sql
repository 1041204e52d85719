-- Findings of every enterprise on one day: one statement, read from top to bottom. reference.py defines the answer.
-- Bound tables: the facts (facts.py) and the law of the day (columnar.py). Reasons are bits of one number, named in `bit`.
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
            ORDER BY coalesce(valid_from, DATE '0001-01-01') DESC, certificate_no DESC) AS newest
        FROM dated d CROSS JOIN policy p
        WHERE NOT (register_state <> 'in-force' AND coalesce(register_state_from, p.as_of) <= p.as_of)
          AND coalesce(valid_from, p.as_of) <= p.as_of
          AND (valid_to IS NULL OR greatest(valid_to, coalesce(extended_to, valid_to)) >= p.as_of
               OR coalesce(renewal_pending, FALSE))
    ) ranked WHERE newest = 1
),
-- What the law asks of each item; under highest-any-trade the constructors' figure is the highest of the enterprise.
asked AS (
    SELECT i.credit_code, i.category, i.sub_item, i.certificate_no, i.licensing_authority, i.grade,
           coalesce(i.renewal_pending, FALSE) AS renewal_pending,
           q.requirement_id, q.requirement, q.place,
           CASE WHEN q.outcome = 'judge' AND i.extended_to >= p.as_of THEN 'not-required' ELSE q.outcome END AS outcome,
           CASE WHEN q.outcome = 'judge' AND i.extended_to >= p.as_of THEN b.extended_without_check ELSE q.because END AS because,
           q.outcome = 'judge' AND coalesce(i.extended_to >= p.as_of, FALSE) AS deferred,
           q.strong_required, q.weak_required,
           max(CASE WHEN q.flat AND NOT coalesce(i.extended_to >= p.as_of, FALSE) THEN q.strong_required END) OVER (PARTITION BY i.credit_code) AS highest_strong,
           max(CASE WHEN q.flat AND NOT coalesce(i.extended_to >= p.as_of, FALSE)
                    THEN greatest(coalesce(q.strong_required, 0), coalesce(q.weak_required, 0)) END)
               OVER (PARTITION BY i.credit_code) AS highest_weak,
           q.flat
    FROM item i CROSS JOIN policy p CROSS JOIN bit b
    JOIN requirement q ON q.level_id = i.level_id AND q.route = i.route
),
figure AS (
    SELECT credit_code, category, sub_item, certificate_no, licensing_authority, grade, renewal_pending, requirement_id,
           requirement, place, outcome, because, deferred,
           CASE WHEN flat AND strong_required IS NOT NULL THEN highest_strong ELSE strong_required END AS strong_required,
           CASE WHEN NOT flat THEN weak_required
                WHEN strong_required IS NULL OR highest_weak > coalesce(highest_strong, 0) THEN highest_weak END AS weak_required
    FROM asked
),
-- The classes of people that the enterprise's items ask for.
needed AS (
    SELECT DISTINCT f.credit_code, s.set_id
    FROM figure f JOIN requirement_set s ON s.requirement_id = f.requirement_id
    WHERE f.outcome = 'judge'
),
-- Registrations of those enterprises, and whether each is in force on the day (M11).
registration AS (
    SELECT r.*, coalesce(r.at_enterprise_from, r.valid_from) AS begins, x.counted, g.rank, h.born_on, h.died_on,
           h.locked_from, h.locked_until,
           year(p.as_of) - year(h.born_on)
               - CASE WHEN month(h.born_on) * 100 + day(h.born_on) > month(p.as_of) * 100 + day(p.as_of) THEN 1 ELSE 0 END AS age,
           x.ends_at_age
    FROM registrations r CROSS JOIN policy p
    JOIN profession x ON x.profession = r.profession
    LEFT JOIN grade g ON g.profession = r.profession AND g.profession_grade = r.profession_grade
    LEFT JOIN people h ON h.person_id = r.person_id
),
stood AS (
    SELECT r.*,
           CASE WHEN r.at_enterprise_from > p.as_of OR r.valid_from > p.as_of THEN b.not_yet_at_enterprise
                WHEN r.register_state <> 'in-force' AND coalesce(r.register_state_from, p.as_of) <= p.as_of
                    THEN b.registration_not_in_force
                WHEN r.valid_to < p.as_of THEN b.registration_expired
                WHEN r.age >= r.ends_at_age THEN b.over_age
                ELSE 0 END AS standing
    FROM registration r CROSS JOIN policy p CROSS JOIN bit b
),
-- Who fits which class: profession, grade at least, speciality; an unreadable one fits in doubt.
fit AS (
    SELECT n.credit_code, n.set_id, r.row_no,
           CASE WHEN min(coalesce(a.doubt, 0)
                    + CASE WHEN a.speciality IS NOT NULL AND r.speciality IS NULL THEN b.speciality_unreadable ELSE 0 END
                    + CASE WHEN r.rank IS NULL AND a.lowest_rank > 1 THEN b.grade_unreadable ELSE 0 END) = 0 THEN max(b.none)
                ELSE bit_or(coalesce(a.doubt, 0)
                    + CASE WHEN a.speciality IS NOT NULL AND r.speciality IS NULL THEN b.speciality_unreadable ELSE 0 END
                    + CASE WHEN r.rank IS NULL AND a.lowest_rank > 1 THEN b.grade_unreadable ELSE 0 END) END AS doubt
    FROM needed n CROSS JOIN bit b
    JOIN stood r ON r.credit_code = n.credit_code
    JOIN accept a ON a.set_id = n.set_id AND a.profession = r.profession
        AND (r.rank IS NULL OR r.rank >= a.lowest_rank)
        AND (a.speciality IS NULL OR r.speciality IS NULL OR a.speciality = r.speciality)
    GROUP BY n.credit_code, n.set_id, r.row_no
),
-- The people who matter, at the enterprise where they matter; since when they are there.
member AS (
    SELECT s.person_id, s.credit_code, max(s.died_on) AS died_on, max(s.locked_from) AS locked_from,
           max(s.locked_until) AS locked_until,
           min(CASE WHEN s.standing = 0 THEN s.begins END) AS joined,
           count(CASE WHEN s.standing = 0 AND s.begins IS NULL THEN 1 END) AS without_start
    FROM stood s
    JOIN (SELECT DISTINCT credit_code FROM needed) n ON n.credit_code = s.credit_code
    GROUP BY s.person_id, s.credit_code
),
-- In force at an unrelated enterprise too (C09).
elsewhere AS (
    SELECT DISTINCT m.person_id, m.credit_code
    FROM member m
    JOIN stood s ON s.person_id = m.person_id AND s.credit_code <> m.credit_code AND s.standing = 0 AND s.counted
    LEFT JOIN code c ON c.credit_code = m.credit_code AND c.own_code = s.credit_code
    WHERE c.own_code IS NULL
),
-- Months of insurance as bits counted back from the last settled month: by the legal person, by others.
paid AS (
    SELECT m.person_id, m.credit_code,
           bit_or(CASE WHEN c.own_code IS NOT NULL THEN i.month_bit ELSE 0 END) AS by_own,
           bit_or(CASE WHEN c.own_code IS NULL THEN i.month_bit ELSE 0 END) AS by_other
    FROM member m
    JOIN contribution i ON i.person_id = m.person_id
    LEFT JOIN code c ON c.credit_code = m.credit_code AND c.own_code = i.payer_credit_code
    GROUP BY m.person_id, m.credit_code
),
-- Lawful reasons with a document (建办市函〔2019〕92号).
exempt AS (
    SELECT DISTINCT c.credit_code, x.person_id
    FROM exemptions x CROSS JOIN policy p
    JOIN lawful_reason l ON l.reason = x.reason
    JOIN code c ON c.own_code = x.credit_code
    WHERE x.document <> '' AND coalesce(x.valid_from, p.as_of) <= p.as_of AND coalesce(x.valid_to, p.as_of) >= p.as_of
),
-- Unread insurance rows that may be this person's.
unread_insurance AS (
    SELECT DISTINCT m.person_id, m.credit_code
    FROM member m
    JOIN unread u ON u.person_id = m.person_id
    WHERE u.table_name IN ('contributions', 'exemptions')
    UNION
    SELECT DISTINCT m.person_id, m.credit_code
    FROM member m
    JOIN code c ON c.credit_code = m.credit_code
    JOIN unread u ON u.credit_code IS NULL OR u.credit_code = c.own_code
    WHERE u.table_name IN ('contributions', 'exemptions') AND u.person_id IS NULL
),
-- Judged months: settled, covered, after joining; then the latest of them, as many as the window has.
covered AS (
    SELECT m.person_id, m.credit_code,
           v.for_everybody | CASE WHEN s.person_id IS NOT NULL THEN v.for_those_present ELSE 0 END AS months,
           CASE WHEN m.without_start > 0 OR m.joined IS NULL THEN 60
                ELSE p.last_month - (year(m.joined) * 12 + month(m.joined) - 1)
                     - CASE WHEN day(m.joined) > 1 THEN 1 ELSE 0 END END AS reach
    FROM member m CROSS JOIN policy p
    JOIN placed w ON w.credit_code = m.credit_code
    JOIN cover v ON v.area = coalesce(w.area, '')
    LEFT JOIN (SELECT DISTINCT person_id FROM contribution_person) s ON s.person_id = m.person_id
),
judged AS (
    SELECT person_id, credit_code, months AS covered_months,
           CASE WHEN reach < 0 THEN 0
                ELSE months & ((CAST(1 AS BIGINT) << CAST(least(reach, 60) + 1 AS INTEGER)) - 1) END AS months
    FROM covered
),
shifted AS (
    SELECT person_id, credit_code, covered_months, months, months & (months - 1) AS less_one FROM judged
),
shifted_again AS (
    SELECT s.*, less_one & (less_one - 1) AS less_two FROM shifted s
),
settled AS (
    SELECT person_id, credit_code, covered_months,
           months - CASE p.insurance_window WHEN 1 THEN less_one WHEN 2 THEN less_two
                    ELSE less_two & (less_two - 1) END AS months
    FROM shifted_again CROSS JOIN policy p
),
insured AS (
    SELECT t.person_id, t.credit_code,
           CASE WHEN x.person_id IS NOT NULL THEN 'exempt'
                WHEN t.months = 0 THEN CASE WHEN t.covered_months = 0 THEN 'no-data' ELSE 'insurance-not-yet-due' END
                WHEN t.months & coalesce(a.by_own, 0) & coalesce(a.by_other, 0) <> 0 THEN 'paid-by-several'
                WHEN t.months & coalesce(a.by_own, 0) <> 0 THEN 'paid'
                WHEN u.person_id IS NOT NULL THEN 'unread-insurance-row'
                WHEN t.months & coalesce(a.by_other, 0) <> 0 THEN 'paid-by-other'
                ELSE 'unpaid' END AS outcome
    FROM settled t
    LEFT JOIN paid a ON a.person_id = t.person_id AND a.credit_code = t.credit_code
    LEFT JOIN exempt x ON x.person_id = t.person_id AND x.credit_code = t.credit_code
    LEFT JOIN unread_insurance u ON u.person_id = t.person_id AND u.credit_code = t.credit_code
),
-- What holds of a person whatever the clause (rule 7): alive, locked, registered elsewhere, insured.
person AS (
    SELECT m.person_id, m.credit_code,
           CASE WHEN m.died_on <= p.as_of THEN b.deceased ELSE 0 END
           | CASE WHEN m.locked_from <= p.as_of AND coalesce(m.locked_until, p.as_of) >= p.as_of THEN p.locked_never ELSE 0 END
           | CASE WHEN w.person_id IS NOT NULL THEN p.elsewhere_never ELSE 0 END
           | coalesce(o.never, 0) AS never,
           CASE WHEN m.locked_from <= p.as_of AND coalesce(m.locked_until, p.as_of) >= p.as_of THEN p.locked_doubt ELSE 0 END
           | CASE WHEN w.person_id IS NOT NULL THEN p.elsewhere_doubt ELSE 0 END
           | coalesce(o.doubt, 0) AS doubt
    FROM member m CROSS JOIN policy p CROSS JOIN bit b
    LEFT JOIN elsewhere w ON w.person_id = m.person_id AND w.credit_code = m.credit_code
    LEFT JOIN insured i ON i.person_id = m.person_id AND i.credit_code = m.credit_code
    LEFT JOIN insurance_outcome o ON o.outcome = i.outcome
),
-- One registration in one class: why it never counts, why it is in doubt; whom or what it counts as.
counted AS (
    SELECT f.credit_code, f.set_id,
           CASE WHEN NOT s.by_certificate THEN r.person_id
                WHEN r.registration_no IS NULL
                    THEN r.profession || ' ' || coalesce(r.profession_grade, 'None') || ' without number ' || r.person_id
                ELSE r.profession || ' ' || r.registration_no END AS counted_as,
           CASE WHEN r.standing <> 0 THEN r.standing
                ELSE q.never | CASE WHEN r.age >= a.ends_at THEN b.over_age ELSE 0 END END AS never,
           CASE WHEN r.standing <> 0 THEN b.none
                ELSE q.doubt | CASE WHEN a.doubt_from IS NULL AND a.ends_at IS NULL THEN b.none
                                    WHEN r.born_on IS NULL THEN b.age_unknown
                                    WHEN r.age >= a.ends_at THEN 0
                                    WHEN r.age >= a.doubt_from THEN b.age_in_doubt ELSE 0 END END
           | f.doubt
           | CASE WHEN s.by_certificate AND r.registration_no IS NULL THEN b.no_registration_no ELSE 0 END AS doubt
    FROM fit f CROSS JOIN bit b
    JOIN stood r ON r.row_no = f.row_no
    JOIN class s ON s.set_id = f.set_id
    JOIN age_rule a ON a.sector = s.sector AND a.profession = r.profession
    JOIN person q ON q.person_id = r.person_id AND q.credit_code = r.credit_code
),
-- The best of somebody's registrations: a certain one, else the doubts of the doubtful, else every reason.
head AS (
    SELECT credit_code, set_id, counted_as,
           max(CASE WHEN never = 0 AND doubt = 0 THEN 1 ELSE 0 END) AS certain,
           max(CASE WHEN never = 0 THEN 1 ELSE 0 END) AS perhaps,
           bit_or(CASE WHEN never = 0 THEN doubt ELSE 0 END) AS doubts,
           bit_or(never) AS nevers
    FROM counted GROUP BY credit_code, set_id, counted_as
),
tally AS (
    SELECT credit_code, set_id, CAST(sum(certain) AS BIGINT) AS held, CAST(sum(perhaps) AS BIGINT) AS possible,
           bit_or(CASE WHEN perhaps = 0 THEN nevers WHEN certain = 0 THEN doubts ELSE 0 END) AS reasons
    FROM head GROUP BY credit_code, set_id
),
-- Rejected rows that may be somebody of the class: nameless people.
nameless AS (
    SELECT n.credit_code, n.set_id, count(DISTINCT u.row_id) AS people
    FROM needed n
    JOIN code c ON c.credit_code = n.credit_code
    JOIN unread u ON u.table_name = 'registrations' AND (u.credit_code IS NULL OR u.credit_code = c.own_code)
    LEFT JOIN class_profession x ON x.set_id = n.set_id AND x.profession = u.profession
    WHERE u.profession IS NULL OR x.set_id IS NOT NULL
    GROUP BY n.credit_code, n.set_id
),
class_count AS (
    SELECT n.credit_code, n.set_id, coalesce(t.held, 0) AS held, coalesce(t.possible, 0) + coalesce(m.people, 0) AS possible,
           coalesce(t.reasons, 0) | CASE WHEN m.people > 0 THEN b.unread_row ELSE 0 END AS reasons
    FROM needed n CROSS JOIN bit b
    LEFT JOIN tally t ON t.credit_code = n.credit_code AND t.set_id = n.set_id
    LEFT JOIN nameless m ON m.credit_code = n.credit_code AND m.set_id = n.set_id
),
-- A group by Hall's theorem: the deficiency is the largest of 0 and every union's need less its eligible people (rule 5).
matched AS (
    SELECT f.credit_code, f.category, f.sub_item, f.requirement_id, h.reading,
           max(h.need - k.held) AS held_deficiency, max(h.need - k.possible) AS possible_deficiency
    FROM figure f
    JOIN hall h ON h.requirement_id = f.requirement_id
    JOIN class_count k ON k.credit_code = f.credit_code AND k.set_id = h.set_id
    WHERE f.outcome = 'judge'
    GROUP BY f.credit_code, f.category, f.sub_item, f.requirement_id, h.reading
),
clause_count AS (
    SELECT f.credit_code, f.category, f.sub_item, f.requirement_id, c.reading, max(c.clauses) AS clauses,
           bit_or(k.reasons) AS reasons,
           max(CASE WHEN c.place = 1 THEN k.held END) AS held_1, max(CASE WHEN c.place = 1 THEN k.possible END) AS possible_1,
           max(CASE WHEN c.place = 2 THEN k.held END) AS held_2, max(CASE WHEN c.place = 2 THEN k.possible END) AS possible_2,
           max(CASE WHEN c.place = 3 THEN k.held END) AS held_3, max(CASE WHEN c.place = 3 THEN k.possible END) AS possible_3,
           max(CASE WHEN c.place = 4 THEN k.held END) AS held_4, max(CASE WHEN c.place = 4 THEN k.possible END) AS possible_4
    FROM figure f
    JOIN clause c ON c.requirement_id = f.requirement_id
    JOIN class_count k ON k.credit_code = f.credit_code AND k.set_id = c.set_id
    WHERE f.outcome = 'judge'
    GROUP BY f.credit_code, f.category, f.sub_item, f.requirement_id, c.reading
),
-- held and possible of each reading: a plain count, in a group the largest matching.
reading AS (
    SELECT f.credit_code, f.category, f.sub_item, f.requirement_id, c.reading, c.reasons,
           CASE c.reading WHEN 'strong' THEN f.strong_required ELSE f.weak_required END AS required,
           CASE WHEN c.clauses = 1 THEN c.held_1
                ELSE CASE c.reading WHEN 'strong' THEN f.strong_required ELSE f.weak_required END
                     - greatest(0, m.held_deficiency) END AS held,
           CASE WHEN c.clauses = 1 THEN c.possible_1
                ELSE CASE c.reading WHEN 'strong' THEN f.strong_required ELSE f.weak_required END
                     - greatest(0, m.possible_deficiency) END AS possible,
           c.held_1, c.possible_1, c.held_2, c.possible_2, c.held_3, c.possible_3, c.held_4, c.possible_4
    FROM figure f
    JOIN clause_count c ON c.credit_code = f.credit_code AND c.category = f.category AND c.sub_item = f.sub_item
        AND c.requirement_id = f.requirement_id
    LEFT JOIN matched m ON m.credit_code = c.credit_code AND m.category = c.category AND m.sub_item = c.sub_item
        AND m.requirement_id = c.requirement_id AND m.reading = c.reading
    WHERE CASE c.reading WHEN 'strong' THEN f.strong_required ELSE f.weak_required END IS NOT NULL
),
-- Rejected rows of the very item, registers too old, place unknown: nothing can be said.
unsure AS (
    SELECT f.credit_code, f.category, f.sub_item, f.requirement_id,
           r.reasons | CASE WHEN count(CASE WHEN u.table_name = 'items' THEN 1 END) > 0 THEN max(b.item_row_unread) ELSE 0 END
           | CASE WHEN count(CASE WHEN u.table_name <> 'items' THEN 1 END) > 0 THEN max(b.row_unread) ELSE 0 END
           | CASE w.place WHEN 'enterprise-unknown' THEN max(b.enterprise_unknown)
                          WHEN 'place-unknown' THEN max(b.place_unknown) ELSE 0 END AS reasons,
           w.place, w.name
    FROM figure f CROSS JOIN bit b
    JOIN placed w ON w.credit_code = f.credit_code
    JOIN register_state r ON r.area = coalesce(w.area, '')
    LEFT JOIN unread u ON u.credit_code = f.credit_code
        AND (u.table_name IN ('enterprises', 'accepted_findings')
             OR u.table_name = 'items' AND (u.category IS NULL OR u.category = f.category))
    GROUP BY f.credit_code, f.category, f.sub_item, f.requirement_id, r.reasons, w.place, w.name
),
-- Determined or repaired findings that must not warn again.
accepted AS (
    SELECT a.credit_code, a.category, a.sub_item, a.requirement, min(a.at_held) AS at_held
    FROM accepted_findings a CROSS JOIN policy p
    WHERE coalesce(a.until, p.as_of) >= p.as_of
    GROUP BY a.credit_code, a.category, a.sub_item, a.requirement
),
-- The verdict: first match wins.
verdict AS (
    SELECT f.*, n.name, n.place AS registered, n.reasons AS unsure_reasons,
           CASE WHEN n.place = 'out-of-scope' THEN 'not-required'
                WHEN f.outcome IN ('not-required', 'manual') THEN f.outcome
                WHEN n.reasons <> 0 OR f.outcome = 'unknown' THEN 'cannot-say'
                WHEN s.possible < s.required THEN CASE WHEN s.held >= a.at_held THEN 'advise' ELSE 'short' END
                WHEN s.held < s.required THEN 'cannot-say'
                WHEN w.possible < w.required THEN 'advise'
                WHEN s.required IS NULL AND w.held < w.required THEN 'cannot-say'
                ELSE 'met' END AS verdict,
           coalesce(s.possible < s.required AND s.held >= a.at_held AND n.reasons = 0, FALSE) AS was_accepted,
           CASE WHEN s.required IS NULL THEN 'weak'
                WHEN n.reasons = 0 AND s.held >= s.required AND w.possible < w.required THEN 'weak'
                ELSE 'strong' END AS shown
    FROM figure f
    JOIN unsure n ON n.credit_code = f.credit_code AND n.category = f.category AND n.sub_item = f.sub_item
        AND n.requirement_id = f.requirement_id
    LEFT JOIN reading s ON s.credit_code = f.credit_code AND s.category = f.category AND s.sub_item = f.sub_item
        AND s.requirement_id = f.requirement_id AND s.reading = 'strong'
    LEFT JOIN reading w ON w.credit_code = f.credit_code AND w.category = f.category AND w.sub_item = f.sub_item
        AND w.requirement_id = f.requirement_id AND w.reading = 'weak'
    LEFT JOIN accepted a ON a.credit_code = f.credit_code AND a.category = f.category AND a.sub_item = f.sub_item
        AND a.requirement = f.requirement
)
SELECT v.credit_code, v.name, v.certificate_no, v.licensing_authority, v.category, v.sub_item, v.grade, v.requirement_id,
       v.deferred, v.verdict, v.shown,
       r.required, r.held, r.possible, CASE WHEN r.required > r.held THEN r.required - r.held WHEN r.required IS NOT NULL THEN 0 END AS shortfall,
       r.held_1, r.possible_1, r.held_2, r.possible_2, r.held_3, r.possible_3, r.held_4, r.possible_4,
       v.because
       | CASE WHEN v.registered = 'out-of-scope' THEN b.out_of_scope ELSE 0 END
       | CASE WHEN v.renewal_pending THEN b.renewal_pending ELSE 0 END
       | CASE WHEN v.was_accepted AND v.verdict = 'advise' THEN b.accepted_finding ELSE 0 END
       | CASE WHEN v.verdict = 'cannot-say' THEN v.unsure_reasons ELSE 0 END
       | CASE WHEN v.verdict IN ('short', 'advise', 'cannot-say') THEN coalesce(r.reasons, 0) ELSE 0 END AS because
FROM verdict v CROSS JOIN bit b
LEFT JOIN reading r ON r.credit_code = v.credit_code AND r.category = v.category AND r.sub_item = v.sub_item
    AND r.requirement_id = v.requirement_id AND r.reading = v.shown AND v.verdict NOT IN ('not-required', 'manual')
ORDER BY v.credit_code, v.category, v.sub_item, v.place
