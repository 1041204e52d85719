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
-- What the law asks of each item; under highest-any-trade the constructors' figure is the highest of the enterprise.
asked AS (
    SELECT i.credit_code, i.category, i.sub_item, i.certificate_no, i.licensing_authority, i.grade,
           coalesce(i.renewal_pending, FALSE) AS renewal_pending,
           q.requirement_id, q.requirement, q.place,
           CASE WHEN q.outcome = 'judge' AND i.extended_to >= p.as_of THEN 'not-required' ELSE q.outcome END AS outcome,
           CASE WHEN q.outcome = 'judge' AND i.extended_to >= p.as_of THEN b.extended_without_check ELSE q.because END AS because,
           q.outcome = 'judge' AND coalesce(i.extended_to >= p.as_of, FALSE) AS deferred,
           q.strong_required, q.weak_required, q.flat
    FROM item i CROSS JOIN policy p CROSS JOIN bit b
    JOIN requirement q ON q.level_id = i.level_id AND q.route = i.route
),
highest AS (
    SELECT credit_code, max(strong_required) AS strong_required,
           max(greatest(coalesce(strong_required, 0), coalesce(weak_required, 0))) AS weak_required
    FROM asked WHERE flat AND NOT deferred
    GROUP BY credit_code
),
figure AS (
    SELECT a.credit_code, a.category, a.sub_item, a.certificate_no, a.licensing_authority, a.grade, a.renewal_pending,
           a.requirement_id, a.requirement, a.place, a.outcome, a.because, a.deferred,
           CASE WHEN a.flat AND a.strong_required IS NOT NULL THEN h.strong_required ELSE a.strong_required END AS strong_required,
           CASE WHEN NOT a.flat THEN a.weak_required
                WHEN a.strong_required IS NULL OR h.weak_required > coalesce(h.strong_required, 0) THEN h.weak_required END AS weak_required
    FROM asked a LEFT JOIN highest h ON h.credit_code = a.credit_code
),
-- The classes of people that the enterprise's items ask for.
needed AS (
    SELECT DISTINCT f.credit_code, s.set_id
    FROM figure f JOIN requirement_set s ON s.requirement_id = f.requirement_id
    WHERE f.outcome = 'judge'
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
-- Whoever has one registration there is a head; those alike are counted together.
youngest AS (
    SELECT min(least(coalesce(doubt_from, 150), coalesce(ends_at, 150))) - 1 AS age FROM age_rule
),
alike AS (
    SELECT q.credit_code, q.kind_no, q.standing, CASE WHEN q.age < y.age THEN y.age ELSE q.age END AS age, q.never,
           q.doubt | q.row_doubt AS doubt, count(*) AS people
    FROM person q CROSS JOIN youngest y
    WHERE NOT q.several
    GROUP BY q.credit_code, q.kind_no, q.standing, CASE WHEN q.age < y.age THEN y.age ELSE q.age END, q.never, q.doubt | q.row_doubt
),
-- Registrations of people who have several there, or where certificates are counted, one by one.
person_times AS (
    SELECT DISTINCT n.credit_code FROM needed n JOIN class s ON s.set_id = n.set_id AND s.by_certificate
),
one_by_one AS (
    SELECT q.credit_code, r.kind_no, r.standing, r.age, q.never, q.doubt | r.row_doubt AS doubt, q.several, r.person_id, n.registration_no
    FROM person q
    LEFT JOIN person_times t ON t.credit_code = q.credit_code
    JOIN stood r ON r.person_id = q.person_id AND r.credit_code = q.credit_code
    JOIN registrations n ON n.row_no = r.row_no
    WHERE q.several OR t.credit_code IS NOT NULL
),
-- One registration in one class: why it never counts, why it is in doubt; whom or what it counts as.
counted AS (
    SELECT r.credit_code, f.set_id, r.people,
           CASE WHEN NOT f.by_certificate THEN CAST(r.person_id AS STRING)
                WHEN r.registration_no IS NULL
                    THEN CAST(r.person_id AS STRING) || ' ' || CAST(f.kind_no AS STRING) || ' without number'
                ELSE CAST(r.person_id AS STRING) || ' ' || f.profession || ' ' || r.registration_no END AS counted_as,
           CASE WHEN r.standing <> 0 THEN r.standing
                ELSE r.never | CASE WHEN r.age >= f.ends_at THEN b.over_age ELSE 0 END END AS never,
           CASE WHEN r.standing <> 0 THEN 0
                ELSE r.doubt | CASE WHEN f.doubt_from IS NULL AND f.ends_at IS NULL THEN 0
                                    WHEN r.age IS NULL THEN b.age_unknown
                                    WHEN r.age >= f.ends_at THEN 0
                                    WHEN r.age >= f.doubt_from THEN b.age_in_doubt ELSE 0 END END
           | f.doubt
           | CASE WHEN f.by_certificate AND r.registration_no IS NULL THEN b.no_registration_no ELSE 0 END AS doubt
    FROM (
        SELECT credit_code, kind_no, standing, age, never, doubt, FALSE AS several, people, NULL AS person_id, NULL AS registration_no FROM alike
        UNION ALL
        SELECT credit_code, kind_no, standing, age, never, doubt, several, 1, person_id, registration_no FROM one_by_one
    ) r CROSS JOIN bit b
    JOIN needed n ON n.credit_code = r.credit_code
    JOIN fits f ON f.fit_no = n.set_id * 1000000 + r.kind_no
    WHERE CASE WHEN f.by_certificate THEN r.person_id IS NOT NULL ELSE r.person_id IS NULL OR r.several END
),
-- Of several registrations the best counts: a certain one, else the doubts of the doubtful, else every reason.
head AS (
    SELECT credit_code, set_id, 1 AS people,
           max(CASE WHEN never = 0 AND doubt = 0 THEN 1 ELSE 0 END) AS certain,
           max(CASE WHEN never = 0 THEN 1 ELSE 0 END) AS perhaps,
           bit_or(CASE WHEN never = 0 THEN doubt ELSE 0 END) AS doubts,
           bit_or(never) AS nevers
    FROM counted WHERE counted_as IS NOT NULL GROUP BY credit_code, set_id, counted_as
    UNION ALL
    SELECT credit_code, set_id, people, CASE WHEN never = 0 AND doubt = 0 THEN 1 ELSE 0 END, CASE WHEN never = 0 THEN 1 ELSE 0 END,
           CASE WHEN never = 0 THEN doubt ELSE 0 END, never
    FROM counted WHERE counted_as IS NULL
),
tally AS (
    SELECT credit_code, set_id, CAST(sum(certain * people) AS BIGINT) AS held, CAST(sum(perhaps * people) AS BIGINT) AS possible,
           bit_or(CASE WHEN certain = 1 THEN 0 WHEN perhaps = 1 THEN doubts ELSE nevers END) AS reasons
    FROM head GROUP BY credit_code, set_id
),
-- Rejected rows that may be somebody of the class: nameless people.
nameless AS (
    SELECT n.credit_code, n.set_id, count(DISTINCT u.row_id) AS people
    FROM needed n
    JOIN unparsed_at u ON u.credit_code = n.credit_code AND u.table_name = 'registrations'
    LEFT JOIN class_profession x ON x.set_id = n.set_id AND x.profession = u.profession
    WHERE u.profession IS NULL OR x.set_id IS NOT NULL
    GROUP BY n.credit_code, n.set_id
),
class_count AS (
    SELECT n.credit_code, n.set_id, coalesce(t.held, 0) AS held, coalesce(t.possible, 0) + coalesce(m.people, 0) AS possible,
           coalesce(t.reasons, 0) | CASE WHEN m.people > 0 THEN b.unparsed_row ELSE 0 END AS reasons
    FROM needed n CROSS JOIN bit b
    LEFT JOIN tally t ON t.credit_code = n.credit_code AND t.set_id = n.set_id
    LEFT JOIN nameless m ON m.credit_code = n.credit_code AND m.set_id = n.set_id
),
-- What each reading counts: its clauses, and by Hall's theorem in a group the unions of them (rule 5):
-- the deficiency is the largest of 0 and every union's need less its eligible people.
part AS (
    SELECT requirement_id, reading, set_id, place, clauses, CAST(NULL AS INTEGER) AS need FROM clause
    UNION ALL
    SELECT requirement_id, reading, set_id, 0, 0, need FROM hall
),
counts AS (
    SELECT f.credit_code, f.requirement_id, c.reading, max(c.clauses) AS clauses,
           max(CASE c.reading WHEN 'strong' THEN f.strong_required ELSE f.weak_required END) AS required,
           max(c.need - k.held) AS held_deficiency, max(c.need - k.possible) AS possible_deficiency,
           bit_or(CASE WHEN c.place > 0 THEN k.reasons ELSE 0 END) AS reasons,
           max(CASE WHEN c.place = 1 THEN k.held END) AS held_1, max(CASE WHEN c.place = 1 THEN k.possible END) AS possible_1,
           max(CASE WHEN c.place = 2 THEN k.held END) AS held_2, max(CASE WHEN c.place = 2 THEN k.possible END) AS possible_2,
           max(CASE WHEN c.place = 3 THEN k.held END) AS held_3, max(CASE WHEN c.place = 3 THEN k.possible END) AS possible_3,
           max(CASE WHEN c.place = 4 THEN k.held END) AS held_4, max(CASE WHEN c.place = 4 THEN k.possible END) AS possible_4
    FROM figure f
    JOIN part c ON c.requirement_id = f.requirement_id
    JOIN class_count k ON k.credit_code = f.credit_code AND k.set_id = c.set_id
    WHERE f.outcome = 'judge'
    GROUP BY f.credit_code, f.requirement_id, c.reading
),
-- held and possible of each reading: a plain count, in a group the largest matching.
reading AS (
    SELECT credit_code, requirement_id, reading, reasons, required,
           CASE WHEN clauses = 1 THEN held_1 ELSE required - greatest(0, held_deficiency) END AS held,
           CASE WHEN clauses = 1 THEN possible_1 ELSE required - greatest(0, possible_deficiency) END AS possible,
           held_1, possible_1, held_2, possible_2, held_3, possible_3, held_4, possible_4
    FROM counts WHERE required IS NOT NULL
),
-- Rejected rows of the very item, rejected rows that settle every item, registers too old, place unknown: nothing can be said.
item_unparsed AS (
    SELECT DISTINCT credit_code, category FROM unparsed WHERE table_name = 'items'
),
unsure AS (
    SELECT w.credit_code, w.name, w.place,
           max(r.reasons) | bit_or(CASE WHEN u.table_name IN ('enterprises', 'accepted_findings') THEN b.row_unparsed
                                        WHEN u.table_name = 'items' AND u.category IS NULL THEN b.item_row_unparsed ELSE 0 END)
           | max(CASE w.place WHEN 'enterprise-unknown' THEN b.enterprise_unknown WHEN 'place-unknown' THEN b.place_unknown ELSE 0 END) AS reasons
    FROM placed w CROSS JOIN bit b
    JOIN register_state r ON r.area = coalesce(w.area, '')
    LEFT JOIN unparsed u ON u.credit_code = w.credit_code
    GROUP BY w.credit_code, w.name, w.place
),
-- Determined or repaired findings that must not warn again.
accepted AS (
    SELECT a.credit_code, a.category, a.sub_item, a.requirement, min(a.at_held) AS at_held
    FROM accepted_findings a CROSS JOIN policy p
    WHERE coalesce(a.until, p.as_of) >= p.as_of
    GROUP BY a.credit_code, a.category, a.sub_item, a.requirement
),
asked_of AS (
    SELECT f.*, n.name, n.place AS registered, n.reasons | CASE WHEN u.credit_code IS NULL THEN 0 ELSE b.item_row_unparsed END AS unsure_reasons,
           a.at_held
    FROM figure f CROSS JOIN bit b
    JOIN unsure n ON n.credit_code = f.credit_code
    LEFT JOIN item_unparsed u ON u.credit_code = f.credit_code AND u.category = f.category
    LEFT JOIN accepted a ON a.credit_code = f.credit_code AND a.category = f.category AND a.sub_item = f.sub_item
        AND a.requirement = f.requirement
),
-- The verdict: first match wins.
verdict AS (
    SELECT f.*,
           CASE WHEN f.registered = 'out-of-scope' THEN 'not-required'
                WHEN f.outcome IN ('not-required', 'manual') THEN f.outcome
                WHEN f.unsure_reasons <> 0 OR f.outcome = 'unknown' THEN 'cannot-say'
                WHEN s.possible < s.required THEN CASE WHEN s.held >= f.at_held THEN 'advise' ELSE 'short' END
                WHEN s.held < s.required THEN 'cannot-say'
                WHEN w.possible < w.required THEN 'advise'
                WHEN s.required IS NULL AND w.held < w.required THEN 'cannot-say'
                ELSE 'met' END AS verdict,
           coalesce(s.possible < s.required AND s.held >= f.at_held AND f.unsure_reasons = 0, FALSE) AS was_accepted,
           CASE WHEN s.required IS NULL THEN 'weak'
                WHEN f.unsure_reasons = 0 AND s.held >= s.required AND w.possible < w.required THEN 'weak'
                ELSE 'strong' END AS shown
    FROM asked_of f
    LEFT JOIN reading s ON s.credit_code = f.credit_code AND s.requirement_id = f.requirement_id AND s.reading = 'strong'
    LEFT JOIN reading w ON w.credit_code = f.credit_code AND w.requirement_id = f.requirement_id AND w.reading = 'weak'
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
LEFT JOIN reading r ON r.credit_code = v.credit_code
    AND r.requirement_id = v.requirement_id AND r.reading = v.shown AND v.verdict NOT IN ('not-required', 'manual')
ORDER BY v.credit_code, v.category, v.sub_item, v.place
