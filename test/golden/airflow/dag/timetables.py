"""Writes timetables.json: which runs Airflow's own timetables make, tick by tick with catchup, and from given nows.

python timetables.py > timetables.json    (in the environment of that Airflow; no database is opened)
"""

import datetime
import itertools
import json
import os
import sys
import tempfile
import unittest.mock

os.environ.setdefault("AIRFLOW_HOME", tempfile.mkdtemp(prefix="airflow-timetables-"))
os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"
os.environ["AIRFLOW__LOGGING__LOGGING_LEVEL"] = "ERROR"

import airflow
import airflow._shared.timezones.timezone
import airflow.timetables.interval
import airflow.timetables.trigger
import pendulum
from airflow.timetables.base import DataInterval, TimeRestriction
from airflow.timetables.interval import CronDataIntervalTimetable, DeltaDataIntervalTimetable
from airflow.timetables.simple import ContinuousTimetable, OnceTimetable
from airflow.timetables.trigger import CronTriggerTimetable, DeltaTriggerTimetable

KINDS = ["trigger", "interval"]
# Of each the days before its clocks are changed in 2026; the last one's by half an hour.
ZONES = {
    "Europe/Berlin": ["2026-03-28T00:00:00", "2026-10-24T00:00:00"],
    "America/New_York": ["2026-03-07T00:00:00", "2026-10-31T00:00:00"],
    "Australia/Lord_Howe": ["2026-04-04T00:00:00", "2026-10-03T00:00:00"],
}
PRESETS = ["@hourly", "@daily", "@weekly", "@monthly", "@quarterly", "@yearly"]
CRONS = [
    "*/15 * * * *", "30 2 * * *", "15 */2 * * *", "0 9 * * 1-5", "0 0 13 * fri", "0 12 * * MON#1",
    "0 6 * * L5", "0 0 L * *", "0 0 1,15,L * *", "5 4 15W * *", "0 0 31 * *", "0 22 * * FRI-MON",
    "10/20 1-3 * * *", "45 1 * * sun", "0 * * * MON", "*/20 8-17 * JAN,JUL MON-FRI", "0 22-4/5 * * *",
    "0 0 */10 * */3", "30 0-23 * * 7", "0 0 ? APR-JAN/3 *", "0 3 * * * */20", "0 12 1-L/7 * *", "0 12 13 * TUE#2",
]
DELTAS = [90 * 60, 86400, 7]
# Of presets in the first two zones, and of all others; then of each from the days before a change.
TICKS = 1000
FEWER_TICKS = 150
NEAR_TICKS = 72
NOWS = [
    "2026-01-01T00:00:00", "2026-02-13T11:22:33", "2026-03-08T07:00:00", "2026-03-29T00:30:00", "2026-03-29T01:00:00",
    "2026-04-04T15:15:00", "2026-07-06T12:00:00", "2026-10-25T00:30:00", "2026-10-25T01:30:00", "2026-11-01T05:59:59",
]
EARLIEST = [None, "2026-01-10T05:17:00", "2026-12-05T12:34:00"]
LATEST = "2026-06-01T00:00:00"
# Airflow raises an error: it makes no more runs of this DAG.
STUCK = "stuck"


def instant(text):
    return None if text is None else pendulum.parse(text, tz="UTC")


def seconds(moment):
    return int(moment.timestamp())


def at(now):
    """Stops the clock of the timetables."""
    stack = unittest.mock.patch.multiple(airflow._shared.timezones.timezone, utcnow=lambda: now)
    others = [unittest.mock.patch.object(m, "utcnow", lambda: now) for m in (airflow.timetables.trigger, airflow.timetables.interval)]
    return [stack, *others]


class Clock:
    def __init__(self, now):
        self.patches = at(now)

    def __enter__(self):
        for patch in self.patches:
            patch.start()

    def __exit__(self, *_):
        for patch in self.patches:
            patch.stop()


def cron(kind, expression, zone):
    return CronTriggerTimetable(expression, timezone=zone) if kind == "trigger" else CronDataIntervalTimetable(expression, timezone=zone)


def delta(kind, length):
    length = datetime.timedelta(seconds=length)
    return DeltaTriggerTimetable(length) if kind == "trigger" else DeltaDataIntervalTimetable(length)


def ask(timetable, last, earliest, latest, catchup):
    restriction = TimeRestriction(earliest=earliest, latest=latest, catchup=catchup)
    try:
        return timetable.next_dagrun_info(last_automated_data_interval=last, restriction=restriction)
    except (AssertionError, ValueError) as error:
        assert "did not advance" in str(error) or "shouldn't be earlier" in str(error)
        return STUCK


def span(length):
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if length and length % size == 0:
            return f"{length // size}{unit}"
    return f"{length}s"


def packed(lengths):
    """[60, 60, 3600] -> "1m*2 1h" """
    runs = [(span(length), len(list(same))) for length, same in itertools.groupby(lengths)]
    return " ".join(text if count == 1 else f"{text}*{count}" for text, count in runs)


def chain(timetable, start, ticks):
    """From `start` on, every run: how far each begins behind the one before, and how long its data interval is ("=": until the next one begins)."""
    begins, last = [], None
    lengths = []
    for _ in range(ticks):
        info = ask(timetable, last, instant(start), None, True)
        if info is STUCK:
            break
        last = info.data_interval
        assert info.logical_date == last.start and info.run_after == last.end
        begins.append(seconds(last.start))
        lengths.append(seconds(last.end) - begins[-1])
    steps = [begin - before for begin, before in zip(begins, [seconds(instant(start)), *begins])]
    ends = [begin + length for begin, length in zip(begins, lengths)]
    return [start, packed(steps), "=" + span(lengths[-1]) if ends[:-1] == begins[1:] else packed(lengths)]


def told(info, now):
    if info is None or info is STUCK:
        return "-" if info is None else "!"
    start, end = seconds(info.data_interval.start), seconds(info.data_interval.end)
    assert info.run_after == info.data_interval.end
    return f"{start - seconds(now)}" + ("" if start == end else f"+{end - start}")


def decisions(timetable):
    """One row per now: by earliest, without and with a last run, without and with catchup; with an end; then a manual run's interval."""
    rows = []
    for now in map(instant, NOWS):
        with Clock(now.subtract(hours=37)):
            before = ask(timetable, None, instant("2025-01-01T00:00:00"), None, False)
            if before is STUCK:
                before = ask(timetable, None, now.subtract(days=32), None, True)
        with Clock(now):
            found = [
                told(ask(timetable, last, instant(earliest), None, catchup), now)
                for earliest in EARLIEST
                for last in (None, before.data_interval)
                for catchup in (False, True)
            ]
            found.append(told(ask(timetable, before.data_interval, None, instant(LATEST), False), now))
            manual = timetable.infer_manual_data_interval(run_after=now)
            found.append(f"{seconds(manual.start) - seconds(now)}+{seconds(manual.end) - seconds(manual.start)}")
        rows.append(" ".join(found))
    return rows


def trivial(timetable):
    rows = []
    for now in map(instant, NOWS):
        lasts = [None, DataInterval(now.subtract(hours=2), now.subtract(hours=1)), DataInterval(now.add(hours=1), now.add(hours=3))]
        with Clock(now):
            rows.append(
                " ".join(
                    told(ask(timetable, last, instant(earliest), latest and instant(latest), catchup), now)
                    for earliest in EARLIEST
                    for last in lasts
                    for latest in (None, LATEST)
                    for catchup in (False, True)
                )
            )
    return rows


def crons():
    for expression in [*PRESETS, *CRONS]:
        for place, (zone, near) in enumerate(ZONES.items()):
            for kind in KINDS:
                timetable = cron(kind, expression, zone)
                ticks = TICKS if expression in PRESETS and place < 2 else FEWER_TICKS
                chains = [chain(timetable, "2026-01-01T00:00:00", ticks), *(chain(timetable, start, NEAR_TICKS) for start in near)]
                yield {"cron": expression, "tz": zone, "kind": kind, "chains": chains, "decisions": decisions(timetable)}
        print(expression, file=sys.stderr)


def deltas():
    for length in DELTAS:
        for kind in KINDS:
            timetable = delta(kind, length)
            chains = [chain(timetable, "2026-01-01T00:00:00", FEWER_TICKS)]
            yield {"seconds": length, "kind": kind, "chains": chains, "decisions": decisions(timetable)}


def main():
    head = {"airflow": airflow.__version__, "nows": NOWS, "earliest": EARLIEST, "latest": LATEST, "presets": PRESETS, "ticks": TICKS}
    print(json.dumps(head)[:-1] + ",")
    for name, rows in (("crons", list(crons())), ("deltas", list(deltas()))):
        print(f'"{name}": [\n' + ",\n".join(json.dumps(row) for row in rows) + "\n],")
    print(json.dumps({"once": trivial(OnceTimetable()), "continuous": trivial(ContinuousTimetable())})[1:])


main()
