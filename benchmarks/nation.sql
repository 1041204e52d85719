-- A synthetic nation as facts tables. Every choice is a hash of (whom it concerns, what is chosen, seed).
-- Variables: enterprises, people, seed, as_of. Bound: the tables of law_wheels.py.
CREATE MACRO slot(who, what) AS CAST(hash(who, what, getvariable('seed')) % 100000 AS BIGINT);
CREATE MACRO turned(who, what) AS slot(who, what) / 100000.0;
CREATE MACRO days(who, what, first, last) AS CAST(first + slot(who, what) % (last - first + 1) AS INTEGER);

CREATE TABLE enterprise AS
SELECT i, '91' || coalesce(w.value, '140105') || 'MA' || lpad(CAST(i * 7368787 % 100000000 AS VARCHAR), 8, '0') AS credit_code,
       w.value AS division_code,
       CASE WHEN turned(i, 'branch') < 0.04
            THEN '91' || coalesce(w.value, '140105') || 'MB' || lpad(CAST(i * 7368787 % 100000000 AS VARCHAR), 8, '0') END AS branch,
       CASE WHEN turned(i, 'sector') < 0.08 THEN 'supervision' ELSE 'construction' END AS sector,
       CAST(n.value AS INTEGER) AS items
FROM range(getvariable('enterprises')) r(i)
JOIN wheel w ON w.wheel = 'place' AND w.slot = slot(i, 'place')
JOIN wheel n ON n.wheel = 'items' AND n.slot = slot(i, 'items');

CREATE TABLE item AS
SELECT d.i, d.level_id, w.value AS route, hash(d.i, d.level_id) AS who
FROM (
    SELECT e.i, l.category, l.sub_item, min(l.level_id) AS level_id
    FROM enterprise e, range(e.items) t(turn)
    JOIN wheel w ON w.wheel = e.sector AND w.slot = slot(e.i, turn)
    JOIN level l ON l.level_id = CAST(w.value AS BIGINT)
    GROUP BY e.i, l.category, l.sub_item
) d JOIN wheel w ON w.wheel = 'route' AND w.slot = slot(hash(d.i, d.level_id), 'route');

-- Whoever the items ask for (one class is shared by the items), some slack; short enterprises let people go.
CREATE TABLE hired AS
WITH class AS (
    SELECT i.i, a.class_id, max(a.minimum) AS minimum
    FROM item i JOIN staff a ON a.level_id = i.level_id AND a.route = i.route
    GROUP BY i.i, a.class_id
),
place AS (
    SELECT c.i, c.class_id,
           greatest(0, c.minimum + CAST(w.value AS INTEGER)
               - CASE WHEN turned(c.i, 'short') < r.enterprise_short THEN days(hash(c.i, c.class_id), 'gone', 2, 6) ELSE 0 END) AS people
    FROM class c CROSS JOIN rate r
    JOIN wheel w ON w.wheel = 'slack' AND w.slot = slot(hash(c.i, c.class_id), 'slack')
    UNION ALL
    SELECT e.i, CASE e.sector WHEN 'supervision' THEN 1 ELSE 0 END,
           CASE WHEN c.i IS NULL THEN 4 ELSE 0 END
           + CASE WHEN turned(e.i, 'spare') < r.enterprise_spare THEN days(e.i, 'spares', 1, 4) ELSE 0 END
    FROM enterprise e CROSS JOIN rate r LEFT JOIN (SELECT DISTINCT i FROM class) c ON c.i = e.i
)
SELECT i, class_id, n, hash(i, class_id, n, getvariable('seed')) AS who FROM place, range(people) t(n);

-- The same number of people per enterprise whatever the law of the day asks: the rest are more of the same.
CREATE TABLE placed AS
SELECT i, class_id, who FROM hired
UNION ALL
SELECT i, class_id, hash(who, 'more')
FROM (SELECT * FROM hired ORDER BY hash(who, 'again') LIMIT greatest(0, getvariable('people') - (SELECT count(*) FROM hired)));

CREATE TABLE person AS
SELECT 'P' || lpad(CAST(row_number() OVER (ORDER BY p.who) AS VARCHAR), 8, '0') AS person_id, p.who, p.i, e.credit_code,
       e.branch, k.profession, k.grade, k.speciality,
       CASE WHEN turned(p.who, 'lately') < r.joined_lately THEN days(p.who, 'joined', -150, -5)
            ELSE days(p.who, 'joined', -1500, -170) END AS joined,
       CASE WHEN turned(p.who, 'age') < r.aged_61_and_over THEN 61.05 + 4.95 * turned(p.who, 'years')
            WHEN turned(p.who, 'age') < r.aged_61_and_over + r.aged_60 THEN 60.02 + 0.96 * turned(p.who, 'years')
            ELSE 25 + 17.25 * (turned(p.who, 'years') + turned(p.who, 'more years')) END AS years,
       CASE WHEN turned(p.who, 'insured') < r.no_insurance_data THEN 'nothing'
            WHEN turned(p.who, 'insured') < r.no_insurance_data + r.retired_with_document THEN 'retired'
            WHEN turned(p.who, 'paid') < r.unpaid THEN 'long ago'
            WHEN turned(p.who, 'paid') < r.unpaid + r.paid_by_other THEN 'other'
            WHEN turned(p.who, 'paid') < r.unpaid + r.paid_by_other + r.paid_by_several THEN 'several'
            ELSE 'own' END AS insured
FROM placed p CROSS JOIN rate r
JOIN enterprise e ON e.i = p.i
JOIN class_wheel c ON c.class_id = p.class_id AND c.slot = slot(p.who, 'kind') % 1000
JOIN kind k ON k.kind_id = c.kind_id;

-- One certificate per person and profession; a quarter of the supervising engineers have a second profession.
CREATE TABLE certificate AS
WITH held AS (
    SELECT person_id, who, i, credit_code, joined, profession, grade, speciality FROM person
    UNION ALL
    SELECT p.person_id, hash(p.who, 'second'), p.i, p.credit_code, p.joined, k.profession, 'grade-1', k.speciality
    FROM person p
    JOIN class_wheel c ON c.class_id = CASE WHEN turned(p.who, 'other') < 0.5 THEN 0 ELSE 2 END AND c.slot = slot(p.who, 'trade') % 1000
    JOIN kind k ON k.kind_id = c.kind_id
    WHERE p.profession = 'supervising-engineer' AND turned(p.who, 'two') < 0.25
)
SELECT h.*,
       CASE WHEN turned(who, 'numbered') >= r.no_registration_no
            THEN '晋' || CASE grade WHEN 'grade-2' THEN '2' ELSE '1' END || '14' || lpad(CAST(who % 10000000000000 AS VARCHAR), 13, '0') END AS registration_no,
       CASE WHEN turned(who, 'expired') < r.registration_expired THEN days(who, 'end', -200, -1) ELSE days(who, 'end', 30, 1000) END AS ends,
       turned(who, 'gone') < r.registration_deregistered AS gone
FROM held h CROSS JOIN rate r;

CREATE VIEW enterprises AS
SELECT credit_code, '企业' || CAST(i AS VARCHAR) || '建设工程有限公司' AS name, division_code,
       CASE WHEN branch IS NULL THEN CAST([] AS VARCHAR[]) ELSE [branch] END AS branch_credit_codes
FROM enterprise ORDER BY i;

CREATE VIEW items AS
WITH certificate AS (
    SELECT i, who, level_id, route, 'D' || lpad(CAST(who % 1000000000 AS VARCHAR), 9, '0') AS certificate_no,
           CASE WHEN turned(who, 'ended') < 0.01 THEN -1825 - days(who, 'from', 1, 300) ELSE -days(who, 'from', 60, 1700) END AS begins
    FROM item
    UNION ALL  -- an older certificate of the same item
    SELECT i, who, level_id, route, 'C' || lpad(CAST(who % 1000000000 AS VARCHAR), 9, '0'), -1825 - days(who, 'older', 1, 800)
    FROM item WHERE turned(who, 'two') < 0.02
)
SELECT e.credit_code, l.category, l.sub_item, l.grade, c.certificate_no, l.authority AS licensing_authority, c.route,
       getvariable('as_of') + c.begins AS valid_from, getvariable('as_of') + c.begins + 1825 AS valid_to,
       CASE WHEN turned(who, 'filed') < 0.3 AND c.begins < -1825 THEN getvariable('as_of') + c.begins + 1800 END AS renewal_filed_on,
       CASE WHEN turned(who, 'extended') < 0.01 THEN getvariable('as_of') + 40 END AS extended_without_check_until,
       CASE WHEN turned(who, 'state') < 0.002 THEN 'withdrawn' WHEN turned(who, 'state') < 0.004 THEN 'deregistered'
            ELSE 'in-force' END AS register_state,
       CASE WHEN turned(who, 'state') < 0.004 THEN getvariable('as_of') - days(who, 'state from', -10, 60) END AS register_state_from
FROM certificate c JOIN enterprise e ON e.i = c.i JOIN level l ON l.level_id = c.level_id ORDER BY e.i;

-- Per speciality one row; some people registered at a second enterprise too; some specialities unreadable.
CREATE VIEW registrations AS
WITH row_of AS (
    SELECT person_id, who, i, credit_code, profession, grade, speciality, registration_no, joined, ends, gone FROM certificate
    UNION ALL
    SELECT c.person_id, c.who, c.i, c.credit_code, c.profession, c.grade, k.speciality, c.registration_no, c.joined, c.ends, c.gone
    FROM certificate c CROSS JOIN rate r
    JOIN class_wheel w ON w.class_id = CASE c.profession WHEN 'constructor' THEN 0 WHEN 'supervising-engineer' THEN 1 ELSE 2 END
        AND w.slot = slot(c.who, 'also') % 1000
    JOIN kind k ON k.kind_id = w.kind_id AND k.speciality <> c.speciality
    WHERE c.profession IN ('constructor', 'supervising-engineer', 'cost-engineer') AND turned(c.who, 'several') < r.several_specialities
    UNION ALL
    SELECT c.person_id, c.who, e.i, e.credit_code, c.profession, c.grade, c.speciality, c.registration_no, c.joined, c.ends, c.gone
    FROM certificate c CROSS JOIN rate r
    JOIN enterprise e ON e.i = CAST(hash(c.who, 'where else') % CAST(getvariable('enterprises') AS UBIGINT) AS BIGINT) AND e.i <> c.i
    WHERE turned(c.who, 'twice') < r.registered_twice
)
SELECT person_id, credit_code, profession, grade AS profession_grade,
       CASE WHEN turned(who, 'unreadable') < 0.002 AND speciality <> '' THEN NULL ELSE speciality END AS speciality,
       registration_no, getvariable('as_of') + joined AS at_enterprise_from, getvariable('as_of') + ends - 1095 AS valid_from,
       getvariable('as_of') + ends AS valid_to, CASE WHEN gone THEN 'deregistered' ELSE 'in-force' END AS register_state,
       CASE WHEN gone THEN getvariable('as_of') - days(who, 'gone on', 2, 90) END AS register_state_from,
       CAST(NULL AS DATE) AS renewal_filed_on
FROM row_of ORDER BY i;

CREATE VIEW people AS
SELECT person_id, CASE WHEN turned(who, 'born') >= 0.001 THEN getvariable('as_of') - CAST(years * 365.2425 AS INTEGER) END AS born_on,
       CASE WHEN turned(who, 'died') < 0.0003 THEN getvariable('as_of') - days(who, 'died on', 1, 200) END AS died_on,
       CASE WHEN turned(who, 'locked') < r.locked THEN getvariable('as_of') - days(who, 'locked on', 10, 100) END AS locked_from,
       CAST(NULL AS DATE) AS locked_until
FROM person CROSS JOIN rate r ORDER BY person_id;

-- One load per month, as the insurance office delivers it.
CREATE VIEW contributions AS
WITH payer AS (
    SELECT person_id, CASE insured WHEN 'long ago' THEN 7 ELSE 0 END AS earlier, coalesce(branch, credit_code) AS payer_credit_code
    FROM person WHERE insured IN ('own', 'several', 'long ago')
    UNION ALL
    SELECT p.person_id, 0, e.credit_code
    FROM person p JOIN enterprise e ON e.i = CAST(hash(p.who, 'payer') % CAST(getvariable('enterprises') AS UBIGINT) AS BIGINT)
    WHERE p.insured IN ('other', 'several')
)
SELECT person_id, CAST(date_trunc('month', getvariable('as_of')) - to_months(CAST(back + earlier AS INTEGER)) AS DATE) AS month,
       payer_credit_code, CAST(NULL AS VARCHAR) AS insurance_kind, CAST(NULL AS VARCHAR) AS payment_state
FROM range(2, 5) t(back), payer ORDER BY month;

CREATE VIEW exemptions AS
SELECT person_id, credit_code, 'retired' AS reason, '退休证' || substr(person_id, 5) AS document,
       getvariable('as_of') - 300 AS valid_from, CAST(NULL AS DATE) AS valid_to
FROM person WHERE insured = 'retired' ORDER BY person_id;

CREATE VIEW accepted_findings AS
SELECT e.credit_code, l.category, l.sub_item, 'constructors' AS requirement, CAST(days(i.who, 'at', 2, 20) AS INTEGER) AS at_held,
       getvariable('as_of') + days(i.who, 'until', -30, 300) AS until, 'repaired' AS because
FROM item i JOIN enterprise e ON e.i = i.i JOIN level l ON l.level_id = i.level_id
WHERE turned(i.who, 'accepted') < 0.001 ORDER BY e.i;

-- Rejected rows, at the rates of bad dates and identities; one cell in a few is the credit code itself.
CREATE VIEW unparsed AS
WITH bad AS (
    SELECT 'registrations' AS "table", credit_code, profession, person_id, CAST(NULL AS VARCHAR) AS category, who
    FROM person CROSS JOIN rate r WHERE turned(who, 'bad date') < r.bad_date
    UNION ALL
    SELECT 'registrations', credit_code, profession, NULL, NULL, who
    FROM person CROSS JOIN rate r WHERE turned(who, 'bad number') < r.bad_check_digit
    UNION ALL
    SELECT 'contributions', credit_code, NULL, person_id, NULL, who FROM person WHERE turned(who, 'bad month') < 0.0002
    UNION ALL
    SELECT 'items', e.credit_code, NULL, NULL, l.category, i.who
    FROM item i JOIN enterprise e ON e.i = i.i JOIN level l ON l.level_id = i.level_id WHERE turned(i.who, 'bad item') < 0.0005
)
SELECT 'U' || CAST(row_number() OVER (ORDER BY who, "table") AS VARCHAR) AS row_id, credit_code, "table", profession, person_id, category
FROM bad;
