"""How etc/scripts/test counts."""

import importlib.machinery
import importlib.util

import pytest
from support.places import ROOT


@pytest.fixture
def tally():
    loader = importlib.machinery.SourceFileLoader("runner", str(ROOT / "etc" / "scripts" / "test"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("runner", loader))
    loader.exec_module(module)
    return module.Tally()


def results(tmp_path, text):
    file = tmp_path / "results.xml"
    file.write_text(f"<testsuites>{text}</testsuites>")
    return file


SWIFT = """<testsuite name="TestResults" errors="0" tests="3" failures="2" skipped="0" time="1">
<testcase classname="A.B" name="one()" time="0.1"/>
<testcase classname="A.B" name="two()" time="0.1"><failure message="a"/><failure message="b"/></testcase>
<testcase classname="A.B" name="three()" time="0.1"/></testsuite>"""

ONE = '<testsuite><testcase classname="A.B" name="one()" time="0.1"/></testsuite>'

PYTEST = """<testsuite name="pytest" errors="1" failures="1" skipped="1" tests="4" time="1">
<testcase classname="t" name="good"/><testcase classname="t" name="bad"><failure message="x"/></testcase>
<testcase classname="t" name="torn"><error message="x"/></testcase>
<testcase classname="t" name="bad"><error message="tear-down"/></testcase>
<testcase classname="t" name="left"><skipped message="no vectors here"/></testcase></testsuite>"""


def test_several_issues_of_one_test_are_one_failure(tally, tmp_path):
    tally.read("Swift", results(tmp_path, SWIFT), 1)
    assert (tally.passed, tally.failed) == (2, 1)


def test_errors_count_and_skips_are_told(tally, tmp_path, capsys):
    tally.read("Python", results(tmp_path, PYTEST), 1)
    assert (tally.passed, tally.failed) == (1, 2)
    assert tally.finish() == 1
    assert capsys.readouterr().out.splitlines() == ["Python: skipped left: no vectors here", "1 passed, 2 failed"]


def test_a_crash_without_results_is_a_failure(tally, tmp_path, capsys):
    tally.read("Swift", tmp_path / "none.xml", -11)
    assert tally.finish() == 1
    assert capsys.readouterr().out.splitlines()[-1] == "0 passed, 1 failed"


def test_a_bad_exit_without_a_failed_test_is_a_failure(tally, tmp_path):
    tally.read("Swift", results(tmp_path, ONE), 1)
    assert (tally.passed, tally.failed) == (1, 1)


def test_half_written_results_are_a_failure(tally, tmp_path):
    file = tmp_path / "half.xml"
    file.write_text("<testsuites><testsuite")
    tally.read("Python", file, 0)
    assert tally.failed == 1


def test_nothing_at_all_is_no_success(tally, capsys):
    assert tally.finish() == 1
    assert capsys.readouterr().out == "0 passed, 0 failed\n"


def test_all_good(tally, tmp_path, capsys):
    tally.read("Swift", results(tmp_path, ONE), 0)
    assert tally.finish() == 0
    assert capsys.readouterr().out == "1 passed, 0 failed\n"
