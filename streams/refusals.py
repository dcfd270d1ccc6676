"""What the person at the terminal can put right: said in one line, with its remedy."""


class Refusal(Exception):
    """An expected failure. ``problem`` says what is wrong, ``remedy`` what to do about it.

    The command line prints both without a traceback and ends with ``exit_code``.
    """

    exit_code = 1

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(problem, remedy)
        self.problem = problem
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.problem}\n  remedy: {self.remedy}"


class SettingsRefused(Refusal):
    """A setting that can't be used; nothing was started."""

    exit_code = 2
