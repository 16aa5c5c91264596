"""Made-up lists of enterprises and of their figures, as files that an officer would upload."""

import csv
import datetime as dt
import io
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import xlsxwriter

from services.registry.domain.uscc import check_digit, organization_check_digit
from services.registry.store.reference import Reference
from tests.load.search_names import names

ENTERPRISES = (
    "企业名称", "统一社会信用代码", "所属区县", "注册地址", "行业代码", "成立日期", "注册资本(万元)", "登记状态",
    "风险标识", "上市情况",
)  # fmt: skip
FACTS = (
    "统一社会信用代码", "年度", "营业收入(万元)", "主营业务收入(万元)", "净利润(万元)", "资产总额(万元)",
    "负债总额(万元)", "研发费用总额(元)", "上缴税金(元)", "期末从业人员", "研发人员数量", "主导产品全国细分市场占有率",
)  # fmt: skip
YEAR = "2024"


@dataclass(frozen=True, slots=True)
class Enterprise:
    """The cells of one row of the list, in the order of its header."""

    name: str
    uscc: str
    district: str
    address: str
    industry: str
    established: str
    capital: str
    status: str
    risks: str
    listing: str

    def cells(self) -> tuple[str, ...]:
        return tuple(getattr(self, each) for each in self.__slots__)


def enterprises(known: Reference, count: int, seed: int = 5) -> list[Enterprise]:
    """In no order, as in lists; the shares of what repeats are like those of registers."""
    chance = random.Random(seed)
    classes = [each.code for each in known.industries.by_code.values() if each.level == "class"]
    capitals = ["10", "50", "100", "200", "500", "1000", "5000"]
    first_day = dt.date(1995, 1, 1)
    numbers = chance.sample(range(count * 10), count)
    found = []
    for number, (name, district) in zip(numbers, names(chance, known, count), strict=True):
        place = known.places.name_of(district)
        capital = chance.choice(capitals) if chance.random() < 0.8 else f"{chance.randrange(100, 3_000_000) / 100}"
        found.append(
            Enterprise(
                name.replace("有限", "（集团）有限") if chance.random() < 0.03 else name,
                credit_code(district, number),
                district,
                f"{place}{chance.choice(('人民', '解放', '工业', '科创'))}路{chance.randrange(1, 999)}号",
                chance.choice(classes),
                (first_day + dt.timedelta(days=chance.randrange(11_000))).isoformat(),
                capital,
                "存续" if chance.random() < 0.97 else chance.choice(("注销", "吊销,未注销", "迁出")),
                "无" if chance.random() < 0.98 else "经营异常",
                "未上市" if chance.random() < 0.98 else "新三板",
            )
        )
    return found


def changed(listed: Sequence[Enterprise], share: float) -> list[Enterprise]:
    """The same list with another capital in that share of its rows."""
    every = round(1 / share)
    return [replace(each, capital="777") if at % every == 0 else each for at, each in enumerate(listed)]


def figures(listed: Sequence[Enterprise], seed: int = 6) -> list[tuple[str, ...]]:
    """Ten facts of one year for each."""
    chance = random.Random(seed)
    rows = []
    for each in listed:
        revenue, staff = chance.lognormvariate(7, 1.5), int(chance.lognormvariate(3, 1)) + 3
        assets = revenue * chance.uniform(0.4, 2)
        money = (revenue, revenue * 0.95, revenue * chance.uniform(-0.1, 0.2), assets, assets * 0.5)
        yuan = (revenue * 400, revenue * 300)
        rows.append(
            (
                each.uscc,
                YEAR,
                *(f"{amount:.2f}" for amount in money),
                *(f"{amount:.2f}" for amount in yuan),
                str(staff),
                str(staff // 4),
                f"{chance.uniform(0, 30):.1f}%",
            )
        )
    return rows


def csv_file(header: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    target = io.StringIO()
    writer = csv.writer(target)
    writer.writerow(header)
    writer.writerows(rows)
    return target.getvalue().encode("utf-8-sig")


def xlsx_file(header: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    target = io.BytesIO()
    with xlsxwriter.Workbook(target, {"constant_memory": True}) as book:
        sheet = book.add_worksheet("名单")
        for number, cells in enumerate((header, *rows)):
            for column, cell in enumerate(cells):
                sheet.write_string(number, column, cell)
    return target.getvalue()


def credit_code(district: str, number: int) -> str:
    organization = f"{number:08d}"
    first = f"91{district}{organization}{organization_check_digit(organization)}"
    return first + check_digit(first)
