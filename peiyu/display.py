"""What `up` shows: steps with their time and progress; plain lines where nobody watches a terminal."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn

from peiyu.progress import Report

QUIET_SECONDS = 5.0
"""Without a terminal, a long step says at most this often how far it is."""


class Display:
    """The steps of a start, on standard output."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(highlight=False)

    @contextmanager
    def step(self, title: str) -> Iterator[Report]:
        """Show that `title` is being done, then that it is done and how long it took."""
        started = time.monotonic()
        if self.console.is_terminal:
            with self._live(title) as report:
                yield report
        else:
            yield self._plain(title)
        self.console.print(f"[green]✓[/] {title} [dim]{time.monotonic() - started:.1f} 秒[/]", soft_wrap=True)

    @contextmanager
    def _live(self, title: str) -> Iterator[Report]:
        columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[word]}"))
        with Progress(*columns, console=self.console, transient=True) as progress:
            task: TaskID = progress.add_task(title, total=None, word="")

            def report(done: int, total: int | None, word: str) -> None:
                count = f"{done}/{total}" if total else ""
                progress.update(task, completed=done, total=total, word=f"{count} {word}".strip())

            yield report

    def _plain(self, title: str) -> Report:
        said = time.monotonic()

        def report(done: int, total: int | None, word: str) -> None:
            nonlocal said
            if time.monotonic() - said >= QUIET_SECONDS:
                said = time.monotonic()
                count = f"{done}/{total} " if total else ""
                self.console.print(f"  {title} … {count}{word}", soft_wrap=True)

        return report

    def note(self, sentence: str) -> None:
        """One line about something that happened."""
        self.console.print(sentence, markup=False, soft_wrap=True)
