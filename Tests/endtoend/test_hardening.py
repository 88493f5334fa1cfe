"""What is left of the service's secrets for others on the host: tried from outside, on the real program."""

import os
import pathlib
import re
import resource
import shutil
import signal
import subprocess
import textwrap

import pytest
from support.daemon import ask, eventually
from support.memory import mappings, places
from support.quick import CONSUMER_A, STRANGER, curl_as, farm, needs_root, world  # noqa: F401 (fixtures)
from support.rawhttp import RawConnection

SERVICE = CONSUMER_A

pytestmark = needs_root


@pytest.fixture
def confined(farm, private_dir):
    """A daemon under a user of its own, as the unit runs it: no capabilities, a folder of its own to run in."""
    daemon = farm.make()
    run_in = daemon.folder / "cwd"
    run_in.mkdir()
    # Where the project lies may be closed to that user.
    installed = private_dir / "bin"
    installed.mkdir()
    for program in ("orakeyd", "orakey", "orakey-cli"):
        shutil.copy(daemon.programs / program, installed)
    daemon.programs = installed
    for path in [private_dir, installed, *installed.iterdir(), daemon.folder, *daemon.folder.rglob("*")]:
        os.chown(path, SERVICE, SERVICE)
    daemon.process_options = {"user": SERVICE, "group": SERVICE, "extra_groups": [], "cwd": run_in}
    return daemon


@pytest.fixture
def cores_allowed():
    """Children may dump core, as far as the limits go."""
    before = resource.getrlimit(resource.RLIMIT_CORE)
    try:
        resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    except ValueError:
        pytest.skip(f"core files are limited to {before[1]} bytes here, and the limit can't be raised")
    yield
    resource.setrlimit(resource.RLIMIT_CORE, before)


def end_by(pid: int, number: int) -> int:
    """Sends a signal that ends a process, and returns how it ended as the kernel says: killed, or killed and dumped."""
    os.kill(pid, number)
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT).si_code


def test_no_descriptor_of_its_own_has_the_number_of_a_standard_one(confined):
    """A log line would go into it."""
    confined.process_options["preexec_fn"] = lambda: os.closerange(0, 3)
    confined.start()
    assert [os.readlink(f"/proc/{confined.process.pid}/fd/{number}") for number in range(3)] == ["/dev/null"] * 3


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGABRT], ids=lambda number: number.name)
def test_a_crash_leaves_no_core_file(confined, cores_allowed, number):
    folder = confined.process_options["cwd"]
    bait = subprocess.Popen(["sleep", "1000"], **confined.process_options)
    assert end_by(bait.pid, number) == os.CLD_DUMPED, "this host writes no core files, so the test can't tell"
    bait.wait()
    for file in folder.iterdir():
        file.unlink()
    confined.start()
    confined.wait_for_key()
    assert end_by(confined.process.pid, number) == os.CLD_KILLED
    confined.kill()
    assert list(folder.iterdir()) == []


# Runs under the service's own user. Prints what worked.
THIEF = textwrap.dedent("""
    import ctypes, os, sys
    pid = int(sys.argv[1])
    libc = ctypes.CDLL(None, use_errno=True)
    libc.ptrace.argtypes = libc.syscall.argtypes = [ctypes.c_long] * 4
    done = []
    for name in ("mem", "environ", "maps", "smaps", "auxv", "syscall", "stack"):
        try:
            with open(f"/proc/{pid}/{name}", "rb") as file:
                if name != "mem":
                    file.read(1)
            done.append(name)
        except OSError:
            pass
    for name in ("exe", "cwd", "root"):
        try:
            os.readlink(f"/proc/{pid}/{name}")
            done.append(name)
        except OSError:
            pass
    try:
        os.listdir(f"/proc/{pid}/fd")
        done.append("fd")
    except OSError:
        pass
    PIDFD_GETFD = 438
    if libc.syscall(PIDFD_GETFD, os.pidfd_open(pid), 0, 0) >= 0:
        done.append("pidfd_getfd")
    ATTACH = 16
    if libc.ptrace(ATTACH, pid, 0, 0) == 0:
        done.append("ptrace")
    print(*done)
""")


def stolen(pid: int) -> set[str]:
    run = subprocess.run(
        ["setpriv", f"--reuid={SERVICE}", f"--regid={SERVICE}", "--clear-groups", "--bounding-set=-all",
         "--inh-caps=-all", "/usr/bin/python3", "-c", THIEF, str(pid)],
        capture_output=True, text=True, check=True, cwd="/")
    return set(run.stdout.split())


def test_the_same_user_reads_nothing_of_the_process(confined):
    ours = subprocess.Popen(["sleep", "1000"], **confined.process_options)
    try:
        eventually("the bait has become sleep", lambda: b"sleep" in pathlib.Path(f"/proc/{ours.pid}/cmdline").read_bytes())
        assert {"mem", "environ", "maps", "fd", "exe"} <= stolen(ours.pid), "the thief can't steal at all"
    finally:
        ours.kill()
        ours.wait()
    confined.start()
    confined.wait_for_key()
    assert stolen(confined.process.pid) == set()


def test_privileges_umask_and_limits(confined):
    confined.start()
    pid = confined.process.pid
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        status = dict(re.findall(r"^(\w+):\s*(.*)$", (task / "status").read_text(), re.MULTILINE))
        assert status["NoNewPrivs"] == "1"
        assert status["Umask"] == "0077"
        assert int(status["CapEff"], 16) == 0
    limits = pathlib.Path(f"/proc/{pid}/limits").read_text()
    assert re.search(r"^Max core file size\s+0\s+0\s", limits, re.MULTILINE)
    state = confined.folder / "state"
    assert state.stat().st_mode & 0o777 == 0o700
    made = [path for path in state.rglob("*") if path.is_file()]
    assert made and [path for path in made if path.stat().st_mode & 0o077] == []


def test_secrets_lie_in_locked_memory_that_no_dump_takes(confined):
    confined.start()
    key = confined.wait_for_key()
    needles = {"private key": confined.private_key, "passphrase": confined.passphrase.read_bytes().strip()}
    found = places(confined.process.pid, needles)
    assert {name for name, _ in found} == {"private key"}, "the passphrase is gone once the wallet is open"
    for name, mapping in found:
        assert {"lo", "dd"} <= mapping.flags, f"{name} in {mapping}"
    # The key a consumer has is kept the same way; beside it there are the buffers of answers.
    kept = [m for _, m in places(confined.process.pid, {"key": key["key"].encode()}) if {"lo", "dd"} <= m.flags]
    assert kept
    # Never the whole process.
    locked = sum(m.end - m.start for m in mappings(confined.process.pid) if "lo" in m.flags)
    assert locked < 2**20

    confined.orakey("lock")
    assert places(confined.process.pid, needles) == []


def test_exec_keeps_keys_in_locked_memory_alone(farm):
    """For as long as its command runs, and whatever the stream of changes brought."""
    daemon = farm.make()
    daemon.consumers = [{"name": "app", "match": {"uid": 0}}]
    daemon.configure()
    daemon.start()
    keys = [daemon.wait_for_key()["key"].encode()]
    script = "trap 'echo changed' HUP; echo ready; while :; do sleep 0.1; done"
    command = subprocess.Popen(
        [daemon.programs / "orakey", "exec", "--on-rotate", "HUP", "--", "sh", "-c", script], env=daemon.env,
        stdout=subprocess.PIPE)
    try:
        assert command.stdout.readline() == b"ready\n"
        daemon.orakey("rotate", "--no-wait")
        assert command.stdout.readline() == b"changed\n"
        keys.append(daemon.wait_for_key()["key"].encode())
        found = places(command.pid, {str(number): key for number, key in enumerate(keys)})
        assert "1" in {name for name, _ in found}
        assert [mapping for _, mapping in found if not {"lo", "dd"} <= mapping.flags] == []
    finally:
        command.kill()
        command.wait()
        command.stdout.close()


def test_a_passphrase_leaves_no_trace_wherever_it_was_sent(confined):
    confined.start()
    passphrase = confined.passphrase.read_bytes().strip()
    octets = {"Content-Type": "application/octet-stream"}
    head = b"POST /v1/unlock HTTP/1.1\r\nHost: x\r\nContent-Type: application/octet-stream\r\n"

    def left(where: str) -> list:
        return places(confined.process.pid, {where: passphrase})

    for where, path, target, headers in (
            ("where it belongs", confined.control, "/v1/unlock", octets), ("no octets", confined.control, "/v1/unlock", {}),
            ("another call", confined.control, "/v1/rotate", {}), ("no such call", confined.control, "/v1/nothing", octets),
            ("no such parameter", confined.control, "/v1/unlock?a=b", octets),
            ("a strange path", confined.control, "/%zz", octets), ("the other socket", confined.agent, "/v1/unlock", octets),
            ("a web page", confined.control, "/v1/unlock", {**octets, "Origin": "http://x"})):
        ask(path, "POST", target, passphrase, headers=headers)
        assert left(where) == []
    with RawConnection(confined.control) as connection:
        connection.send(head + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(passphrase), passphrase))
        assert connection.answer()[0] == 200
        assert left("in a chunk") == []
        connection.send(head + b"Content-Length: 1000\r\n\r\n" + passphrase)
    eventually("the connection that was cut off is gone", lambda: left("cut off") == [])


def test_a_limit_on_locked_memory_is_said(confined):
    before = resource.getrlimit(resource.RLIMIT_MEMLOCK)
    confined.process_options["preexec_fn"] = lambda: resource.setrlimit(resource.RLIMIT_MEMLOCK, (0, 0))
    confined.start()
    confined.wait_for_key()
    assert resource.getrlimit(resource.RLIMIT_MEMLOCK) == before
    assert "RLIMIT_MEMLOCK" in confined.log_text()


def test_no_secret_is_in_files_logs_environment_or_arguments(confined):
    confined.start("--log-format", "json")
    keys = [confined.wait_for_key()["key"]]
    confined.orakey("rotate", "--grace", "0s")
    keys.append(confined.get("/v1/key").json["key"])
    confined.settle()
    process = pathlib.Path(f"/proc/{confined.process.pid}")
    seen = {"environ": (process / "environ").read_bytes(), "cmdline": (process / "cmdline").read_bytes()}
    confined.stop()
    given = {confined.passphrase, confined.wallet}
    for path in confined.folder.rglob("*"):
        if path.is_file() and path not in given:
            seen[path.name] = path.read_bytes()
    assert {"journal.sqlite", "orakeyd.log"} <= seen.keys()
    secrets = [confined.passphrase.read_bytes().strip(), confined.private_key, confined.private_key.hex().encode()]
    secrets += [part.encode() for key in keys for part in (key, key.split(":")[1])]
    assert [(name, i) for name, content in seen.items() for i, secret in enumerate(secrets) if secret in content] == []


@pytest.mark.parametrize("capability, status", [("-all", 403), ("+sys_ptrace", 200)])
def test_executables_of_other_users_take_the_drop_ins_capability(confined, bin_dir, private_dir, capability, status):
    """As systemd starts it: with the one ambient capability of match-executables.conf, or with none."""
    confined.consumers = [
        {"name": "curl", "match": {"uid": STRANGER, "exe": os.path.realpath("/usr/bin/curl")}},
        {"name": "own", "match": {"uid": [0, SERVICE]}},
    ]
    confined.configure()
    programs = private_dir / "programs"
    programs.mkdir()
    for name in ["orakey", "orakey-cli"]:
        (programs / name).symlink_to(bin_dir / name)
    start = programs / "orakeyd"
    start.write_text(
        f"#!/bin/sh\nexec setpriv --reuid={SERVICE} --regid={SERVICE} --clear-groups --inh-caps={capability} "
        f'--ambient-caps={capability} {bin_dir / "orakeyd"} "$@"\n')
    start.chmod(0o755)
    confined.programs = programs
    confined.process_options = {}
    for folder in [confined.folder, private_dir]:
        folder.chmod(0o755)
    confined.start()
    eventually("both consumers have keys", lambda: len(confined.keys("current")) == 2)
    assert curl_as(STRANGER, confined.agent, "/v1/key")[0] == status
    assert stolen(confined.process.pid) == set()
