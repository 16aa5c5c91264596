"""The `peiyu` command: which commands there are, and how a refusal is shown."""

import sys

import typer

from chassis.errors import DomainError
from peiyu.commands import assessment, develop, dlq, outbox, policy, programme, roles, run, upkeep
from peiyu.refusals import CannotRun

app = typer.Typer(
    help="培育：专精特新中小企业梯度培育平台",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(run.up)
app.command()(run.down)
app.command()(run.reset)
app.command()(run.status)
app.command()(roles.serve)
app.command()(roles.work)
app.command()(upkeep.migrate)
app.command()(upkeep.prepare)
app.command()(upkeep.seed)
app.command()(upkeep.assess)
app.command()(upkeep.doctor)
app.command()(upkeep.keys)
app.command()(upkeep.secrets)
app.command()(upkeep.admin)
app.add_typer(upkeep.topics, name="topics")
app.add_typer(upkeep.audit, name="audit")
app.add_typer(dlq.app, name="dlq")
app.add_typer(outbox.app, name="outbox")
app.add_typer(assessment.app, name="assessment")
app.add_typer(policy.app, name="policy")
app.add_typer(programme.app, name="programme")
app.command()(develop.openapi)
app.command()(develop.contracts)
app.command()(develop.maps)
app.command()(develop.migration)


def main() -> None:
    """Run the command; a refusal is two sentences and status 1, not a traceback."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")  # an ASCII locale must not end the run
    try:
        app()
    except (CannotRun, DomainError) as refusal:
        sys.stderr.write(f"{refusal}\n")
        sys.exit(1)
