"""The tasks of the Makefile that need no build of their own."""

import os
import subprocess

import pytest
from support.places import ROOT

PROGRAMS = ["orakeyd", "orakey", "orakey-cli", "orakey-gateway"]


def make(*arguments, **environment):
    # A make above this test would pass its own options on.
    clean = {name: value for name, value in os.environ.items() if not name.startswith("MAKE") and name != "MFLAGS"}
    return subprocess.run(["make", *arguments], cwd=ROOT, env=clean | environment, capture_output=True, text=True)


def tree(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


@pytest.fixture
def built(tmp_path):
    """A folder that looks like a release build."""
    folder = tmp_path / "release"
    folder.mkdir()
    for name in PROGRAMS:
        (folder / name).write_text("#!/bin/sh\n")
        (folder / name).chmod(0o755)
    return folder


def test_help_is_the_default_and_names_every_task():
    answer = make()
    assert answer.returncode == 0
    for task in "help deps build test lint bench demo deb install uninstall clean".split():
        assert f"make {task} " in answer.stdout


def test_install_honours_destdir_and_prefix_and_uninstall_takes_it_all_back(built, tmp_path):
    where = [f"RELEASE={built}", f"DESTDIR={tmp_path}/root", "PREFIX=/opt/orakey"]
    answer = make("install", *where)
    assert answer.returncode == 0, answer.stderr
    installed = tree(tmp_path / "root")
    assert all(path.startswith("opt/orakey/") for path in installed)
    for path in [
        "bin/orakeyd", "bin/orakey", "bin/orakey-revoke", "bin/orakey-gateway", "libexec/orakeyd/orakey-cli",
        "share/orakeyd/contracts-abi/ApiKeys.abi.json", "share/doc/orakeyd/examples/orakeyd.yaml",
        "share/man/man1/orakey.1", "share/man/man5/orakeyd.yaml.5", "share/man/man8/orakeyd.8",
        "share/man/man8/orakey-gateway.8", "share/doc/orakeyd/examples/gateway/nginx.conf",
        "lib/systemd/system/orakey-gateway.service",
        "lib/systemd/system/orakeyd-agent.socket", "lib/systemd/system/orakeyd.service", "lib/systemd/user/orakeyd.service",
        "lib/sysusers.d/orakeyd.conf", "lib/tmpfiles.d/orakeyd.conf", "share/doc/orakeyd/examples/match-executables.conf",
        "share/orakeyd/grafana/orakeyd.json", "share/orakeyd/prometheus/orakeyd.rules.yml",
        "share/bash-completion/completions/orakey", "share/bash-completion/completions/orakeyd",
        "share/zsh/site-functions/_orakey", "share/fish/vendor_completions.d/orakey.fish",
    ]:
        assert f"opt/orakey/{path}" in installed
    unit = (tmp_path / "root/opt/orakey/lib/systemd/system/orakeyd.service").read_text()
    assert "ExecStart=/opt/orakey/bin/orakeyd " in unit and "@PREFIX@" not in unit

    assert make("uninstall", *where).returncode == 0
    assert tree(tmp_path / "root") == []


def test_install_before_build_says_what_to_do(tmp_path):
    answer = make("install", f"RELEASE={tmp_path}/none", f"DESTDIR={tmp_path}/root")
    assert answer.returncode != 0
    assert "make build" in answer.stderr
    assert not (tmp_path / "root").exists()


def test_without_a_toolchain_it_says_where_to_get_one():
    answer = make("test", "SWIFT=")
    assert answer.returncode != 0
    assert "swift.org/install" in answer.stderr
