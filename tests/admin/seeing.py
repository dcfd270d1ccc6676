"""Look at what the doctor finds."""

import time

from streams import doctor
from streams.findings import Finding
from streams.settings import Settings


def bad(findings: list[Finding]) -> list[Finding]:
    return [finding for finding in findings if finding.severity != "ok"]


def the(findings: list[Finding], check: str) -> Finding:
    (found,) = [each for each in bad(findings) if each.check == check]
    return found


def seen(floor: Settings, check: str, n: int = 1) -> list[Finding]:
    """What a check finds wrong, once the brokers have heard of what the test changed."""
    until_s = time.monotonic() + 20
    while time.monotonic() < until_s:
        found = [each for each in doctor.examine(floor) if each.check == check]
        if len(bad(found)) == n:
            return bad(found)
        time.sleep(0.2)
    raise AssertionError(f"{check}: {found}")
