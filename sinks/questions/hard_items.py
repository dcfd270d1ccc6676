"""Items that go to and fro, and what never became an event: where to look by hand."""

from sinks import views_arguments
from sinks.ddl import quoted
from sinks.views_shape import Shape, create


def statements(database: str) -> list[str]:
    """The views ``hard_items`` and ``refused_by_reason``."""
    return [_hard_items(database), _refused(database)]


def _hard_items(database: str) -> str:
    source = (
        "SELECT *, coalesce(completed_at, reviewed_at, submitted_at, last_claimed_at, queued_at) "
        f"AS latest_at FROM {database}.items FINAL WHERE (claims > 2 OR submissions > 2 "
        "OR reviews > 2) AND latest_at >= {from:DateTime('UTC')} "
        "AND latest_at < {to:DateTime('UTC')}"
    )
    numbers = [
        ("org", "String", "Organisation", "org"),
        ("source", "String", "Platform that sent the events", "source"),
        ("project", "String", "Project within organisation and source", "project"),
        ("item_id", "String", "Item; watchfloor explain tells its whole story", "item_id"),
        ("queue", "String", "Present queue", "queue"),
        ("state", "String", "Where it stands", "state"),
        ("claims", "UInt32", "Claims so far: many for each submission are a poison item",
         "claims"),
        ("submissions", "UInt32", "Submissions so far: many are a ping-pong", "submissions"),
        ("reviews", "UInt32", "Reviews so far", "reviews"),
        ("is_poison", "UInt8", "1: claimed more than twice as often as submitted",
         "claims > 2 * greatest(submissions, 1)"),
        ("latest_at", "DateTime64(3, 'UTC')", "Its latest time that is known", "latest_at"),
    ]  # fmt: skip
    columns = [(f"{name} {kind} COMMENT {quoted(text)}", sql) for name, kind, text, sql in numbers]
    about = "Items with more than two claims, submissions or reviews, by their latest time"
    return create(database, Shape("hard_items", columns, about, (views_arguments.span(),)), source)


def _refused(database: str) -> str:
    source = (
        "SELECT topic, reason, field, event_type, toInt64(count()) AS messages, min(at) AS "
        f"first_at, max(at) AS last_at FROM {database}.dead_letters FINAL "
        "WHERE at >= {from:DateTime('UTC')} AND at < {to:DateTime('UTC')} "
        "GROUP BY topic, reason, field, event_type"
    )
    numbers = [
        ("topic", "String", "Topic of the refused messages", "topic"),
        ("reason", "String", "Why; watchfloor dlq show has the messages", "reason"),
        ("field", "String", "Field at fault, when there is one", "field"),
        ("event_type", "String", "Event type, when it could be read", "event_type"),
        ("messages", "Int64", "How many were refused and count nowhere", "messages"),
        ("first_at", "DateTime64(3, 'UTC')", "When the first was refused", "first_at"),
        ("last_at", "DateTime64(3, 'UTC')", "When the last was refused", "last_at"),
    ]
    columns = [(f"{name} {kind} COMMENT {quoted(text)}", sql) for name, kind, text, sql in numbers]
    about = "Messages that were refused in a range of time, by reason"
    return create(
        database, Shape("refused_by_reason", columns, about, (views_arguments.span(),)), source
    )
