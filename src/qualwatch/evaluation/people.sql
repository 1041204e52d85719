-- Everybody looked at for each requirement on one day: counted or not, and every reason: one statement.
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
            ORDER BY coalesce(valid_from, DATE '0001-01-01') DESC, certificate_no DESC) AS newest
        FROM dated d CROSS JOIN policy p
        WHERE NOT (register_state <> 'in-force' AND coalesce(register_state_from, p.as_of) <= p.as_of)
          AND coalesce(valid_from, p.as_of) <= p.as_of
          AND (valid_to IS NULL OR greatest(valid_to, coalesce(extended_to, valid_to)) >= p.as_of
               OR coalesce(renewal_pending, FALSE))
    ) ranked WHERE newest = 1
),
-- Whom each requirement of each item looks at: a class of people, whether it counts them or not.
looked AS (
    SELECT i.credit_code, i.category, i.sub_item, q.requirement_id, q.requirement, q.place,
           CASE WHEN q.outcome = 'judge' AND i.extended_to >= p.as_of THEN k.deferred_set_id ELSE k.set_id END AS set_id
    FROM item i CROSS JOIN policy p
    JOIN requirement q ON q.level_id = i.level_id AND q.route = i.route
    JOIN looked_at k ON k.requirement_id = q.requirement_id
),
needed AS (
    SELECT DISTINCT credit_code, set_id FROM looked
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
-- Whose profession and speciality are those of the class, whatever the grade.
of_the_trade AS (
    SELECT DISTINCT n.credit_code, n.set_id, r.row_no
    FROM needed n
    JOIN stood r ON r.credit_code = n.credit_code
    JOIN accept a ON a.set_id = n.set_id AND a.profession = r.profession
        AND (a.speciality IS NULL OR a.speciality = r.speciality)
),
-- Everybody of the class's professions, fitting or not; who does not is of too low a grade or of another speciality.
seen AS (
    SELECT n.credit_code, n.set_id, r.row_no, r.person_id,
           coalesce(f.doubt, b.none) AS doubt,
           CASE WHEN f.row_no IS NULL AND t.row_no IS NOT NULL THEN b.grade_too_low
                WHEN f.row_no IS NULL THEN b.speciality_not_accepted ELSE 0 END AS never
    FROM needed n CROSS JOIN bit b
    JOIN stood r ON r.credit_code = n.credit_code
    JOIN class_profession x ON x.set_id = n.set_id AND x.profession = r.profession
    LEFT JOIN fit f ON f.credit_code = n.credit_code AND f.set_id = n.set_id AND f.row_no = r.row_no
    LEFT JOIN of_the_trade t ON t.credit_code = n.credit_code AND t.set_id = n.set_id AND t.row_no = r.row_no
),
-- One registration looked at for one class: every reason of the person, the age and the kind together.
counted AS (
    SELECT v.credit_code, v.set_id, v.row_no, v.person_id,
           v.never | CASE WHEN r.standing <> 0 THEN r.standing
                          ELSE q.never | CASE WHEN r.age >= a.ends_at THEN b.over_age ELSE 0 END END AS never,
           v.doubt | CASE WHEN r.standing <> 0 THEN b.none
                          ELSE q.doubt | CASE WHEN a.doubt_from IS NULL AND a.ends_at IS NULL THEN b.none
                                              WHEN r.born_on IS NULL THEN b.age_unknown
                                              WHEN r.age >= a.ends_at THEN 0
                                              WHEN r.age >= a.doubt_from THEN b.age_in_doubt ELSE 0 END END AS doubt
    FROM seen v CROSS JOIN bit b
    JOIN stood r ON r.row_no = v.row_no
    JOIN class s ON s.set_id = v.set_id
    JOIN age_rule a ON a.sector = s.sector AND a.profession = r.profession
    JOIN person q ON q.person_id = v.person_id AND q.credit_code = v.credit_code
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
       r.profession, r.profession_grade, r.speciality, r.registration_no
FROM looked l
JOIN head h ON h.credit_code = l.credit_code AND h.set_id = l.set_id
JOIN seen v ON v.credit_code = h.credit_code AND v.set_id = h.set_id AND v.person_id = h.person_id
JOIN registrations r ON r.row_no = v.row_no
ORDER BY l.credit_code, l.category, l.sub_item, l.place, h.person_id, r.row_no
