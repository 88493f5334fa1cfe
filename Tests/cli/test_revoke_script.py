"""etc/orakey-revoke: sh and curl on the control socket."""

import json
import shutil

import pytest
from support.places import ROOT

from .scripted_daemon import Answer, error

KEY = "BASE:5FHqPlaceholderOfAKey"
DONE = Answer(200, {"intents": [5], "fingerprints": ["SHA256:0123456789abcdef"]})
ACCEPTED = Answer(202, DONE.body)


def said(done) -> str:
    assert done.err.count("\n") == 1 and done.err.startswith("orakey-revoke: "), done.err
    return done.err.removeprefix("orakey-revoke: ").rstrip("\n")


@pytest.mark.parametrize("arguments, stdin, body", [
    ([], KEY + "\n", {"key": KEY}), (["-"], KEY, {"key": KEY}),
    (["SHA256:0123456789abcdef"], "", {"fingerprint": "SHA256:0123456789abcdef"}),
    (["0x" + "22" * 32], "", {"message": "0x" + "22" * 32}),
    (["--consumer", 'a "b\\'], "", {"consumer": 'a "b\\'}),
    (["--all", "--reason", "they said \"so\" – ok"], "", {"all": True, "reason": "they said \"so\" – ok"}),
])
def test_what_is_sent(revoke, daemon, arguments, stdin, body):
    daemon.script["POST", "/v1/revoke"] = ACCEPTED
    done = revoke(*arguments, stdin=stdin)
    assert done.code == 0, done.err
    assert said(done) == "no longer handed out, disable journaled: SHA256:0123456789abcdef"
    assert [request.json for request in daemon.requests] == [body]


def test_the_key_shows_in_no_argument_list(shell, revoke, daemon):
    recorder = shell.folder / "bin" / "curl"
    recorder.parent.mkdir()
    recorder.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" >{shell.folder}/seen\nenv >>{shell.folder}/seen\n'
                        f'exec {shutil.which("curl")} "$@"\n')
    recorder.chmod(0o755)
    shell.environment["PATH"] = f"{recorder.parent}:{shell.environment['PATH']}"
    daemon.script["POST", "/v1/revoke"] = ACCEPTED
    assert revoke(stdin=KEY).code == 0
    seen = (shell.folder / "seen").read_text()
    assert "/v1/revoke" in seen and KEY not in seen


def test_a_key_as_argument_is_refused(revoke, daemon):
    done = revoke(KEY)
    assert done.code == 64 and KEY not in done.err and daemon.requests == []


def test_wait(revoke, daemon):
    daemon.script["POST", "/v1/revoke"] = DONE
    done = revoke("--all", "--wait", "--timeout", "7")
    assert done.code == 0
    assert said(done) == "disabled on chain: SHA256:0123456789abcdef"
    assert daemon.requests[0].query == {"wait": "confirmed", "timeout": "7"}


def test_not_confirmed_in_time(revoke, daemon):
    daemon.script["POST", "/v1/revoke"] = ACCEPTED
    done = revoke("--all", "--wait", "--timeout", "1")
    assert done.code == 75
    assert "not confirmed" in done.err


def test_json(revoke, daemon):
    daemon.script["POST", "/v1/revoke"] = ACCEPTED
    assert json.loads(revoke("--all", "--json").out) == ACCEPTED.body


def test_lost_answer_is_asked_for_again_under_the_same_name(revoke, daemon):
    daemon.script["POST", "/v1/revoke"] = [Answer(lost=True), DONE]
    assert revoke("--all").code == 0
    first, second = daemon.requests
    assert first.headers["Idempotency-Key"] == second.headers["Idempotency-Key"]


@pytest.mark.parametrize("status, code, expected", [
    (404, "unknown_key", 1), (400, "malformed_key", 1), (400, "bad_request", 65), (403, "forbidden", 77),
    (409, "no_contract", 78), (423, "locked", 75), (503, "chain_unavailable", 75), (503, "journal_unavailable", 75), (500, "internal", 70),
])
def test_refusals(revoke, daemon, status, code, expected):
    daemon.script["POST", "/v1/revoke"] = error(status, code, 'not "this" one')
    done = revoke("--all")
    assert done.code == expected
    assert said(done) == 'not "this" one; what to do'


@pytest.mark.parametrize("key", ["", "BASE", "BASE:", ":x", "BASE:a b", 'BASE:"', "BASE:a:b", "BASE:a\nBASE:b".replace("\n", "\t")])
def test_malformed_key(revoke, daemon, key):
    done = revoke(stdin=key + "\n")
    assert done.code == 1 and daemon.requests == []
    assert not key or key not in done.err


@pytest.mark.parametrize("further", [KEY, KEY + "\n", "\n", "x"])
def test_more_than_one_line_is_refused(revoke, daemon, further):
    done = revoke("-", stdin=f"{KEY}\n{further}")
    assert done.code == 65 and daemon.requests == []
    assert said(done) == "more than one line on standard input; one key at a time"


@pytest.mark.parametrize("end", ["\r\n", "\r"])
def test_a_carriage_return_at_the_end_is_no_part_of_the_key(revoke, daemon, end):
    daemon.script["POST", "/v1/revoke"] = ACCEPTED
    assert revoke(stdin=KEY + end).code == 0
    assert daemon.requests[0].json == {"key": KEY}


@pytest.mark.parametrize("timeout, seconds", [("08", "8"), ("0010", "10"), ("00", "0")])
def test_a_timeout_is_decimal(revoke, daemon, timeout, seconds):
    daemon.script["POST", "/v1/revoke"] = DONE
    assert revoke("--all", "--wait", "--timeout", timeout).code == 0
    assert daemon.requests[0].query == {"wait": "confirmed", "timeout": seconds}


@pytest.mark.parametrize("arguments", [
    ["--bogus"], ["--all", "--consumer", "x"], ["--consumer"], ["--timeout", "x", "--all"], ["--all", "--reason", "a\nb"],
    ["something"]])
def test_wrong_usage(revoke, daemon, arguments):
    assert revoke(*arguments).code == 64
    assert daemon.requests == []


def test_no_daemon(revoke, shell):
    assert revoke("--all").code == 69
    (shell.folder / "stale.sock").touch()
    assert revoke("--all", "--socket", shell.folder / "stale.sock").code == 69


def test_help(revoke):
    done = revoke("--help")
    assert done.code == 0 and "--consumer NAME" in done.out


def test_shellcheck_finds_nothing(shell):
    if not shutil.which("shellcheck"):
        pytest.skip("shellcheck is not installed")
    done = shell.run("shellcheck", ROOT / "etc" / "orakey-revoke")
    assert (done.code, done.out) == (0, "")
