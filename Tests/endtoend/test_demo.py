"""etc/scripts/demo, with the programs under test."""

import os
import re
import signal
import subprocess

import pytest
from support.places import ROOT

DEMO = ROOT / "etc" / "scripts" / "demo"
MINUTES = 60


@pytest.fixture
def start_demo(bin_dir, private_dir):
    """Starts the demo with its temporary folder in `private_dir`."""
    started = []

    def start(**environment):
        environment = os.environ | {"ORAKEY_BIN": str(bin_dir), "TMPDIR": str(private_dir), "KEEP": ""} | environment
        started.append(
            subprocess.Popen(
                [DEMO], env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                start_new_session=True))
        return started[-1]

    yield start
    for process in started:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def processes_of(folder):
    """Processes that have a file of the folder open, or work in it."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if os.readlink(f"/proc/{pid}/cwd").startswith(str(folder)):
                found.append(int(pid))
        except OSError:
            pass
    return found


def test_it_goes_the_whole_way_and_leaves_nothing(start_demo, private_dir):
    demo = start_demo()
    output, _ = demo.communicate(timeout=5 * MINUTES)
    assert demo.returncode == 0, output
    keys = re.findall(r"^DEMO:5F\w+$", output, re.MULTILINE)
    assert keys[0] == keys[1], "orakey get and curl show the same key"
    assert len(set(keys)) == 3, "first, after the rotation, after the revocation"
    assert len(re.findall("not active at block", output)) == 2
    used = re.findall(r"^key used: (SHA256:\w+)$", output, re.MULTILINE)
    assert len(set(used)) == 2, "the call after the revocation went out with another key"
    assert '"code":"invalid_api_key"' in output, "the stolen copy was refused"
    assert os.listdir(private_dir) == []
    assert processes_of(private_dir) == []


def test_interrupted_it_cleans_up_too(start_demo, private_dir):
    demo = start_demo()
    for line in demo.stdout:
        if line.startswith("ready url="):
            break
    os.kill(demo.pid, signal.SIGTERM)
    demo.communicate(timeout=MINUTES)
    assert demo.returncode == 143
    assert os.listdir(private_dir) == []
    assert processes_of(private_dir) == []


def test_keep_leaves_it_running_until_it_is_stopped(start_demo, private_dir, bin_dir):
    demo = start_demo(KEEP="1")
    # The programs that stay hold no pipe of the demo: its output ends with it.
    output, _ = demo.communicate(timeout=5 * MINUTES)
    assert demo.returncode == 0, output
    exports = dict(re.findall(r"^export (ORAKEY_\w+)=(.*)$", output, re.MULTILINE))
    answer = subprocess.run(
        [bin_dir / "orakey", "get"], env=os.environ | exports, capture_output=True, text=True, timeout=MINUTES)
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.startswith("DEMO:5F")
    stop = re.search(r"^To stop it all and remove the folder: sh (.*)$", output, re.MULTILINE)
    running = processes_of(private_dir)
    assert len(running) == 4
    subprocess.run(["sh", stop[1]], check=True, timeout=MINUTES)
    assert os.listdir(private_dir) == []
    assert processes_of(private_dir) == []
