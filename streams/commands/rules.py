"""``watchfloor rules``: check rules, test them, and ask the past what they would have done."""

from pathlib import Path

import click

from schemas.faults import Fault
from streams.commands import backtest, rule_worth, suggest
from streams.commands.rule_options import FILE, policies_option, rules_option, targets_option
from streams.floor_files import read_calendar, read_groupings
from streams.marked_yaml import FileRefused
from streams.policy_files import read_policies
from streams.refusals import Refusal
from streams.rule_files import read_rules
from streams.rule_tests import Stage, read_tests, run_tests


@click.group("rules")
def command() -> None:
    """Check and test alert rules, and ask the past what they would have done.

    \b
    watchfloor rules check
    watchfloor rules test deploy/rules.test.yaml
    watchfloor rules backtest --from 2026-03-01 --to 2026-03-08 march.jsonl.gz
    watchfloor rules suggest throughput --from 2026-03-01 --to 2026-03-08
    watchfloor rules worth --zone Asia/Manila
    """


@command.command("check")
@rules_option
@targets_option
@policies_option
def check(rules: Path, targets: Path, policies: Path) -> None:
    """Say everything that is wrong with rules, targets and SLA policies, with file and line."""
    faults: list[Fault] = []
    said = []
    try:
        book = read_rules(rules, targets)
        said.append(f"{rules.name}: {len(book.rules)} rules, {len(book.targets)} targets, no fault")
    except FileRefused as refused:
        faults += refused.faults
    try:
        promised = read_policies(policies).policies
        said.append(f"{policies.name}: {len(promised)} promise(s), no fault")
    except FileRefused as refused:
        faults += refused.faults
    for fault in faults:
        click.echo(str(fault), err=True)
    if faults:
        raise Refusal(f"{len(faults)} fault{'s' * (len(faults) > 1)}", "correct the file")
    click.echo("\n".join(said))


@command.command("test")
@click.argument("files", nargs=-1, required=True, type=FILE)
@targets_option
def test(files: tuple[Path, ...], targets: Path) -> None:
    """Play the tests in FILES, in promtool's vocabulary, and say what fired otherwise."""
    groupings = read_groupings()
    failed = 0
    for path in files:
        marked = read_tests(path)
        (rules,) = marked.content.rule_files
        book = read_rules(path.parent / rules, targets, groupings)
        faults = run_tests(marked, Stage(book, groupings, read_calendar()))
        for fault in faults:
            click.echo(str(fault), err=True)
        tests = len(marked.content.tests)
        asked = sum(len(each.alert_rule_test) for each in marked.content.tests)
        click.echo(f"{path.name}: {tests} tests, {asked} expectations, {len(faults)} failed")
        failed += len(faults)
    if failed:
        raise Refusal(f"{failed} expectations failed", "mend the rules, or what is expected")


command.add_command(backtest.command)
command.add_command(suggest.command)
command.add_command(rule_worth.command)
