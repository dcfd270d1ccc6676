"""A policy file that is right, and each way to make it wrong."""

GOOD = """\
calendars:
  office:
    zone: Europe/Berlin
    hours:
      mon-fri: ["09:00-17:00"]
    holidays:
      2026-12-25: Christmas
policies:
  - id: first-review
    title: Reviewed soon
    contract: SLA
    versions:
      - version: 1
        anchor: created
        calendar: office
        start:
          - {event: item.queued, queue: [images, videos]}
        pause:
          - event: work.paused
        resume:
          - event: work.resumed
        stop:
          - {event: review.decided, outcome: [accept, fix]}
        cancel:
          - event: [item.cancelled, item.deleted]
        targets:
          - {priority: p1, target: 1h30m}
          - target: 4h
      - version: 2
        valid_from: 2026-06-01T00:00:00Z
        applies: open
        start:
          - event: item.queued
        stop:
          - event: item.completed
        targets:
          - target: 2d
"""

#: What is replaced, by what; the line of the fault, its place, and words of the message.
CASES: dict[str, tuple[str, str, int, str, str]] = {
    "unknown key of the file": ("calendars:", "kalenders:", 1, "kalenders", "there are calendars,"),
    "unknown key of a policy": ("contract:", "kind:", 11, "policies.0.kind", "there are id, title"),
    "unknown key of a version": (
        "        anchor: created",
        "        ancor: created",
        14,
        "policies.0.versions.0.ancor",
        "there are version, valid_from, applies, anchor",
    ),
    "unknown field of a condition": (
        "queue: [images, videos]",
        "que: images",
        17,
        "policies.0.versions.0.start.0.que",
        "there are queue, team, site",
    ),
    "unknown field of a target": (
        "{priority: p1,",
        "{prio: p1,",
        27,
        "policies.0.versions.0.targets.0.prio",
        "there are queue, team, site",
    ),
    "unknown key of a calendar": (
        "    zone: Europe/Berlin",
        "    zone: Europe/Berlin\n    open: yes",
        4,
        "calendars.office.open",
        "there are zone, hours, holidays, special_days",
    ),
    "no such zone": ("Europe/Berlin", "Europe/Berln", 3, "calendars.office.zone", "IANA name"),
    "no such day": ("mon-fri", "mo-fr", 2, "calendars.office", "write mon, mon-fri or sat,sun"),
    "no hours": ('"09:00-17:00"', '"9-17"', 5, "calendars.office.hours.mon-fri.0", "09:00-17:30"),
    "hours of no length": (
        "09:00-17:00",
        "09:00-09:00",
        5,
        "calendars.office.hours.mon-fri.0",
        "last some minutes",
    ),
    "never open": ('["09:00-17:00"]', "[]", 2, "calendars.office", "no deadline would ever come"),
    "no date": ("2026-12-25:", "2026-25-12:", 7, "calendars.office.holidays.2026-25-12", "date"),
    "a title is missing": ("    title: Reviewed soon\n", "", 9, "policies.0", "`title` is missing"),
    "no such contract": (
        "contract: SLA",
        "contract: UC",
        11,
        "policies.0.contract",
        "'SLA', 'OLA' or 'vendor'",
    ),
    "no such anchor": (
        "anchor: created",
        "anchor: claimed",
        14,
        "policies.0.versions.0.anchor",
        "'created', 'queued', 'first_claim' or 'last_claim'",
    ),
    "no such calendar": (
        "calendar: office",
        "calendar: ofice",
        15,
        "policies.0.versions.0.calendar",
        "there are always, office",
    ),
    "no such event": (
        "event: work.paused",
        "event: work.puased",
        19,
        "policies.0.versions.0.pause.0.event",
        "there are item.created, item.queued",
    ),
    "an event of no item": (
        "event: work.paused",
        "event: presence.changed",
        19,
        "policies.0.versions.0.pause.0.event",
        "no event of an item is called 'presence.changed'",
    ),
    "a field that the event has not": (
        "event: work.paused",
        "{event: work.paused, outcome: accept}",
        19,
        "policies.0.versions.0.pause.0.outcome",
        "work.paused has no outcome; it has reason",
    ),
    "a value that never comes": (
        "[accept, fix]",
        "[accept, fixed]",
        23,
        "policies.0.versions.0.stop.0.outcome",
        "it says one of accept, fix, reject",
    ),
    "pause without resume": (
        "        resume:\n          - event: work.resumed\n",
        "",
        18,
        "policies.0.versions.0.pause",
        "needs resume as well",
    ),
    "nothing stops it": (
        "        stop:\n          - event: item.completed\n",
        "",
        29,
        "policies.0.versions.1",
        "`stop` is missing",
    ),
    "started and cancelled by the same": (
        "event: [item.cancelled, item.deleted]",
        "{event: item.queued, queue: [images, videos]}",
        25,
        "policies.0.versions.0.cancel.0",
        "the same condition starts and cancels",
    ),
    "no duration": (
        "target: 4h",
        "target: 4 hours",
        28,
        "policies.0.versions.0.targets.1.target",
        "write 30s, 5m, 1h30m or 2d",
    ),
    "a target of nothing": (
        "target: 4h",
        "target: 0s",
        28,
        "policies.0.versions.0.targets.1.target",
        "write more than 0s",
    ),
    "days by a calendar": (
        "target: 4h",
        "target: 1d",
        28,
        "policies.0.versions.0.targets.1.target",
        "say hours",
    ),
    "a target that never counts": (
        "{priority: p1, target: 1h30m}",
        "target: 1h30m",
        27,
        "policies.0.versions.0.targets.0",
        "those after it never count",
    ),
    "at risk of nothing": (
        "        calendar: office",
        "        calendar: office\n        at_risk: 1.5",
        16,
        "policies.0.versions.0.at_risk",
        "less than 1",
    ),
    "a time without zone": (
        "2026-06-01T00:00:00Z",
        "2026-06-01T00:00:00",
        30,
        "policies.0.versions.1.valid_from",
        "ISO 8601 with its zone",
    ),
    "versions out of order": (
        "version: 2",
        "version: 1",
        29,
        "policies.0.versions.1.version",
        "write a larger number",
    ),
    "no later than before": (
        "        valid_from: 2026-06-01T00:00:00Z\n",
        "",
        29,
        "policies.0.versions.1",
        "begins no later than the version before it",
    ),
    "open before the first": (
        "        anchor: created",
        "        applies: open",
        14,
        "policies.0.versions.0.applies",
        "leave it out",
    ),
    "neither new nor open": (
        "applies: open",
        "applies: all",
        31,
        "policies.0.versions.1.applies",
        "'new' or 'open'",
    ),
    "given twice": ("    title: Reviewed soon", "    title: a\n    title: b", 11, "title", "twice"),
    "not YAML": ("policies:", "policies: [", 9, "", "not YAML"),
}
