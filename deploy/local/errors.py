"""Failures of the local stack, each said together with its remedy."""


class StackError(Exception):
    """Something the person at the terminal can put right.

    ``problem`` says what is wrong in one sentence, ``remedy`` what to do about it.
    """

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(problem, remedy)
        self.problem = problem
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.problem}\n  remedy: {self.remedy}"


class PortTaken(StackError):
    """Another process took a port between its choice and the start of the part."""
