"""Folders and sockets that belong to another daemon or to somebody else."""

import os
import shutil
import subprocess

import pytest
from support.daemon import eventually
from support.errors import one_line
from support.quick import STRANGER, chainless, farm, needs_root, served, world  # noqa: F401 (fixtures)

UNAVAILABLE, NOT_PERMITTED = 69, 77


# A second daemon


def test_a_second_daemon_on_the_same_sockets(farm, served):
    daemon = served
    generation = daemon.get("/v1/key").json["generation"]
    before = os.lstat(daemon.agent).st_ino, os.lstat(daemon.control).st_ino
    second = farm.make()
    for mine, name in (("agent", "ORAKEY_AGENT_SOCK"), ("control", "ORAKEY_CONTROL_SOCK")):
        second.env[name] = str(getattr(daemon, mine))
        run = second.fails()
        assert run.returncode == UNAVAILABLE and str(getattr(daemon, mine)) in one_line(run)
        second.env[name] = str(getattr(second, mine))
    assert not second.agent.exists() and not second.control.exists()
    assert (os.lstat(daemon.agent).st_ino, os.lstat(daemon.control).st_ino) == before
    assert daemon.get("/v1/key").json["generation"] == generation


def test_a_second_daemon_on_the_same_state(farm, served):
    daemon = served
    second = farm.make()
    run = second.fails("--state-dir", daemon.folder / "state")
    assert run.returncode == UNAVAILABLE and str(daemon.folder / "state") in one_line(run)
    assert daemon.get("/v1/key").status == 200 and daemon.status()["alarms"] == []


# Folders


@needs_root
@pytest.mark.parametrize("which", ["agent", "control"])
def test_a_socket_folder_of_somebody_else(chainless, which):
    daemon = chainless.make()
    folder = daemon.folder / "foreign"
    folder.mkdir(mode=0o755)
    os.chown(folder, STRANGER, STRANGER)
    daemon.env[f"ORAKEY_{which.upper()}_SOCK"] = str(folder / "a.sock")
    run = daemon.fails(unlocked=False)
    assert run.returncode == NOT_PERMITTED and str(folder) in one_line(run) and str(STRANGER) in run.stderr
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("mode", [0o775, 0o757])
def test_a_socket_folder_that_others_can_write(chainless, mode):
    daemon = chainless.make()
    folder = daemon.folder / "open"
    folder.mkdir()
    folder.chmod(mode)
    daemon.env["ORAKEY_AGENT_SOCK"] = str(folder / "a.sock")
    run = daemon.fails(unlocked=False)
    assert run.returncode == NOT_PERMITTED and str(folder) in one_line(run) and "chmod" in run.stderr
    folder.chmod(mode | 0o1000)
    daemon.start(unlocked=False, wait=False)
    eventually("a sticky folder is good enough", lambda: (folder / "a.sock").exists())


def test_a_socket_folder_that_is_not_there(chainless):
    daemon = chainless.make()
    daemon.env["ORAKEY_AGENT_SOCK"] = str(daemon.folder / "nowhere" / "a.sock")
    run = daemon.fails(unlocked=False)
    assert run.returncode == NOT_PERMITTED and "nowhere" in one_line(run)


@needs_root
def test_a_daemon_of_a_user_in_the_folder_of_another(chainless):
    """As that user: also a folder that it could write to by its mode is not trusted."""
    daemon = chainless.make()
    theirs = daemon.folder / "theirs"
    theirs.mkdir()
    program = theirs / "orakeyd"
    shutil.copy(daemon.programs / "orakeyd", program)
    for path in (daemon.folder.parent, daemon.folder, theirs):
        path.chmod(0o755)
    for path in (daemon.config, daemon.wallet, daemon.passphrase):
        shutil.copy(path, theirs)
        os.chown(theirs / path.name, STRANGER, STRANGER)
    config = theirs / daemon.config.name
    config.write_text(config.read_text().replace(str(daemon.wallet), str(theirs / daemon.wallet.name)))
    foreign, state = daemon.folder / "foreign", daemon.folder / "foreign-state"
    for path in (foreign, state):
        path.mkdir()
        path.chmod(0o777)
        os.chown(path, STRANGER + 1, STRANGER + 1)

    def run(agent, state):
        return subprocess.run(
            [program, "--config", config, "--state-dir", state, "--agent-socket", agent / "a.sock", "--control-socket", agent / "c.sock"],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, user=STRANGER, group=STRANGER, extra_groups=[],
            env={"PATH": os.environ["PATH"]}, timeout=20)

    own = daemon.folder / "own"
    own.mkdir(mode=0o700)
    os.chown(own, STRANGER, STRANGER)
    refused = run(foreign, own / "state")
    assert refused.returncode == NOT_PERMITTED and str(STRANGER + 1) in one_line(refused)
    refused = run(own, state)
    assert refused.returncode == NOT_PERMITTED and str(state) in one_line(refused)
    # root's folders can't be written to, and orakeyd says so.
    refused = run(theirs, own / "state")
    assert refused.returncode in (73, NOT_PERMITTED) and str(theirs) in one_line(refused)


@pytest.mark.parametrize("mode", [0o750, 0o705])
def test_a_state_folder_that_is_open_to_others(chainless, mode):
    daemon = chainless.make()
    state = daemon.folder / "state"
    state.mkdir()
    state.chmod(mode)
    run = daemon.fails()
    assert run.returncode == NOT_PERMITTED and str(state) in one_line(run) and "chmod" in run.stderr
