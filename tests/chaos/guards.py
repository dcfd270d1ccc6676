"""Switches that leave one guard of the product out; for tests that show what it guards."""


def leave_out(name: str) -> None:
    """Replace one guard of this process by nothing."""
    raise KeyError(name)
