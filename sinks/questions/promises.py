"""What became of promises, policy by policy, and whose time it was: the ledger of SLA clocks."""

from sinks.questions.shape import PLACE, Told, question, within
from sinks.views_shape import VALUE

_CLOCK = "org, source, project, policy, contract, item_id, cycle"
_POLICY = "org, source, project, policy, contract, version"


def statements(database: str) -> list[str]:
    """The views ``sla_by_policy`` and ``sla_time_by_holder``."""
    return [_by_policy(database), _by_holder(database)]


def _steps(database: str) -> str:
    """A row for each clock: its last version, when it was judged, and how."""
    return (
        f"SELECT {_CLOCK}, max(version) AS version, "
        "countIf(kind = 'breach') > 0 AS bad, "
        "countIf(kind = 'fulfil' AND NOT breached) > 0 AS good, "
        "countIf(kind = 'cancel' AND cause = 'cancel') > 0 AS cancelled, "
        "minIf(at, kind = 'breach' OR kind = 'fulfil' AND NOT breached) AS judged_at, "
        "maxIf(elapsed_ms - target_ms, kind = 'fulfil' AND breached) AS over_ms "
        f"FROM {database}.sla_ledger FINAL WHERE holds AND kind != 'breach_withdrawn' "
        f"GROUP BY {_CLOCK} HAVING (bad OR good) AND {within('judged_at')}"
    )


def _by_policy(database: str) -> str:
    source = (
        f"SELECT {_POLICY}, toInt64(countIf(good)) AS fulfilled, "
        "toInt64(countIf(bad)) AS breached, fulfilled + breached AS n, "
        "toInt64(countIf(bad AND cancelled)) AS breached_cancelled, "
        "sumIf(over_ms, over_ms > 0) AS late_ms, toInt64(countIf(over_ms > 0)) AS late "
        f"FROM ({_steps(database)}) GROUP BY {_POLICY}"
    )
    columns: list[Told] = [
        *PLACE,
        ("policy", "String", "Policy, of any contract", "policy"),
        ("contract", "String", "SLA, OLA or vendor", "contract"),
        ("version", "UInt32", "Version of the policy that the clock ended under", "version"),
        ("service_level", VALUE, "Fulfilled in time, of all that were due or resolved (26)",
         "fulfilled / n"),
        ("service_level_low", VALUE, "Lower end of its 95 % Wilson interval",
         "wilson_low(fulfilled, n)"),
        ("service_level_high", VALUE, "Upper end of its 95 % Wilson interval",
         "wilson_high(fulfilled, n)"),
        ("n", "Int64", "Clocks judged in the range: at their fulfilment, else their deadline", "n"),
        ("fulfilled", "Int64", "Of these, in time", "fulfilled"),
        ("breached", "Int64", "Of these, not", "breached"),
        ("breached_cancelled", "Int64", "Of the breached, cancelled later", "breached_cancelled"),
        ("overdue_mean_min", VALUE, "How late the late ones were that are done, in minutes (28)",
         "if(late = 0, NULL, late_ms / late / 60000)"),
    ]  # fmt: skip
    about = "Promises kept and broken in a range of time, by policy and version"
    return question(database, "sla_by_policy", about, columns, source)


def _by_holder(database: str) -> str:
    # What burned by a breach is in what burned by the end, too: a clock is told once, at its last.
    latest = (
        f"SELECT {_CLOCK}, argMax(burned, tuple(at, elapsed_ms + paused_ms)) AS burned, "
        "max(at) AS told_of_at, "
        f"countIf(kind = 'breach') > 0 AS bad FROM {database}.sla_ledger FINAL "
        "WHERE holds AND kind IN ('breach', 'fulfil', 'cancel') "
        f"GROUP BY {_CLOCK} HAVING {within('told_of_at')}"
    )
    source = (
        "SELECT org, source, project, policy, contract, bad, one.1 AS state, one.2 AS queue, "
        "one.3 AS team, sum(one.4) AS ms, toInt64(count()) AS clocks FROM (SELECT *, "
        f"arrayJoin(burned) AS one FROM ({latest})) "
        "GROUP BY org, source, project, policy, contract, bad, state, queue, team"
    )
    columns: list[Told] = [
        *PLACE,
        ("policy", "String", "Policy, of any contract", "policy"),
        ("contract", "String", "SLA, OLA or vendor", "contract"),
        ("breached", "UInt8", "1: of clocks that were not kept", "bad"),
        ("state", "String", "Where the item was, or paused", "state"),
        ("queue", "String", "Queue in which it was", "queue"),
        ("team", "String", "Team that had it; empty when nobody had", "team"),
        ("minutes", "Float64", "Minutes of the policy's calendar that went there", "ms / 60000"),
        ("clocks", "Int64", "Clocks whose time it is", "clocks"),
    ]
    about = "Whose the time was of clocks that ended, or breached and still run, in a range of time"
    return question(database, "sla_time_by_holder", about, columns, source)
