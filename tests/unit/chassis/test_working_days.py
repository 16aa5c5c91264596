"""Working days by the notices of 2025 and 2026, and what is said of years without one."""

from __future__ import annotations

import csv
import datetime as dt

import pytest

from chassis.working_days import FILE, WorkingDaysInvalid, load_working_days, parse_working_days

DAYS = load_working_days()
HEADER = "year,from,to,kind,name,notice,issued_on,clause,quote\n"


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def test_every_row_names_its_notice_and_quotes_the_days() -> None:
    with FILE.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert {(row["year"], row["notice"], row["issued_on"]) for row in rows} == {
        ("2025", "国办发明电〔2024〕12号", "2024-11-12"),
        ("2026", "国办发明电〔2025〕7号", "2025-11-04"),
    }
    for row in rows:
        first, last = day(row["from"]), day(row["to"])
        assert f"{first.month}月{first.day}日" in row["quote"] or f"、{first.month}月{first.day}日" in row["quote"]
        if row["kind"] == "off" and last != first:
            assert f"至{last.day}日" in row["quote"] or f"至{last.month}月{last.day}日" in row["quote"]
            assert f"共{(last - first).days + 1}天" in row["quote"]
        for each, name in ((first, "一二三四五六日"[first.weekday()]), (last, "一二三四五六日"[last.weekday()])):
            assert f"周{name}" in row["quote"], each


@pytest.mark.parametrize(
    ("text", "works"),
    [
        ("2026-11-27", True),
        ("2026-11-28", False),
        ("2026-10-01", False),
        ("2026-10-10", True),
        ("2026-02-14", True),
        ("2026-02-23", False),
        ("2025-10-08", False),
        ("2025-10-09", True),
        ("2027-01-01", True),
        ("2027-01-02", False),
    ],
)
def test_holidays_are_free_and_make_up_days_are_worked(text: str, works: bool) -> None:
    assert DAYS.works(day(text)) is works


@pytest.mark.parametrize(
    ("first", "number", "last"),
    [
        ("2026-11-27", 1, "2026-11-30"),
        ("2026-11-28", 1, "2026-11-30"),
        ("2026-09-30", 1, "2026-10-08"),
        ("2026-09-30", 3, "2026-10-10"),
        ("2026-09-18", 1, "2026-09-20"),
        ("2026-02-13", 1, "2026-02-14"),
        ("2026-02-13", 2, "2026-02-24"),
        ("2025-12-31", 1, "2026-01-04"),
    ],
)
def test_the_day_on_which_a_period_begins_does_not_count(first: str, number: int, last: str) -> None:
    found = DAYS.after(day(first), number)
    assert (found.day, found.note) == (day(last), "")
    assert DAYS.between(day(first), day(last)).number == number
    assert DAYS.between(day(last), day(first)).number <= 0


def test_between_counts_what_works_says_day_by_day() -> None:
    first = day("2025-12-01")
    for start in range(0, 400, 13):
        begin = first + dt.timedelta(days=start)
        for length in range(0, 60, 7):
            end = begin + dt.timedelta(days=length)
            wanted = sum(DAYS.works(begin + dt.timedelta(days=each)) for each in range(1, length + 1))
            assert DAYS.between(begin, end).number == wanted, (begin, end)
    assert DAYS.between(first, dt.date(9999, 12, 31)).note.startswith("2027—9999 年按周末推算")


def test_between_is_negative_before_and_nothing_on_the_day_itself() -> None:
    assert DAYS.between(day("2026-10-08"), day("2026-09-30")).number == -1
    assert DAYS.between(day("2026-09-30"), day("2026-09-30")).number == 0
    assert DAYS.between(day("2026-10-01"), day("2026-10-07")).number == 0


def test_a_year_without_a_notice_is_reckoned_by_weekends_and_says_so() -> None:
    found = DAYS.after(day("2026-12-30"), 2)
    assert (found.day, found.note) == (day("2027-01-01"), "2027 年按周末推算（当年节假日安排未公布）")
    assert DAYS.between(day("2026-12-31"), day("2028-01-03")).note.startswith("2027、2028 年按周末推算")
    assert DAYS.after(day("2026-12-30"), 1).note == "", "2026 is known to its last day"
    assert DAYS.between(day("2024-12-31"), day("2025-01-02")).note == "", "the first day does not count"
    assert 2024 not in DAYS.announced


@pytest.mark.parametrize("number", [0, -1, 3661])
def test_a_number_that_cannot_be_is_refused(number: int) -> None:
    with pytest.raises(ValueError, match="working days"):
        DAYS.after(day("2026-01-05"), number)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("2027,2027-01-01,2027-01-03,free,元旦,文,2026-11-01,一,引文", "kind 现为“free”"),
        ("2027,2027-01-01,,off,元旦,文,2026-11-01,一,引文", "缺少 to"),
        ("2027,2027-01-03,2027-01-01,off,元旦,文,2026-11-01,一,引文", "止不早于起"),
        ("2027,2026/1/1,2027-01-01,off,元旦,文,2026-11-01,一,引文", "应为日期"),
        ("2027,2028-01-01,2028-01-01,off,元旦,文,2026-11-01,一,引文", "所属通知的年份"),
        ("2027,2027-01-04,2027-01-04,work,元旦,文,2026-11-01,一,引文", "不是周末"),
        ("2027,2027-01-01,2027-01-01,off,元旦,,2026-11-01,一,引文", "缺少 notice"),
        ("2027,2027-01-02,2027-01-02,off,元旦,文,2026-11-01,一,引文\n2027,2027-01-02,2027-01-02,work,元旦,文,2026-11-01,一,引文",
         "每天只写一次"),
        ("2027,2027-01-02,2027-01-02,off,元旦,文,2026-11-01,一,引文,多", "列数多于表头"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_file_is_said_with_its_line(row: str, said: str) -> None:
    with pytest.raises(WorkingDaysInvalid, match=r"通知.csv 第 [23] 行：") as refused:
        parse_working_days(HEADER + row + "\n", "通知.csv")
    assert said in str(refused.value)


def test_a_later_notice_may_begin_in_the_year_before() -> None:
    found = parse_working_days(HEADER + "2028,2027-12-31,2028-01-02,off,元旦,文,2027-11-01,一,引文\n", "x")
    assert not found.works(day("2027-12-31"))
    assert found.announced == {2028}


def test_another_table_is_not_taken_for_it() -> None:
    with pytest.raises(WorkingDaysInvalid, match="表头应为"):
        parse_working_days("code,name\n1,甲\n", "x.csv")
