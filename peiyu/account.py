"""The operating-system account that owns the embedded database; PostgreSQL refuses to run as root."""

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from peiyu.refusals import CannotRun

PREFERRED = ("postgres", "nobody")
"""Existing unprivileged accounts, best first. We never create one."""


@dataclass(frozen=True)
class Account:
    """A user id and its primary group id; `name` is for messages."""

    uid: int
    gid: int
    name: str

    @property
    def foreign(self) -> bool:
        """Whether a child process must change to this account."""
        return self.uid != os.geteuid()

    def identity(self) -> dict[str, Any]:
        """The arguments of `subprocess.run` that make the child this account."""
        return {"user": self.uid, "group": self.gid, "extra_groups": ()} if self.foreign else {}


def account_for(data: Path) -> Account:
    """The account under which the database in `data` (which need not exist yet) runs."""
    uid = os.geteuid()
    owner = data.stat().st_uid if data.exists() else None
    if uid != 0:
        if owner is not None and owner != uid:
            raise CannotRun(
                f"数据目录 {data} 属于账号 {_name(owner)}，当前账号 {_name(uid)} 不能使用。"
                "请用原账号运行，或用 PEIYU_HOME 指定另一个目录。",
                f"{data} belongs to {_name(owner)}, not to {_name(uid)}. "
                "Run as that account, or set PEIYU_HOME to another folder.",
            )
        return Account(uid, os.getegid(), _name(uid))
    if owner:
        # The account chosen on the first run stays, even if a better one has appeared since.
        return Account(owner, data.stat().st_gid, _name(owner))
    for name in PREFERRED:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if entry.pw_uid != 0:
            return Account(entry.pw_uid, entry.pw_gid, name)
    raise CannotRun(
        "以 root 运行时，内置数据库需要一个非特权账号（postgres 或 nobody），本机都没有。"
        "请用普通用户运行，或用 PEIYU_DATABASE_URL 指定已有的 PostgreSQL。",
        "Run by root, the embedded database needs an unprivileged account (postgres or nobody); none exists. "
        "Run as an ordinary user, or point PEIYU_DATABASE_URL at a PostgreSQL server.",
    )


def create_home(home: Path, account: Account) -> None:
    """Make the home folder and missing folders above it; one that exists keeps its mode.

    But an empty folder of root's own, named as the home, is ours: `mktemp -d` makes it 0700.
    """
    if account.foreign and home.is_dir() and home.stat().st_uid == os.geteuid() and not any(home.iterdir()):
        home.chmod(home.stat().st_mode | 0o011)
    missing = [folder for folder in (home, *home.parents) if not folder.exists()]
    for folder in reversed(missing):
        folder.mkdir()
        # Passing through is needed for a database under another account, whatever root's umask; listing is not.
        folder.chmod(0o711 if account.foreign else 0o700)


def require_passage(account: Account, folder: Path) -> None:
    """Refuse when `account` cannot enter `folder`, and name the first folder that stops it."""
    if not account.foreign:
        return
    for step in (*reversed(folder.parents), folder):
        entered = subprocess.run(  # noqa: S603
            ["/bin/sh", "-c", 'cd "$1"', "sh", str(step)],
            cwd="/",
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
            **account.identity(),
        )
        if entered.returncode:
            raise CannotRun(
                f"内置数据库以账号 {account.name} 运行，但它进不了 {step}。"
                f"请把 PEIYU_HOME 设到该账号可进入的位置（如 /var/lib/peiyu），或执行 chmod o+x {step}。",
                f"The embedded database runs as {account.name}, which cannot enter {step}. "
                f"Set PEIYU_HOME to a place it can reach (such as /var/lib/peiyu), or run: chmod o+x {step}",
            )


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
