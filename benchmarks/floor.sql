-- The least that any answer needs: what each item asks for, who is accepted for it, and how many heads that is.
-- No registers' states, ages, insurance, doubts, groups, routes by policy, verdicts. Same tables and keys as findings.sql.
WITH required AS (
    SELECT i.credit_code, q.requirement_id, c.reading, c.place, c.set_id
    FROM items i
    JOIN level l ON l.category = i.category AND l.grade = i.grade AND (l.sub_item IS NULL OR l.sub_item = i.sub_item)
    JOIN requirement q ON q.level_id = l.level_id AND q.route = i.route AND q.outcome = 'judge'
    JOIN clause c ON c.requirement_id = q.requirement_id
),
head AS (
    SELECT n.credit_code, n.set_id, count(DISTINCT r.person_id) AS held
    FROM (SELECT DISTINCT credit_code, set_id FROM required) n
    JOIN registrations r ON r.credit_code = n.credit_code
    LEFT JOIN grade g ON g.profession = r.profession AND g.profession_grade = r.profession_grade
    JOIN accept a ON a.set_id = n.set_id AND a.profession = r.profession
        AND (a.lowest_rank = 0 OR g.rank >= a.lowest_rank)
        AND (a.speciality IS NULL OR a.speciality = r.speciality)
    GROUP BY n.credit_code, n.set_id
)
SELECT a.credit_code, a.requirement_id, a.reading, a.place, coalesce(h.held, 0) AS held
FROM required a
LEFT JOIN head h ON h.credit_code = a.credit_code AND h.set_id = a.set_id
