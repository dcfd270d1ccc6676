"""Guesses a mapping from the names of columns and the look of their values, and says why.

What it can't tell it leaves out, with a comment: a mapping that is wrong in silence is worse
than one that is short.
"""

import re
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from streams.sources.guess_text import Guess, written
from streams.sources.mapping_files import built_in_mappings, load_mapping
from streams.sources.reading import read_events
from streams.sources.records import Reject, SourceError
from streams.sources.sampling import RECORDS_MAX, Sample, read_sample
from streams.sources.times import BadTime, TimeReader

#: Names in the order of how sure they are; the last part of a path, lower case, without marks.
NAMES: dict[str, tuple[str, ...]] = {
    "item": ("itemid", "item", "taskid", "task", "hitid", "subjectid", "subjectids", "recordid",
             "unitid", "imageid", "documentid", "docid", "contentid", "caseid", "postid", "jobid",
             "id"),
    "actor": ("annotatorid", "annotator", "workerid", "worker", "actorid", "actor", "labelerid",
              "labeler", "raterid", "rater", "moderatorid", "moderator", "completedby",
              "userid", "user", "author", "username"),
    "submitted": ("submittedat", "submittime", "submitted", "finishedat", "completedat", "doneat",
                  "endedat", "endtime", "end", "answeredat", "decidedat", "labeledat", "labelledat",
                  "timestamp", "datetime", "time", "at", "date", "updatedat", "createdat",
                  "updateddate", "createddate"),
    "started": ("startedat", "starttime", "start", "started", "acceptedat", "accepttime",
                "openedat", "beganat", "claimedat"),
    "created": ("createdat", "creationtime", "created", "queuedat", "arrivedat", "uploadedat"),
    "duration": ("leadtime", "handles", "handlems", "durationms", "durations", "duration",
                 "timespent", "worktimeinseconds", "worktime", "elapsed", "elapsedms", "seconds",
                 "timems", "timetaken"),
    "label": ("label", "labels", "decision", "verdict", "choice", "answer", "category", "class",
              "result", "rating", "value"),
    "gold": ("gold", "goldlabel", "expected", "expectedlabel", "truth", "groundtruth"),
    "queue": ("queueid", "queue", "batchid", "batch", "jobid", "projectid", "workflowid"),
    "project": ("projectid", "project", "workflowid", "jobid", "datasetid", "dataset"),
    "assignment": ("assignmentid", "judgmentid", "judgementid", "annotationid", "classificationid",
                   "responseid", "submissionid", "answerid", "eventid", "id"),
    "team": ("teamid", "team"),
    "site": ("site", "location", "office"),
    "language": ("language", "lang", "locale"),
}  # fmt: skip
_TIMES = ("submitted", "started", "created")
FORMATS = (
    "iso8601", "epoch_ms", "epoch_s", "%Y-%m-%d %H:%M:%S %Z", "%Y-%m-%d %H:%M:%S %z",
    "%d/%m/%Y %H:%M:%S", "%d/%m/%Y %H:%M", "%m/%d/%Y %H:%M:%S", "%m/%d/%Y %H:%M",
    "%m/%d/%Y %I:%M:%S %p", "%m/%d/%Y %I:%M %p", "%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M",
    "%Y/%m/%d %H:%M:%S", "%a %b %d %H:%M:%S %Z %Y", "%a, %d %b %Y %H:%M:%S %z", "%Y-%m-%d",
)  # fmt: skip
_MARKS = re.compile(r"[^a-z0-9]")
#: 2001-09-09 in ms: what is smaller is more likely seconds.
_EPOCH_MS_MIN = 1e12
_EPOCH_S_MIN = 1e8


def guess(path: Path) -> str:
    """The text of a mapping for a file like this one; raises SourceError when it can't be read."""
    sample = read_sample(path)
    over = _list_of_work(sample)
    chosen = _Chosen(sample, over)
    for role in ("submitted", "started", "created", "item", "actor", "assignment", "duration",
                 "gold", "label", "project", "queue", "team", "site", "language"):  # fmt: skip
        chosen.choose(role)
    columns = chosen.found
    # A moment of creation is the only time: then it is when the judgment was made.
    if columns.get("created") == columns.get("submitted"):
        columns.pop("created", None)
    if columns.get("gold") and not columns.get("label"):
        columns.pop("gold")
    assignment = columns.get("assignment")
    if assignment and not _names_rows(sample, assignment, over):
        columns.pop("assignment")
    found = Guess(sample, path.name, over, columns, chosen.formats, chosen.doubts)
    return written(found, _known(path))


def _known(path: Path) -> list[str]:
    """The built-in mappings that make events of each record of the file."""
    known = []
    for name in built_in_mappings():
        try:
            records = list(islice(read_events(path, load_mapping(name)), RECORDS_MAX))
        except SourceError:
            continue
        if records and not any(isinstance(each, Reject) for each in records):
            known.append(name)
    return known


@dataclass(slots=True)
class _Chosen:
    sample: Sample
    over: str | None
    found: dict[str, str] = field(default_factory=dict)
    formats: dict[str, str] = field(default_factory=dict)
    doubts: list[str] = field(default_factory=list)

    def choose(self, role: str) -> None:
        """Take the column whose name is the surest for a role and whose values look like it."""
        names = NAMES[role]
        ranked = sorted(
            (
                # Work is told by the elements of the list, the item by the record around it.
                (self._is_far(role, column), names.index(_bare(column)), len(column), column)
                for column in self.sample.columns
                if _bare(column) in names and column.isprintable()
            ),
        )
        for _, _, _, column in ranked:
            if self._suits(role, column):
                self.found[role] = column
                return

    def _is_far(self, role: str, column: str) -> bool:
        inside = self.over is not None and column.startswith(self.over)
        return inside if role in ("item", "created", "project", "queue") else not inside

    def _suits(self, role: str, column: str) -> bool:
        values = self.sample.columns[column]
        if self.over is None and "[]" in column:
            return False
        if self.over is not None and "[]" in column and not column.startswith(self.over):
            return False
        if not values or (self.over and role in ("item", "created") and "[]" in column):
            return False
        # The same column may name the queue and the project, and nothing else twice.
        others = {c for r, c in self.found.items() if {r, role} != {"queue", "project"}}
        if role in _TIMES:
            return self._has_times(role, column, values)
        if role == "gold" and {value.lower() for value in values} <= {"true", "false"}:
            return False
        if role == "duration":
            return all(_is_number(value) for value in values)
        return column not in others or role == "queue"

    def _has_times(self, role: str, column: str, values: list[str]) -> bool:
        fits = [each for each in FORMATS if _reads(each, values)]
        if not fits:
            self.doubts.append(f"{column} looks like a time, but no known format reads it")
            return False
        if column in self.found.values() and role != "created":
            return False
        self.formats[column] = fits[0]
        both = {each[:2] for each in fits} >= {"%d", "%m"}
        if both:
            self.doubts.append(f"{column}: day and month can't be told apart; day first is taken")
        return True


def _list_of_work(sample: Sample) -> str | None:
    """The list whose elements name a person; None for flat records."""
    for over in sorted(sample.lists):
        inside = {_bare(c) for c in sample.columns if c.startswith(f"{over}.")}
        if inside & set(NAMES["actor"]):
            return over
    return None


def _names_rows(sample: Sample, column: str, over: str | None) -> bool:
    values = sample.columns[column]
    is_inside = over is not None and column.startswith(over)
    is_full = is_inside or (over is None and len(values) == min(sample.records, 500))
    return is_full and len(set(values)) == len(values)


def _bare(column: str) -> str:
    steps = [step for step in column.lower().split(".") if step]
    last = steps[-1] if steps else ""
    # `user.id` is the user, `annotations[].id` is what it says.
    if last == "id" and len(steps) > 1 and not steps[-2].endswith("[]"):
        last = steps[-2] + "id"
    return _MARKS.sub("", last)


def _is_number(text: str) -> bool:
    try:
        return 0 <= float(text) <= 1e9
    except ValueError:
        return False


def _reads(pattern: str, values: list[str]) -> bool:
    if pattern in ("epoch_ms", "epoch_s"):
        low, high = (_EPOCH_MS_MIN, 4e12) if pattern == "epoch_ms" else (_EPOCH_S_MIN, 4e9)
        return all(re.fullmatch(r"\d+(\.\d+)?", v) and low <= float(v) <= high for v in values)
    reader = TimeReader((pattern,), "UTC", "earlier")
    try:
        for value in values:
            reader.read(value)
    except BadTime:
        return False
    return True
