"""The columns that imported files may have: labels, aliases, and what a header means."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from rulebook.dictionary import Dictionary, Fact, fold_header
from rulebook.headers import match_header
from rulebook.units import fold

KINDS = {"enterprises": "企业名单", "facts": "企业指标", "titles": "称号名单", "items": "认证项目名单"}


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a kind of file: what it is called, and what an officer should write in it."""

    key: str
    label: str
    aliases: tuple[str, ...]
    hint: str


@dataclass(frozen=True, slots=True)
class Recognised:
    """Column number `index` of a sheet: a named column (`key`) or a fact, with the unit and year of its header."""

    index: int
    header: str
    key: str | None = None
    fact: Fact | None = None
    unit: str | None = None
    fiscal_year: int | None = None
    misfit: str | None = None
    """A unit in the header that is none of the fact."""

    @property
    def identity(self) -> tuple[str, int | None]:
        """What may stand only once in a sheet."""
        return (self.key or (self.fact.id if self.fact else ""), self.fiscal_year)


USCC = Column(
    "uscc", "统一社会信用代码", ("uscc", "信用代码", "社会信用代码", "统一信用代码", "税号"), "营业执照上的 18 位代码"
)
NAME = Column("name", "企业名称", ("name", "单位名称", "公司名称", "企业全称", "名称"), "与营业执照一致的全称")
REMARK = Column("remark", "备注", ("说明", "序号", "编号", "No"), "不导入")

ENTERPRISE_COLUMNS = (
    NAME,
    USCC,
    Column(
        "district",
        "所属区县",
        ("区划代码", "注册地区划代码", "行政区划代码", "行政区划", "所属地区", "所在区县", "区县", "area_code"),
        "6 位区划代码，或写全的区县名称，如 安徽省宿州市埇桥区",
    ),
    Column(
        "park", "所属园区", ("园区", "所在园区", "开发区", "所属开发区"), "已在载体中登记的园区名称；不在园区的填 无"
    ),
    Column("registered_address", "注册地址", ("address", "住所", "登记住所", "注册地"), "营业执照上的住所"),
    Column("actual_address", "实际经营地址", ("经营地址", "生产经营地址", "经营场所"), "与注册地址不同时填写"),
    Column(
        "industry",
        "行业代码",
        ("所属行业", "行业", "国民经济行业", "行业代码(GB/T 4754)", "行业小类代码", "industry_code"),
        "GB/T 4754-2017 小类代码，如 3911",
    ),
    Column("established_on", "成立日期", ("start_date", "注册时间", "成立时间", "注册日期"), "日期，如 2015-03-20"),
    Column(
        "registered_capital",
        "注册资本",
        ("reg_capital_raw", "注册资金", "注册资本(金)"),
        "带单位的金额，如 500万元人民币；或在表头注明单位",
    ),
    Column(
        "status",
        "登记状态",
        ("status_raw", "经营状态", "企业状态", "状态", "登记状态(经营状态)"),
        "存续、在业、停业、吊销、撤销、注销、迁出",
    ),
    Column("risk_flags", "风险标识", ("风险", "风险情况"), "经营异常、严重失信、停产，多项用顿号隔开；没有的填 无"),
    Column("listing_status", "上市情况", ("上市状态", "上市挂牌情况", "是否上市"), "未上市、新三板、北交所、上交所 等"),
    Column("synthetic", "合成样例", ("synthetic",), "生成的样例数据填 是，真实企业留空"),
    REMARK,
)

FACT_COLUMNS = (
    USCC,
    NAME,
    Column("fiscal_year", "年度", ("会计年度", "年份", "数据年度", "统计年度"), "四位年份；时点指标留空或填 时点"),
    Column("source", "数据来源", ("来源",), "审计报告、税务数据、企业填报 等；留空按整份文件的来源"),
    Column("as_of", "数据日期", ("截止日期", "截至日期", "数据截止日期"), "日期；留空按年度末或导入当日"),
    REMARK,
)

TITLE_COLUMNS = (
    USCC,
    NAME,
    Column("title", "称号", ("称号名称", "认定类型", "认定类别", "资质名称", "title"), "如 专精特新中小企业"),
    Column("batch", "批次", ("认定批次", "batch"), "如 第三批"),
    Column(
        "document_number",
        "公告文号",
        ("文号", "认定文号", "文件文号", "公告文件", "发文字号", "document_number"),
        "公布该名单的文件字号",
    ),
    Column("decision_reference", "决定依据", ("认定依据", "决定文号", "决定编号"), "没有公告文号时填写决定的编号"),
    Column("issued_by", "发文机关", ("认定机关", "发文单位", "认定部门", "发布机关"), "公布名单的机关"),
    Column("announced_on", "公告日期", ("认定日期", "发文日期", "公布日期", "发布日期"), "日期，如 2024-07-02"),
    Column("valid_from", "有效期起", ("有效期自", "有效期开始", "有效期起始日期"), "以文件为准"),
    Column("valid_to", "有效期止", ("有效期至", "有效期截止", "到期日期", "有效期截止日期"), "以文件为准"),
    Column(
        "region",
        "所属地区",
        ("地区", "所在地区", "所属区域", "推荐地区", "省市", "region"),
        "没有统一社会信用代码时，用来核对同名企业，如 安徽六安",
    ),
    Column("state", "状态", ("称号状态", "认定状态", "status"), "有效、公示、复核中、到期、取消；留空为有效"),
    REMARK,
)

ITEM_COLUMNS = (
    USCC,
    NAME,
    Column("kind", "项目类别", ("认证项目", "项目种类", "认定类别", "kind"), "如 企业技术中心、绿色工厂、智能车间"),
    Column("level", "级别", ("认定级别", "项目级别", "等级", "level"), "国家级、省级、市级、区县级；上云填星级"),
    Column("item_name", "项目名称", ("车间名称", "产品名称", "商标名称"), "车间、产品、商标等的名称，没有的留空"),
    Column("number", "证书编号", ("编号", "认定编号", "项目编号"), "没有的留空"),
    Column("document_number", "公告文号", ("文号", "认定文号", "文件文号", "发文字号"), "公布该名单的文件字号"),
    Column("decision_reference", "决定依据", ("认定依据", "决定文号"), "没有公告文号时填写决定的编号"),
    Column("issued_by", "发文机关", ("认定机关", "发文单位", "认定部门"), "公布名单的机关"),
    Column("certified_on", "认定日期", ("公告日期", "发文日期", "公布日期"), "日期，如 2024-07-02"),
    Column("valid_from", "有效期起", ("有效期自", "有效期开始"), "以文件为准"),
    Column("valid_to", "有效期止", ("有效期至", "到期日期"), "以文件为准"),
    Column("region", "所属地区", ("地区", "所在地区"), "没有统一社会信用代码时，用来核对同名企业"),
    Column("remark", "备注", ("说明", "序号", "No"), "不导入"),
)

COLUMNS: Mapping[str, tuple[Column, ...]] = {
    "enterprises": ENTERPRISE_COLUMNS,
    "facts": FACT_COLUMNS,
    "titles": TITLE_COLUMNS,
    "items": ITEM_COLUMNS,
}

REQUIRED: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "enterprises": (("name",), ("uscc",)),
    "facts": (("uscc",),),
    "titles": (("uscc", "name"), ("title",), ("document_number", "decision_reference")),
    "items": (("uscc", "name"), ("kind",), ("level",), ("certified_on",), ("document_number", "decision_reference")),
}
"""Of each group at least one column must be there."""

_BRACKET = re.compile(r"\(([^()]*)\)\s*$")
_STAR = re.compile(r"^[*＊\s]+|[*＊\s]+$|\(必填\)|\(选填\)")


def column(kind: str, key: str) -> Column:
    return next(each for each in COLUMNS[kind] if each.key == key)


def recognise(kind: str, index: int, header: str, dictionary: Dictionary) -> Recognised | None:
    """What the header of column `index` means in a file of this kind; None when it is not known."""
    text = _STAR.sub("", fold(header))
    known = _INDEX[kind].get(fold_header(text))
    if known is not None:
        return Recognised(index, header, key=known.key)
    if kind == "facts":
        match = match_header(dictionary, text)
        if match is None:
            return None
        year, misfit = match.fiscal_year, match.misfit
        return Recognised(index, header, fact=match.fact, unit=match.unit, fiscal_year=year, misfit=misfit)
    bracket = _BRACKET.search(text)
    known = _INDEX[kind].get(fold_header(text[: bracket.start()])) if bracket else None
    if known is None or bracket is None:
        return None
    unit = re.sub(r"^单位\s*:?\s*", "", bracket[1]) if known.key == "registered_capital" else None
    return Recognised(index, header, key=known.key, unit=unit)


def _index(columns: tuple[Column, ...]) -> dict[str, Column]:
    return {fold_header(name): each for each in columns for name in (each.label, each.key, *each.aliases)}


_INDEX = {kind: _index(columns) for kind, columns in COLUMNS.items()}
