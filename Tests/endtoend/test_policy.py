"""Who is given which key: real users, groups, executables and control groups, and processes that take another's number."""

import contextlib
import http.client
import json
import os
import pathlib
import pwd
import shutil
import socket
import subprocess

import pytest
from support.daemon import UnixConnection, ask, eventually
from support.quick import CONSUMER_A, CONSUMER_B, STRANGER, curl_as, farm, needs_root, world  # noqa: F401 (fixtures)
from support.rawhttp import RawConnection

GROUP, OTHER_GROUP = 60_000, 60_001
# The system's: every user may run it.
PYTHON = "/usr/bin/python3"
CURL = os.path.realpath(shutil.which("curl"))
UNIFIED = pathlib.Path("/sys/fs/cgroup/unified" if os.path.isdir("/sys/fs/cgroup/unified") else "/sys/fs/cgroup")

pytestmark = needs_root


@pytest.fixture
def daemon(farm):  # noqa: F811
    """A daemon that every user can reach; the test says for whom it has keys."""
    made = farm.make()
    made.folder.parent.chmod(0o711)
    made.folder.chmod(0o711)
    return made


def serve(daemon, *matches, **settings):
    """Starts it with consumers c0, c1, ... of these rules, each with a key."""
    daemon.consumers = [{"name": f"c{i}", "match": match, **settings} for i, match in enumerate(matches)]
    daemon.configure()
    daemon.start()
    eventually("every consumer has a key", lambda: all(
        c["fingerprint"] for c in ask(daemon.control, "GET", "/v1/status").json["consumers"]))


def reload_with(daemon, *matches, **settings):
    daemon.consumers = [{"name": f"c{i}", "match": match, **settings} for i, match in enumerate(matches)]
    daemon.configure()
    assert daemon.post("/v1/reload").status == 200


def given(daemon, user, query="", groups=(), group=None, program=CURL, before=None):
    """The consumer whose key the user is given, else the error's code."""
    number = pwd.getpwnam(user).pw_uid if isinstance(user, str) else user
    # As root until setpriv, so that `before` may do what the user could not.
    become = ["setpriv", f"--reuid={number}", f"--regid={number if group is None else group}",
              f"--groups={','.join(map(str, groups))}" if groups else "--clear-groups"]
    run = subprocess.run(
        [*become, program, "-s", "--max-time", "30", "--unix-socket", daemon.agent, f"http://localhost/v1/key{query}"],
        capture_output=True, env={"PATH": os.environ["PATH"]}, preexec_fn=before, check=True)
    answer = json.loads(run.stdout)
    return answer.get("consumer") or answer["error"]["code"]


def reasons(daemon) -> set[str]:
    found = daemon.control_get("/v1/audit?limit=1000")["records"]
    return {d["reason"] for r in found if r["event"] == "denied" for d in r["details"]["requests"]}


def test_by_user(daemon):
    serve(daemon, {"uid": CONSUMER_A}, {"uid": [CONSUMER_B, "nobody"]})
    assert given(daemon, CONSUMER_A) == "c0"
    assert given(daemon, CONSUMER_B) == "c1"
    assert given(daemon, "nobody") == "c1", "users by name"
    assert given(daemon, STRANGER) == "forbidden"
    assert given(daemon, 0) == "forbidden", "root is nobody special here"
    assert given(daemon, STRANGER, "?consumer=c0") == "forbidden"
    eventually("the reason is in the audit", lambda: reasons(daemon) == {"no consumer for this user"})


def test_by_group(daemon):
    serve(daemon, {"gid": GROUP})
    assert given(daemon, STRANGER, group=GROUP) == "c0", "the primary group"
    assert given(daemon, STRANGER, groups=[OTHER_GROUP, GROUP]) == "c0", "a supplementary group"
    assert given(daemon, STRANGER, groups=[OTHER_GROUP]) == "forbidden"
    assert given(daemon, 0) == "forbidden"
    eventually("the reason is in the audit", lambda: reasons(daemon) == {"c0: not in the group"})


def test_by_executable(daemon):
    copy = daemon.folder / "curl"
    shutil.copy(CURL, copy)
    copy.chmod(0o755)
    serve(daemon, {"exe": CURL})
    assert given(daemon, STRANGER) == "c0"
    assert given(daemon, STRANGER, program=copy) == "forbidden", "the same bytes elsewhere"
    link = daemon.folder / "link"
    link.symlink_to(CURL)
    assert given(daemon, STRANGER, program=link) == "c0", "what runs counts, not how it was called"
    eventually("the reason is in the audit", lambda: reasons(daemon) == {"c0: another executable"})


@pytest.mark.parametrize("path", [CURL, "/mnt/bot"], ids=["there is one here, too", "there is none here"])
def test_an_executable_that_has_its_path_in_a_mount_namespace_only(daemon, path):
    """Which every user may make where user namespaces are allowed."""
    copy = daemon.folder / "curl"
    shutil.copy(CURL, copy)
    copy.chmod(0o755)
    serve(daemon, {"exe": [CURL, "/mnt/bot"]})
    script = """
        set -e
        if [ "$2" = /mnt/bot ]; then mount -t tmpfs none /mnt; touch /mnt/bot; fi
        mount --bind "$1" "$2"
        shift
        exec setpriv --reuid="$STRANGER" --regid="$STRANGER" --clear-groups "$@"
    """
    run = subprocess.run(
        ["unshare", "--mount", "sh", "-c", script, "sh", copy, path, "-s", "--unix-socket", daemon.agent, "http://localhost/v1/key"],
        capture_output=True, env={"PATH": os.environ["PATH"], "STRANGER": str(STRANGER)}, check=True)
    assert json.loads(run.stdout)["error"]["code"] == "forbidden"
    eventually("the reason is in the audit", lambda: reasons(daemon) == {"c0: another executable"})


@contextlib.contextmanager
def control_group(path: str):
    folder = UNIFIED / path
    made = []
    try:
        for part in [*reversed(folder.parents), folder]:
            if UNIFIED in part.parents and not part.exists():
                part.mkdir()
                made.append(part)
    except OSError as error:
        pytest.skip(f"control groups can't be made here: {error}")
    try:
        yield folder
    finally:
        for part in reversed(made):
            part.rmdir()


def test_by_systemd_unit(daemon):
    serve(daemon, {"unit": "orakey-bot.service"}, {"unit": "orakey-bots.slice"})

    def from_group(path):
        with control_group(path) as folder:
            return given(daemon, STRANGER, before=lambda: (folder / "cgroup.procs").write_text("0"))

    assert given(daemon, STRANGER) == "forbidden"
    assert from_group("orakey-test.slice/orakey-bot.service") == "c0"
    assert from_group("orakey-bots.slice/orakey-x.service") == "c1", "a slice stands for all in it"
    assert from_group("orakey-bots.slice/orakey-bot.service") == "ambiguous"
    assert from_group("orakey-test.slice/orakey-x.service") == "forbidden"
    # Whoever owns a subtree may make any name below it.
    assert from_group("orakey-test.slice/orakey-x.service/orakey-bot.service") == "forbidden"
    assert from_group("orakey-own/orakey-bot.service") == "forbidden"
    eventually("the reasons are in the audit", lambda: reasons(daemon) == {
        "c0: in no systemd unit", "c0: another systemd unit"})


def test_all_parts_of_a_rule_have_to_fit(daemon):
    copy = daemon.folder / "curl"
    shutil.copy(CURL, copy)
    copy.chmod(0o755)
    serve(daemon, {"uid": CONSUMER_A, "gid": GROUP, "exe": CURL, "unit": "orakey-all.service"})
    with control_group("orakey-test.slice/orakey-all.service") as folder:
        def enter():
            (folder / "cgroup.procs").write_text("0")

        assert given(daemon, CONSUMER_A, groups=[GROUP], before=enter) == "c0"
        assert given(daemon, CONSUMER_B, groups=[GROUP], before=enter) == "forbidden"
        assert given(daemon, CONSUMER_A, groups=[OTHER_GROUP], before=enter) == "forbidden"
        assert given(daemon, CONSUMER_A, groups=[GROUP], before=enter, program=copy) == "forbidden"
        assert given(daemon, CONSUMER_A, groups=[GROUP]) == "forbidden"


BECOME_A_SHELL = r"""
import http.client, os, socket, sys
connection = http.client.HTTPConnection("localhost")
connection.sock = socket.socket(socket.AF_UNIX)
connection.sock.connect(sys.argv[1])
connection.request("GET", "/v1/key")
answer = connection.getresponse()
answer.read()
print(answer.status, flush=True)
os.dup2(connection.sock.fileno(), 9)
os.execv("/bin/sh", ["/bin/sh", "-c", "printf 'GET /v1/key HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n' >&9; head -c 12 <&9"])
"""


def test_it_is_checked_at_each_request_of_a_connection(daemon):
    """A process that becomes another program keeps its connection, not its rights."""
    serve(daemon, {"exe": os.path.realpath(PYTHON)})
    run = subprocess.run(
        [PYTHON, "-c", BECOME_A_SHELL, daemon.agent], capture_output=True, text=True, user=STRANGER,
        group=STRANGER, extra_groups=[], check=True)
    assert run.stdout == "200\nHTTP/1.1 403"


def test_a_number_that_another_process_got_gives_no_rights(daemon):
    """The process that connected is gone; the one that has its pid now may have a key, and the connection may not."""
    serve(daemon, {"exe": os.path.realpath(shutil.which("sleep"))})
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    pid = os.fork()
    if pid == 0:
        try:
            connected = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            connected.connect(str(daemon.agent))
            connected.sendall(b"GET /v1/health HTTP/1.1\r\nHost: x\r\n\r\n")
            connected.recv(1, socket.MSG_PEEK)
            socket.send_fds(theirs, [b"x"], [connected.fileno()])
        finally:
            os._exit(0)
    _, [descriptor], _, _ = socket.recv_fds(ours, 1, 1)
    os.waitpid(pid, 0)
    successor = None
    try:
        for _ in range(200):
            pathlib.Path("/proc/sys/kernel/ns_last_pid").write_text(str(pid - 1))
            successor = subprocess.Popen(["sleep", "600"])
            if successor.pid == pid:
                break
            successor.kill()
            successor.wait()
        else:
            pytest.skip("somebody else is quicker to take numbers")
        connection = http.client.HTTPConnection("localhost")
        connection.sock = socket.socket(fileno=descriptor)
        connection.sock.settimeout(30)
        answer = b""
        connection.sock.sendall(b"GET /v1/key HTTP/1.1\r\nHost: x\r\n\r\n")
        while b"forbidden" not in answer:
            part = connection.sock.recv(65536)
            assert part and b'"key"' not in answer, answer
            answer += part
        connection.close()
    finally:
        if successor is not None:
            successor.kill()
            successor.wait()
        ours.close(), theirs.close()
    eventually("the reason is in the audit", lambda: "c0: the executable can't be read" in reasons(daemon))


def test_a_number_that_another_process_got_is_another_process_in_the_audit(daemon):
    """Both may have the key; each has its own record of it."""
    serve(daemon, {"uid": 0})
    get = ["curl", "-s", "-o", os.devnull, "--unix-socket", str(daemon.agent), "http://localhost/v1/key"]

    def run() -> int:
        process = subprocess.Popen(get)
        assert process.wait(60) == 0
        return process.pid

    pid = run()
    for _ in range(200):
        pathlib.Path("/proc/sys/kernel/ns_last_pid").write_text(str(pid - 1))
        if run() == pid:
            break
    else:
        pytest.skip("somebody else is quicker to take numbers")
    records = daemon.control_get("/v1/audit?limit=1000")["records"]
    assert [r["details"]["pid"] for r in records if r["event"] == "handed_out"].count(pid) == 2


def test_a_reload_drops_no_connection_and_counts_at_once(daemon):
    serve(daemon, {"uid": 0})
    connection = UnixConnection(daemon.agent)
    connection.connect()

    def status():
        connection.request("GET", "/v1/key")
        answer = connection.getresponse()
        body = json.loads(answer.read())
        return answer.status, body.get("consumer")

    own = connection.sock
    assert status() == (200, "c0")
    reload_with(daemon, {"uid": STRANGER})
    assert status() == (403, None)
    # A rule that needs more of the process than was asked when it connected.
    reload_with(daemon, {"uid": 0, "exe": os.path.realpath("/proc/self/exe")})
    assert status() == (200, "c0")
    reload_with(daemon, {"uid": 0, "exe": "/bin/other"})
    assert status() == (403, None)
    daemon.config.write_text("wallet: {")
    assert daemon.post("/v1/reload").status == 409
    assert status() == (403, None), "all or nothing"
    reload_with(daemon, {"uid": 0})
    assert status() == (200, "c0")
    assert connection.sock is own, "it was the same connection throughout"
    connection.close()


def test_a_consumers_rate(daemon):
    serve(daemon, {"uid": CONSUMER_A}, {"uid": CONSUMER_B})
    reload_with(daemon, {"uid": CONSUMER_A}, {"uid": CONSUMER_B}, rate_limit={"per_second": 1, "burst": 3})
    run = subprocess.run(
        ["curl", "-s", "-i", "--unix-socket", daemon.agent, *["http://localhost/v1/key"] * 6], capture_output=True, text=True,
        user=CONSUMER_A, group=CONSUMER_A, extra_groups=[])
    statuses = [line.split()[1] for line in run.stdout.splitlines() if line.startswith("HTTP/1.1 ")]
    assert statuses[:3] == ["200"] * 3 and "429" in statuses
    assert "retry-after: 1" in run.stdout.lower() and "rate_limited" in run.stdout
    assert curl_as(CONSUMER_B, daemon.agent, "/v1/key")[0] == 200, "another consumer has a rate of its own"
    eventually("it is in the audit", lambda: "c0: more than 1 requests a second" in reasons(daemon))
    eventually("it may ask again", lambda: curl_as(CONSUMER_A, daemon.agent, "/v1/key")[0] == 200)
