"""Ready questions: views that answer what analysts ask beyond the metrics, one file for each."""

from sinks.questions import agreement, hard_items, promises


def statements(database: str) -> list[str]:
    """What puts every question in place; each statement can be run again."""
    each = (agreement, promises, hard_items)
    return [statement for question in each for statement in question.statements(database)]
