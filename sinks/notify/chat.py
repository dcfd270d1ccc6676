"""Chat, mail and SMS through ``apprise``, an extra: ``pip install 'watchfloor[notify]'``.

Apprise connects by itself, so the checks of addresses do not hold for it.
"""

import asyncio
import logging

from schemas.receivers import Receiver
from sinks.notify.answers import Answer
from sinks.notify.bodies import Links, annotations, visible
from sinks.notify.decision import is_active
from sinks.notify.notice import Notice

ENTRIES_SHOWN = 10


def text(notice: Notice, receiver: Receiver, links: Links) -> tuple[str, str]:
    """Title and body in plain words: the news first, each with its reason and its link."""
    entries = sorted(visible(notice, receiver), key=lambda each: each.reason is None)
    news = [each for each in entries if each.reason is not None]
    firing = any(is_active(each.alert) for each in news)
    names = ", ".join(dict.fromkeys(each.alert.rule for each in news))
    lines = []
    for each in entries[:ENTRIES_SHOWN]:
        said = annotations(each.alert, links)
        reason = each.reason or "still firing"
        lines.append(f"{reason}: {said.get('summary') or each.alert.rule}")
        lines += [
            each for each in (links.alert(each.alert.fingerprint), said.get("runbook")) if each
        ]
    if len(entries) + notice.left_out > ENTRIES_SHOWN:
        lines.append(f"and {len(entries) + notice.left_out - ENTRIES_SHOWN} more")
    return f"[{'FIRING' if firing else 'OVER'}] {names}", "\n".join(lines)


async def send(urls: str, title: str, body: str, timeout_s: float) -> Answer:
    """Tell all addresses, which are separated by spaces; one that fails is tried again with all."""
    try:
        # Imported here: it is an extra, and slow to import.
        import apprise
    except ModuleNotFoundError:
        return Answer("retry", "apprise_is_not_installed")
    # It logs addresses, and these hold secrets.
    logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)
    teller = apprise.Apprise()
    if not all(teller.add(url) for url in urls.split()) or not len(teller):
        return Answer("retry", "bad_apprise_url")
    try:
        async with asyncio.timeout(timeout_s):
            told = await asyncio.to_thread(teller.notify, body=body, title=title)
    except TimeoutError:
        return Answer("retry", "time_out")
    return Answer("sent", "told") if told else Answer("retry", "apprise_failed")
