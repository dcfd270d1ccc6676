"""Can people be told of alerts, and see them? Checks of the files that say so."""

from streams import settings_sources
from streams.findings import Finding, ok, problem
from streams.marked_yaml import FileRefused
from streams.notify_settings import Alerts, Notify
from streams.principals import read_principals
from streams.receiver_files import read_receivers

CHECK = "alerts"


def check_alert_files() -> list[Finding]:
    """Receivers and principals: how many, or what is wrong with their files."""
    try:
        receivers = read_receivers(settings_sources.read(Notify).receivers)
        principals = read_principals(settings_sources.read(Alerts).principals)
    except FileRefused as refused:
        return [problem(CHECK, refused.problem, refused.remedy)]
    watched = any(each.watchdog for each in receivers)
    return [
        ok(
            CHECK,
            f"{len(receivers)} receivers, {'with' if watched else 'without'} a watchdog; "
            f"{len(principals)} principals",
        )
    ]
