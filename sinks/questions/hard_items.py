"""Items that go to and fro, and what never became an event: where to look by hand."""

from sinks.questions.shape import PLACE, Told, question, within

_ITEM = "org, source, project, item_id"


def statements(database: str) -> list[str]:
    """The views ``hard_items`` and ``refused_by_reason``."""
    return [_hard_items(database), _refused(database)]


def _hard_items(database: str) -> str:
    often = (
        "SELECT *, coalesce(completed_at, reviewed_at, submitted_at, last_claimed_at, queued_at) "
        f"AS latest_at FROM {database}.items FINAL WHERE (claims > 2 OR submissions > 2 "
        f"OR reviews > 2 OR attempt > 2) AND {within('latest_at')}"
    )
    # Many people on one item are planned overlap; the same few over and over are not.
    people = (
        f"SELECT {_ITEM}, toInt64(uniqExact(annotator)) AS people FROM {database}.labels FINAL "
        f"WHERE kind = 'submitted' AND annotator != '' GROUP BY {_ITEM}"
    )
    source = (
        "SELECT *, nullIf(people, 0) AS known, greatest(people, 1) AS each, "
        "claims > 2 * greatest(submissions, 1) AS poison, "
        "submissions > 2 * each OR reviews > 2 * each OR ifNull(attempt, 0) > 2 AS to_and_fro "
        f"FROM ({often}) AS often LEFT JOIN ({people}) AS who USING ({_ITEM}) "
        "WHERE poison OR to_and_fro"
    )
    columns: list[Told] = [
        *PLACE,
        ("item_id", "String", "Item; watchfloor explain tells its whole story", "item_id"),
        ("queue", "String", "Present queue", "queue"),
        ("state", "String", "Where it stands", "state"),
        ("claims", "UInt32", "Claims so far: many for each submission are a poison item",
         "claims"),
        ("submissions", "UInt32", "Submissions so far: many of few people are a ping-pong",
         "submissions"),
        ("people", "Nullable(Int64)", "Who submitted labels of it; NULL: none came, taken as one",
         "known"),
        ("reviews", "UInt32", "Reviews so far", "reviews"),
        ("is_poison", "UInt8", "1: claimed more than twice as often as submitted",
         "poison"),
        ("latest_at", "DateTime64(3, 'UTC')", "Its latest time that is known", "latest_at"),
    ]  # fmt: skip
    about = "Items claimed, or submitted or reviewed by each of their people, more than twice"
    return question(database, "hard_items", about, columns, source)


def _refused(database: str) -> str:
    source = (
        "SELECT topic, reason, field, event_type, toInt64(count()) AS messages, min(at) AS "
        f"first_at, max(at) AS last_at FROM {database}.dead_letters FINAL "
        f"WHERE {within('at')} GROUP BY topic, reason, field, event_type"
    )
    columns: list[Told] = [
        ("topic", "String", "Topic of the refused messages", "topic"),
        ("reason", "String", "Why; watchfloor dlq show has the messages", "reason"),
        ("field", "String", "Field at fault, when there is one", "field"),
        ("event_type", "String", "Event type, when it could be read", "event_type"),
        ("messages", "Int64", "How many were refused and count nowhere", "messages"),
        ("first_at", "DateTime64(3, 'UTC')", "When the first was refused", "first_at"),
        ("last_at", "DateTime64(3, 'UTC')", "When the last was refused", "last_at"),
    ]
    about = "Messages that were refused in a range of time, by reason"
    return question(database, "refused_by_reason", about, columns, source)
