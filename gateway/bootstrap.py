"""The first clients: in the local run the installer's own and one for each role, in production an administrator."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chassis import clock
from chassis.db import Database, Transaction
from gateway.domain.clients import Attributes, checked
from gateway.domain.errors import AdministratorExists, BootstrapRefused, NoAdministrator
from gateway.domain.roles import ADMIN, ROLES, SYSTEM
from gateway.store.queries import attributes_of
from gateway.store.repositories import Clients
from gateway.store.secrets import new_secret, verifies
from gateway.store.tables import ClientRow
from gateway.use_cases.create_client import create_client
from gateway.use_cases.rotate_secret import rotate_secret
from gateway.whole_files import write_private

INSTALLER = "peiyu-installer"
INSTALLER_FILE = "installer-client.json"


@dataclass(frozen=True, slots=True)
class Credentials:
    """A client's id and secret, as it presents them."""

    client_id: str
    client_secret: str


@dataclass(frozen=True, slots=True)
class DemoClient:
    """A client to try the suite with, and what it is for."""

    credentials: Credentials
    attributes: Attributes

    def entry(self, token_url: str) -> dict[str, Any]:
        """Its entry in demo-clients.json."""
        attributes = self.attributes
        bindings = {name: getattr(attributes, name) for name in ("institution", "uscc", "commissioner", "department")}
        return {
            "role": attributes.role,
            "client_id": self.credentials.client_id,
            "client_secret": self.credentials.client_secret,
            "name": attributes.name,
            "description": attributes.description,
            "areas": list(attributes.areas),
            "scopes": sorted(attributes.scopes),
            **{name: value for name, value in bindings.items() if value is not None},
            "token_url": token_url,
        }


def bootstrap(db: Database, keys_folder: Path, environment: str) -> Credentials:
    """The installer's own client, made on the first call; its secret stays in a private file beside the keys."""
    _only_locally(environment)
    path = keys_folder / INSTALLER_FILE
    kept = _read(path)
    secret = kept.get("client_secret") if isinstance(kept, dict) else None
    attributes = Attributes(
        name="安装程序",
        role=SYSTEM,
        scopes=ROLES[SYSTEM].scopes,
        description="由 peiyu up 使用，请勿手工使用",
        areas=("*",),
        requests_per_minute=100_000,
    )
    with db.transaction() as tx:
        found = _ensure(tx, INSTALLER, attributes, secret if isinstance(secret, str) else None)
    credentials = Credentials(INSTALLER, found)
    if found != secret:
        content = {"client_id": INSTALLER, "client_secret": found}
        write_private(path, json.dumps(content, indent=2).encode() + b"\n")
    return credentials


def create_demo_clients(
    db: Database,
    *,
    environment: str,
    commissioner: str,
    uscc: str,
    known: Mapping[str, str] | None = None,
) -> list[DemoClient]:
    """One client for each role, bound to the sample's `commissioner` (code) and enterprise (`uscc`).

    `known`: client id → secret of an earlier start; a secret that still proves its client is kept.
    """
    _only_locally(environment)
    clients = []
    with db.transaction() as tx:
        for client_id, attributes in demo_attributes(commissioner, uscc).items():
            secret = _ensure(tx, client_id, attributes, (known or {}).get(client_id))
            clients.append(DemoClient(Credentials(client_id, secret), attributes))
    return clients


def write_demo_clients(
    path: Path, db: Database, *, environment: str, token_url: str, commissioner: str, uscc: str
) -> list[DemoClient]:
    """Make the demonstration's clients and write them, with their secrets, to `path` (mode 0600).

    A JSON object: role → client_id, client_secret and more; a second client of a role stands under its own id.

    Calling it again changes nothing; when the file was lost, the clients get new secrets.
    """
    before = _read(path)
    known = {
        str(entry["client_id"]): str(entry["client_secret"])
        for entry in (before.values() if isinstance(before, dict) else ())
        if isinstance(entry, dict) and {"client_id", "client_secret"} <= entry.keys()
    }
    clients = create_demo_clients(db, environment=environment, commissioner=commissioner, uscc=uscc, known=known)
    entries: dict[str, Any] = {}
    for client in clients:
        role = client.attributes.role
        entries[client.credentials.client_id if role in entries else role] = client.entry(token_url)
    if entries != before:
        write_private(path, json.dumps(entries, ensure_ascii=False, indent=2).encode() + b"\n")
    return clients


def demo_attributes(commissioner: str, uscc: str) -> dict[str, Attributes]:
    """client id → what it may do, for every role but the installer's."""

    def one(role: str, name: str, description: str, areas: Sequence[str] = (), **bindings: str) -> Attributes:
        return Attributes(
            name=name,
            role=role,
            scopes=ROLES[role].scopes,
            description=description,
            areas=tuple(areas),
            requests_per_minute=6000,
            **bindings,
        )

    return {
        "demo-bank": one("bank", "示例银行", "拉取白名单快照与变更", institution="demo-bank-a"),
        "demo-platform": one("platform", "示例政务平台", "调用接口、跟随变更流水", ["*"]),
        "demo-officer": one("officer", "示例工作人员（全域）", "导入表格、登记称号、查看全部区域", ["*"]),
        "demo-officer-3413": one("officer", "示例工作人员（宿州）", "只能查看和办理宿州市（3413）的企业", ["3413"]),
        "demo-commissioner": one(
            "commissioner", "示例服务专员", "查看自己收到的消息和负责的企业", ["*"], commissioner=commissioner
        ),
        "demo-enterprise": one("enterprise", "示例企业", "查看本企业档案与测评，管理授权", ["*"], uscc=uscc),
        "demo-department": one("department", "示例责任单位", "查看企业档案", ["*"], department="demo-department"),
        "demo-leader": one("leader", "示例领导", "查看企业、测评、白名单与服务专员", ["*"]),
        "demo-admin": one("admin", "示例平台管理员", "管理接入客户端"),
    }


def create_first_administrator(db: Database, client_id: str) -> Credentials:
    """The administrator who registers everybody else through the interfaces; refused once there is one."""
    attributes = Attributes(
        name="平台管理员", role=ADMIN, scopes=ROLES[ADMIN].scopes, description="由运维人员在部署时登记"
    )
    secret = new_secret()
    with db.transaction() as tx:
        there = [row.client_id for row in Clients(tx).list_enabled(ADMIN)]
        if there:
            raise AdministratorExists(
                f"已有平台管理员 {'、'.join(there)}：其他客户端请由其通过接口登记；如其密钥已遗失，请加 --renew"
            )
        create_client(tx, client_id, attributes, secret=secret)
    return Credentials(client_id, secret)


def renew_administrator(db: Database, client_id: str) -> Credentials:
    """A new secret for an administrator who has lost the old one; the old one and its tokens end at once."""
    secret = new_secret()
    with db.transaction() as tx:
        if client_id not in {row.client_id for row in Clients(tx).list_enabled(ADMIN)}:
            raise NoAdministrator(f"{client_id} 不是在用的平台管理员：请核对标识，其他客户端请由管理员更换密钥")
        rotate_secret(tx, client_id, secret=secret, grace_seconds=0, by="operator")
    return Credentials(client_id, secret)


def _ensure(tx: Transaction, client_id: str, attributes: Attributes, known: str | None) -> str:
    """The client as `attributes` say, with the `known` secret if that is still its own, else with a new one."""
    attributes = checked(attributes)
    clients = Clients(tx)
    row = tx.session.get(ClientRow, client_id)
    if row is None:
        secret = known or new_secret()
        clients.add(client_id, attributes, secret)
        clients.announce()
        tx.audit("client-created", client_id, {"role": attributes.role, "demonstration": True})
        return secret
    proved = known is not None and any(each.expires_at is None and verifies(each.hash, known) for each in row.secrets)
    secret = known if proved and known is not None else new_secret()
    if not proved:
        row.secrets.clear()
        clients.add_secret(row, secret)
        row.token_version += 1
        tx.audit("client-secret-rotated", client_id, {"demonstration": True})
    revived = row.deleted_at is not None
    if revived:
        row.deleted_at = row.disabled_at = None
    if attributes_of(row) != attributes or revived or not proved:
        clients.write(row, attributes)
        row.updated_at = clock.now()
        clients.announce()
    return secret


def _only_locally(environment: str) -> None:
    if environment != "local":
        raise BootstrapRefused("演示客户端只用于本机演示环境；生产环境请由平台管理员登记客户端")


def _read(path: Path) -> Any:
    """The JSON in a file; None when it is not there or was damaged."""
    try:
        return json.loads(path.read_bytes())
    except (FileNotFoundError, ValueError):
        return None
