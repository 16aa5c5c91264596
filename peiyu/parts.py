"""The parts of the suite by name, and where their files lie; imports nothing, so that a start costs nothing."""

from pathlib import Path

from peiyu.refusals import CannotRun

ROOT = Path(__file__).resolve().parent.parent
SERVICES = ("registry", "eligibility", "finance", "notification")
GATEWAY = "gateway"
PARTS = (*SERVICES, GATEWAY)
TOPICS = ROOT / "deploy" / "topics.yaml"


def package(part: str) -> str:
    return part if part == GATEWAY else f"services.{part}"


def folder(part: str) -> Path:
    return ROOT.joinpath(*package(part).split("."))


def versions(part: str) -> Path:
    """The folder of a part's migrations."""
    return folder(part) / "migrations" / "versions"


def chosen(part: str) -> tuple[str, ...]:
    """The parts a command names: one of them, or all."""
    if part != "all" and part not in PARTS:
        raise CannotRun(
            f"没有 {part} 这个部分。可选：{'、'.join(PARTS)}，或 all。",
            f"There is no part {part}. Choose one of {', '.join(PARTS)}, or all.",
        )
    return PARTS if part == "all" else (part,)
