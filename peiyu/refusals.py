"""Why the local run cannot go on: told to people in Chinese and English, always with what to do next."""


class CannotRun(Exception):
    """The command stops here and shows this message instead of a traceback."""

    def __init__(self, chinese: str, english: str) -> None:
        super().__init__(f"{chinese}\n{english}")
        self.chinese = chinese
        self.english = english
