"""etc/scripts/deps, with a Debian that is made up of a few scripts."""

import subprocess

import pytest
from support.places import ROOT

DEPS = ROOT / "etc" / "scripts" / "deps"


class Debian:
    """A PATH in which every package of `installed` is there, and apt-get and sudo write down what they are told."""

    def __init__(self, folder, installed=(), user=0, sudo=True, apt_fails=False):
        self.log = folder / "log"
        self.log.touch()
        self.bin = folder / "bin"
        self.bin.mkdir()
        known = "|".join(installed) or "none"
        self.program("dpkg-query", f'for last; do :; done; case $last in {known}) printf installed ;; *) exit 1 ;; esac')
        self.program("id", f"echo {user}")
        self.program("apt-get", f'echo "apt-get $*" >>"{self.log}"; exit {int(apt_fails)}')
        if sudo:
            self.program("sudo", f'echo sudo >>"{self.log}"; "$@"')
        for tool in ["sh", "cat", "sed", "env"]:
            (self.bin / tool).symlink_to(f"/bin/{tool}")

    def program(self, name, text):
        path = self.bin / name
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)

    def deps(self, task):
        answer = subprocess.run([DEPS, task], env={"PATH": str(self.bin)}, capture_output=True, text=True)
        return answer, self.log.read_text()


LINT = ["libc6-dev", "libcurl4-openssl-dev", "libncurses6", "libsqlite3-dev", "libxml2", "python3", "shellcheck"]


def test_nothing_happens_where_all_is_there(tmp_path):
    answer, log = Debian(tmp_path, LINT).deps("lint")
    assert (answer.returncode, answer.stdout, answer.stderr, log) == (0, "", "", "")


def test_only_what_is_missing_is_installed_and_its_purpose_told(tmp_path):
    answer, log = Debian(tmp_path, LINT[:-1]).deps("lint")
    assert answer.returncode == 0
    assert "shellcheck: checks the shell scripts" in answer.stdout
    assert "python3" not in answer.stdout
    assert log.splitlines()[-1].split()[-2:] == ["install", "shellcheck"]
    assert "sudo" not in log


def test_sudo_when_not_root(tmp_path):
    answer, log = Debian(tmp_path, LINT[:-1], user=1000).deps("lint")
    assert answer.returncode == 0
    assert log.startswith("sudo\napt-get")


def test_neither_root_nor_sudo(tmp_path):
    answer, log = Debian(tmp_path, LINT[:-1], user=1000, sudo=False).deps("lint")
    assert answer.returncode == 77
    assert "apt-get install --no-install-recommends shellcheck" in answer.stderr
    assert log == ""


def test_a_failing_apt_is_told(tmp_path):
    answer, _ = Debian(tmp_path, apt_fails=True).deps("lint")
    assert answer.returncode == 75
    assert "apt-get update failed" in answer.stderr


@pytest.mark.parametrize("task", ["build", "demo", "test", "lint", "all"])
def test_each_task_has_packages(tmp_path, task):
    answer, _ = Debian(tmp_path).deps(task)
    assert "libcurl4-openssl-dev" in answer.stdout


def test_an_unknown_task(tmp_path):
    answer, _ = Debian(tmp_path).deps("everything")
    assert answer.returncode == 64


def test_another_system_gets_the_list(tmp_path):
    debian = Debian(tmp_path)
    (debian.bin / "dpkg-query").unlink()
    answer, log = debian.deps("lint")
    assert (answer.returncode, log) == (0, "")
    assert "shellcheck" in answer.stderr
