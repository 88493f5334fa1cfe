"""What programs and daemons say when something is wrong: taken apart, and held to its form."""

import json
import subprocess

from .daemon import PASSPHRASE


def one_line(run: subprocess.CompletedProcess) -> str:
    """What a program that ended in an error said: one line on stderr, nothing secret, nothing on stdout."""
    assert run.stdout == ""
    assert run.stderr.count("\n") == 1 and run.stderr.endswith("\n"), run.stderr
    assert PASSPHRASE not in run.stderr
    return run.stderr


def error_of(body: bytes) -> dict:
    """The error of an answer, which has the documented form."""
    error = json.loads(body)["error"]
    assert set(error) <= {"code", "message", "hint"} and error["message"]
    return error


def code_of(answer) -> tuple[int, str]:
    return answer.status, error_of(answer.body)["code"]


def told(answer) -> tuple[int, str, str]:
    """(status, code, message with the hint)"""
    error = answer.json["error"]
    return answer.status, error["code"], f"{error['message']}; {error.get('hint') or ''}"
