"""The gateway's metrics but its histogram: name, meaning, what to do when it is high, tags."""

Declared = tuple[str, str, str, tuple[str, ...]]

_NORMAL = "Nothing: it follows the senders' traffic."
DECLARED: tuple[Declared, ...] = (
    ("gateway_requests_total", "Requests answered, by HTTP status.", _NORMAL, ("status",)),
    ("gateway_accepted_events_total", "Events that the broker has.", _NORMAL, ()),
    (
        "gateway_refused_events_total",
        "Events that could not be taken, each of which turned its request away.",
        "A sender's answers name event and field; its owner has to mend it.",
        ("reason",),
    ),
    (
        "gateway_held_bytes",
        "Bytes of bodies that are being read or wait for the broker.",
        "Near WATCHFLOOR_GATEWAY_INFLIGHT_BYTES_MAX senders get 429: add gateways.",
        (),
    ),
    (
        "gateway_connections",
        "Open connections.",
        "Near WATCHFLOOR_GATEWAY_CONNECTIONS_MAX senders get 503: add gateways.",
        (),
    ),
    (
        "gateway_broker_owes_s",
        "How long the oldest write has waited for the broker.",
        "Beyond WATCHFLOOR_GATEWAY_BROKER_S senders get 503; nothing is lost: mend the broker.",
        (),
    ),
)
