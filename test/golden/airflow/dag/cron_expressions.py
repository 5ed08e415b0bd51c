"""Writes cron-expressions.json: which times fit cron expressions, and which expressions are refused, by the croniter that Airflow came with.

python cron_expressions.py > cron-expressions.json    (in the environment of that Airflow)
"""

import datetime
import json
import random

import croniter

SAID = [
    "* * * * *", "*/1 */1 */1 */1 */1", "59/5 * * * *", "5-5 0 * * *", "5-5/20 0 * * *", "50-10/15 * * * *", "0 20-3/3 * * *",
    "0 0 1-31 * MON", "0 0 */1 * MON", "0 0 1-31 * *", "0 0 * * 0-6", "0 0 13 * 0-6", "0 0 13 * *", "0 0 */2 * */2", "0 0 ? * ?",
    "0 0 L * *", "0 0 l * fri", "0 0 1,L * *", "0 0 28-L * *", "0 0 LW * *", "0 0 15W * *", "0 0 W1 * *", "0 0 31W * *", "0 0 1W * MON",
    "0 0 15W,16 * *", "0 0 0 * *", "0 0 32 * *", "0 0 29 2 *", "0 0 30 2 *", "0 0 31 2,4 *", "0 0 31 4,5 *", "0 24 * * *", "60 0 * * *",
    "0 0 * 0 *", "0 0 * 13 *", "0 0 * jan-mar *", "0 0 * nov-feb *", "0 0 * nov-feb/2 *", "0 0 * apr-jan/3 *", "0 0 1 january *",
    "0 0 * * 7", "0 0 * * 5-7", "0 0 * * 0-7", "0 0 * * 6-2", "0 0 * * fri-mon", "0 0 * * fri-mon/2", "0 0 * * sun-sun", "0 0 * * 8",
    "0 0 * * mon#1", "0 0 * * 1#5", "0 0 * * 7#2", "0 0 * * mon#6", "0 0 * * mon#0", "0 0 * * mon#1,fri#3", "0 0 * * mon#1,fri",
    "0 0 * * mon-wed#2", "0 0 * * L5", "0 0 * * 5L", "0 0 * * L7", "0 0 * * L1,L3", "0 0 * * mon#1,L5", "0 0 13 * mon#1", "0 0 13 * L5",
    "0 0 L * L5", "0 0 * * #1", "0 0 * * L", "0 0 15W * mon#1", "0 0 * 2 L5", "0 0 * * mon#L",
    "0 0 * * * 30", "0 0 * * * */20", "* * * * * *", "0 0 * * mon 5,10", "*/7 * * * * 59", "0 0 0 * * 0", "0 0 * * 7 0",
    "0 0 * *", "", "0 0 * * * 0 2026 1", "a b c d e", "-1 * * * *", "1- * * * *", "1,,2 * * * *", "1,2, * * * *", "*/0 * * * *", "1/0 * * * *",
    "*-5 * * * *", "1-70 * * * *", "5-* * * * *", "1.5 * * * *", "1-5-7 * * * *", "*/5/2 * * * *", "?/2 0 * * *", "* ? * * *", "0 0 1,? * *",
    "0 0 * * mon,", "0 0 * * MON-FRI", "0 0 * * tue-thu,sat", "15,45 6-8,18 1,15 */2 *", "0 0 1 1 * 0 2026-2028",
    "h h * * *", "0 0 * * 1-3#2", "  0   0  *  *  * ", "0-23 0-23 1-12 1-12 0-6", "0 0-23 * * *", "0 */1 5 * sun", "0 0 5-1 * *", "0 0 25-5/4 * *",
    "7/20 3/7 2/9 2/5 2/3", "0 0 L-3 * *", "0 0 3-L/5 * *", "*/61 * * * *", "*/59 * * * *", "0 0 * * fri/2", "0 0 31/1 * *",
]
STARTS = [datetime.datetime(2026, 1, 31, 23, 58, 30), datetime.datetime(2028, 2, 29), datetime.datetime(2026, 8, 15, 12, 34, 0, 500000)]
TICKS = 12


def others(count):
    """Fields put together by chance."""
    source = random.Random(2026)
    parts = [
        (0, 59, []), (0, 23, []), (1, 31, ["L", "10W", "1,L"]), (1, 12, ["jan,jun", "oct-feb"]), (0, 6, ["mon-fri", "fri#2", "L0", "sat-mon"]),
    ]
    for _ in range(count):
        fields = []
        for least, most, words in parts:
            low, high, step = source.randint(least, most), source.randint(least, most), source.randint(1, 9)
            fields.append(source.choice(["*", "*", str(low), f"{low}-{high}", f"{low}-{high}/{step}", f"*/{step}", f"{low},{high}", f"{low}/{step}", *words]))
        yield " ".join(fields)


def ticks(expression, start, is_prev):
    cron = croniter.croniter(expression, start_time=start)
    found = []
    for _ in range(TICKS):
        try:
            found.append((cron.get_prev if is_prev else cron.get_next)(datetime.datetime))
        except croniter.CroniterBadDateError:
            return [*(moment.isoformat() for moment in found), None]
    # The first three say where it begins, the last one whether any of the others is another.
    return [moment.isoformat() for moment in [*found[:3], found[-1]]]


def row(expression):
    try:
        return [expression, [ticks(expression, start, is_prev) for start in STARTS for is_prev in (False, True)]]
    except croniter.CroniterBadCronError:
        return [expression, None]


def main():
    rows = ",\n".join(json.dumps(row(expression)) for expression in [*SAID, *others(120)])
    starts = json.dumps([start.isoformat() for start in STARTS])
    print(f'{{"ticks": {TICKS}, "starts": {starts}, "expressions": [\n{rows}\n]}}')


main()
