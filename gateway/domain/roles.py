"""The roles of the suite and the most that each may be granted: one table, read by grants, docs and demo clients."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

SCOPES: Mapping[str, str] = {
    "enterprises:read": "查看企业档案",
    "enterprises:write": "登记、修改企业档案",
    "requests:write": "提出企业信息变更申请",
    "requests:decide": "审批企业信息变更申请",
    "contacts:read": "查看联系人（不脱敏）",
    "facts:write": "填报企业指标数据",
    "findings:write": "记录认定意见",
    "titles:write": "登记称号",
    "items:write": "登记认证项目、载体、重大项目和典型案例",
    "pool:read": "查看培育库",
    "pool:write": "管理培育库、冻结种子企业名单",
    "imports:write": "导入表格",
    "imports:read": "查看导入结果",
    "changes:read": "读取变更流水",
    "programmes:read": "查看计划、目标和任务",
    "programmes:write": "管理计划、目标数据、分解和通报",
    "programmes:report": "填报任务进展",
    "assessments:read": "查看测评结果",
    "assessments:run": "发起测评",
    "policies:write": "管理规则包、发起规则模拟",
    "whitelist:read": "读取白名单",
    "consents:write": "登记、撤回授权",
    "consents:read": "查看授权",
    "inbox:read": "查看消息",
    "commissioners:read": "查看服务专员",
    "commissioners:write": "管理服务专员",
    "clients:admin": "管理接入客户端",
    "installation:write": "记录安装状态",
}
"""Every scope of the suite with its Chinese label."""


@dataclass(frozen=True, slots=True)
class Role:
    """`binding` names the attribute without which the role makes no sense."""

    code: str
    label: str
    scopes: frozenset[str]
    binding: str | None = None


def _role(code: str, label: str, scopes: str, binding: str | None = None) -> Role:
    return Role(code, label, frozenset(scopes.split()), binding)


ROLES: Mapping[str, Role] = {
    role.code: role
    for role in (
        _role(
            "officer",
            "主管部门工作人员",
            "enterprises:read enterprises:write requests:write requests:decide contacts:read facts:write "
            "findings:write titles:write items:write pool:read pool:write imports:write imports:read "
            "assessments:read assessments:run policies:write "
            "commissioners:read commissioners:write whitelist:read consents:read consents:write changes:read "
            "programmes:read programmes:write programmes:report",
        ),
        _role(
            "platform",
            "其他政务平台",
            "enterprises:read changes:read assessments:read assessments:run whitelist:read facts:write programmes:read",
        ),
        _role("bank", "金融机构", "whitelist:read", "institution"),
        _role(
            "commissioner",
            "服务专员",
            "inbox:read enterprises:read contacts:read assessments:read pool:read",
            "commissioner",
        ),
        _role(
            "enterprise",
            "企业",
            "enterprises:read requests:write assessments:read consents:read consents:write",
            "uscc",
        ),
        _role("department", "责任单位", "enterprises:read programmes:read programmes:report", "department"),
        _role(
            "leader",
            "领导",
            "enterprises:read assessments:read whitelist:read commissioners:read programmes:read pool:read",
        ),
        _role("admin", "平台管理员", "clients:admin"),
        _role("system", "安装程序", " ".join(SCOPES)),
    )
}
SYSTEM = "system"
ADMIN = "admin"
