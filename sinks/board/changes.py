"""What changed between two bodies of one view. Pure.

``merged(old, changes(old, new))`` is ``new``: the page merges the same way.
"""

from typing import Any

Body = dict[str, Any]

#: Told by every beat, as health and pipeline are, so not worth a delta of their own.
_ALWAYS = ("id", "now_ms", "as_of_ms", "age_ms", "live")
#: Replaced whole when anything in them changed.
_WHOLE = ("alerts", "columns", "view", "empty", "rows_total", "rows_left_out")
#: In these each entry is replaced whole.
_ENTRIES = ("cells", "readings")


def changes(old: Body, new: Body) -> Body | None:
    """What is new; None when only time went on."""
    found: Body = {name: new[name] for name in _WHOLE if old.get(name) != new[name]}
    place = _object(old["place"] or {}, new["place"] or {})
    if place:
        found["place"] = place
    strip = _entries(old["strip"], new["strip"])
    if strip:
        found["strip"] = strip
    before = {each["subject"]: each for each in old["rows"]}
    rows = [_row(before.get(each["subject"]), each) for each in new["rows"]]
    if any(rows):
        found["rows"] = [each for each in rows if each]
    gone = before.keys() - {each["subject"] for each in new["rows"]}
    if gone:
        found["gone"] = sorted(gone)
    if not found:
        return None
    return {name: new[name] for name in _ALWAYS} | found


def _row(old: Body | None, new: Body) -> Body | None:
    if old is None or old is new:
        return None if old is new else new
    found = _object(old, new)
    return {"subject": new["subject"], **found} if found else None


def _object(old: Body, new: Body) -> Body:
    """The keys that changed; ``cells`` and ``windows`` are looked into."""
    found: Body = {}
    for name, value in new.items():
        known = old.get(name)
        if known == value and name in old:
            continue
        if name in _ENTRIES and isinstance(known, dict):
            found[name] = _entries(known, value)
        elif name == "windows" and isinstance(known, dict):
            windows = {key: _object(known.get(key, {}), each) for key, each in value.items()}
            found[name] = {key: each for key, each in windows.items() if each}
            # A window that is no more is told as null.
            found[name] |= dict.fromkeys(known.keys() - value.keys())
        else:
            found[name] = value
    return found


def _entries(old: Body, new: Body) -> Body:
    return {name: value for name, value in new.items() if old.get(name) != value}


def merged(old: Body, delta: Body) -> Body:
    """The body after a delta, as the page works it out."""
    found = dict(old)
    for name, value in delta.items():
        if name in ("place", "strip"):
            found[name] = _deep(found[name] or {}, value)
        elif name == "rows":
            rows = {each["subject"]: each for each in found["rows"]}
            for each in value:
                rows[each["subject"]] = _deep(rows.get(each["subject"], {}), each)
            found["rows"] = list(rows.values())
        elif name != "gone":
            found[name] = value
    gone = set(delta.get("gone", ()))
    found["rows"] = [each for each in found["rows"] if each["subject"] not in gone]
    return found


def _deep(old: Body, delta: Body) -> Body:
    found = dict(old)
    for name, value in delta.items():
        known = found.get(name)
        if name in _ENTRIES and isinstance(known, dict):
            found[name] = {**known, **value}
        elif name == "windows" and isinstance(known, dict):
            windows = {**known}
            for key, each in value.items():
                windows[key] = each if each is None else _deep(windows.get(key) or {}, each)
            found[name] = {key: each for key, each in windows.items() if each is not None}
        else:
            found[name] = value
    return found
