"""The commands that talk to the daemon: what they send, what they print, and how they end."""

import json
import os
import signal
import subprocess

import pytest
from support.places import binaries

from .scripted_daemon import Answer, error

KEY = "BASE:5FHqPlaceholderOfAKey"
DETAILS = {
    "network": "BASE", "owner": "0x" + "11" * 20, "message": "0x" + "22" * 32, "fingerprint": "SHA256:0123456789abcdef",
    "consumer": "chatbot", "generation": 3, "created_block": 17, "not_after": None,
}
ROW = {
    "fingerprint": "SHA256:0123456789abcdef", "network": "BASE", "owner": "0x" + "11" * 20, "message": "0x" + "22" * 32,
    "consumer": "chatbot", "state": "current", "generation": 3, "created_block": 17, "created_tx": "0x" + "33" * 32,
    "disabled_block": None, "disabled_tx": None, "reason": None,
}
ACCEPTED = {"intents": [5], "fingerprints": ["SHA256:0123456789abcdef"]}


def intent(state="confirmed", **fields):
    return Answer(body={
        "id": 5, "kind": "create", "network": "BASE", "state": state, "nonce": 1, "attempts": [], "block": 18,
        "messages": [], "error": None, **fields})


# get


def test_get_prints_the_key_and_nothing_else(shell, daemon):
    daemon.script["GET", "/v1/key"] = Answer(body=KEY.encode() + b"\n", content_type="text/plain")
    done = shell.orakey("get")
    assert (done.code, done.out, done.err) == (0, KEY + "\n", "")
    assert daemon.requests[0].headers["Accept"] == "text/plain"


def test_get_narrows_and_prints_json(shell, daemon):
    daemon.script["GET", "/v1/key"] = Answer(body={"key": KEY, **DETAILS})
    done = shell.orakey("get", "--json", "--consumer", "a b&c", "--network", "BASE")
    assert json.loads(done.out) == {"key": KEY, **DETAILS}
    assert daemon.requests[0].query == {"consumer": "a b&c", "network": "BASE"}


def test_get_by_the_full_parser_is_the_same(shell, daemon):
    daemon.script["GET", "/v1/key"] = Answer(body=KEY.encode() + b"\n", content_type="text/plain")
    assert shell.orakey("get", "--consumer=chatbot").out == KEY + "\n"
    assert daemon.requests[0].query == {"consumer": "chatbot"}


@pytest.mark.parametrize("status, code, expected", [
    (503, "no_key", 75), (423, "locked", 75), (503, "chain_stale", 75), (429, "rate_limited", 75), (403, "forbidden", 77),
    (409, "ambiguous", 64), (404, "unknown_consumer", 65), (500, "internal", 70), (503, "of_a_newer_daemon", 75),
])
def test_refusals_have_their_exit_code_and_one_line(shell, daemon, status, code, expected):
    daemon.script["GET", "/v1/key"] = error(status, code)
    done = shell.orakey("get")
    assert (done.code, done.out) == (expected, "")
    assert done.line() == "what happened; what to do"


def test_something_else_on_the_socket(shell, daemon):
    daemon.script["GET", "/v1/key"] = Answer(500, b"<html>", "text/html")
    assert shell.orakey("get").code == 70


def test_a_socket_that_this_user_may_not_use(shell, daemon):
    command = [binaries() / "orakey", "get"]
    if os.geteuid() == 0:
        command = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", *command]
    daemon.path.chmod(0o000)
    done = shell.run(*command)
    assert done.code == 77
    assert "no permission" in done.line()


# keys


def test_keys_list_follows_the_pages(shell, daemon):
    rows = [{**ROW, "fingerprint": f"SHA256:{number:016x}"} for number in range(3)]
    daemon.script["GET", "/v1/keys"] = lambda request: Answer(body=(
        {"keys": rows[:2], "next": "2"} if "after" not in request.query else {"keys": rows[2:], "next": None}))
    done = shell.orakey("keys", "list", "--json")
    assert json.loads(done.out) == {"keys": rows}
    done = shell.orakey("keys")
    assert [line.split()[0] for line in done.out.splitlines()] == ["FINGERPRINT", *(row["fingerprint"] for row in rows)]
    assert "\x1b" not in done.out


def test_json_keeps_what_this_version_does_not_know(shell, daemon):
    daemon.script["GET", "/v1/keys"] = Answer(body={"keys": [{**ROW, "state": "frozen", "new": 2**64}], "next": None})
    done = shell.orakey("keys", "list", "--json", "--state", "current")
    assert json.loads(done.out)["keys"][0]["new"] == 2**64
    assert daemon.requests[0].query["state"] == "current"


def test_create_waits_under_one_name_until_it_is_confirmed(shell, daemon):
    daemon.script["POST", "/v1/keys"] = [Answer(202, ACCEPTED), Answer(202, ACCEPTED), Answer(200, ACCEPTED)]
    daemon.script["GET", "/v1/intents/5"] = intent()
    done = shell.orakey("keys", "create", "-n", "4", "--network", "BASE")
    assert (done.code, done.out) == (0, ACCEPTED["fingerprints"][0] + "\n"), done.err
    assert done.line() == "4 keys created on chain"
    calls = daemon.calls("/v1/keys")
    assert [call.json for call in calls] == [{"count": 4, "network": "BASE"}] * 3
    assert len({call.headers["Idempotency-Key"] for call in calls}) == 1
    assert calls[0].query == {} and calls[1].query["wait"] == "confirmed"


def test_no_wait_and_json(shell, daemon):
    daemon.script["POST", "/v1/keys"] = Answer(202, ACCEPTED)
    done = shell.orakey("keys", "create", "--no-wait", "--json")
    assert (done.code, json.loads(done.out)) == (0, ACCEPTED)
    assert len(daemon.requests) == 1


def test_two_commands_have_two_names(shell, daemon):
    daemon.script["POST", "/v1/keys"] = Answer(200, ACCEPTED)
    shell.orakey("keys", "create", "--no-wait")
    shell.orakey("keys", "create", "--no-wait")
    first, second = daemon.calls("/v1/keys")
    assert first.headers["Idempotency-Key"] != second.headers["Idempotency-Key"]


def test_lost_answer_is_asked_for_again_under_the_same_name(shell, daemon):
    daemon.script["POST", "/v1/rotate"] = [Answer(lost=True), Answer(200, ACCEPTED)]
    daemon.script["GET", "/v1/intents/5"] = intent()
    assert shell.orakey("rotate").code == 0
    first, second = daemon.calls("/v1/rotate")
    assert first.headers["Idempotency-Key"] == second.headers["Idempotency-Key"]


def test_time_is_up(shell, daemon):
    daemon.script["POST", "/v1/keys"] = Answer(202, ACCEPTED)
    done = shell.orakey("keys", "create", "--timeout", "0")
    assert done.code == 75
    assert "intent 5" in done.line() and "not confirmed" in done.line()


def test_an_intent_that_failed_is_not_success(shell, daemon):
    daemon.script["POST", "/v1/keys"] = Answer(200, ACCEPTED)
    daemon.script["GET", "/v1/intents/5"] = intent("failed", error="reverted: bad count")
    done = shell.orakey("keys", "create")
    assert done.code == 1
    assert "bad count" in done.line()


# rotate, revoke, lock


@pytest.mark.parametrize("arguments, body", [
    ([], {}), (["--consumer", "chatbot"], {"consumer": "chatbot"}), (["--grace", "10m"], {"grace_seconds": 600}),
    (["--network", "BASE", "--grace", "0s"], {"network": "BASE", "grace_seconds": 0}),
])
def test_rotate(shell, daemon, arguments, body):
    daemon.script["POST", "/v1/rotate"] = Answer(200, ACCEPTED)
    daemon.script["GET", "/v1/intents/5"] = intent()
    assert shell.orakey("rotate", *arguments).code == 0
    assert daemon.calls("/v1/rotate")[0].json == body


@pytest.mark.parametrize("arguments, body", [
    (["SHA256:0123456789abcdef"], {"fingerprint": "SHA256:0123456789abcdef"}),
    (["0x" + "22" * 32], {"message": "0x" + "22" * 32}), (["--consumer", "chatbot"], {"consumer": "chatbot"}),
    (["--all", "--reason", 'said "so"'], {"all": True, "reason": 'said "so"'}),
])
def test_revoke(shell, daemon, arguments, body):
    daemon.script["POST", "/v1/revoke"] = Answer(200, ACCEPTED)
    daemon.script["GET", "/v1/intents/5"] = intent()
    assert shell.orakey("revoke", *arguments).code == 0
    assert daemon.calls("/v1/revoke")[0].json == body


@pytest.mark.parametrize("reason", [None, 'in "public"\\'])
def test_revoke_by_the_key_from_standard_input(shell, daemon, light_wallet, passphrase, reason):
    key = shell.orakey(
        "derive", "--wallet", light_wallet, "--passphrase-file", passphrase, "--message", "0x" + "00" * 31 + "01").out.strip()
    daemon.script["POST", "/v1/revoke"] = Answer(200, ACCEPTED)
    done = shell.orakey("revoke", "-", "--no-wait", *(["--reason", reason] if reason else []), stdin=key + "\n")
    assert done.code == 0, done.err
    assert daemon.calls("/v1/revoke")[0].json == {"key": key, **({"reason": reason} if reason else {})}
    assert key not in done.out + done.err


def test_a_malformed_key_never_reaches_the_daemon(shell, daemon):
    done = shell.orakey("revoke", "-", stdin="BASE:nonsense\n")
    assert done.code == 1 and daemon.requests == []
    assert "nonsense" not in done.err


def test_reload_tells_why_not(shell, daemon):
    daemon.script["POST", "/v1/reload"] = Answer(body={"status": "reloaded"})
    done = shell.orakey("reload")
    assert (done.code, done.line()) == (0, "configuration reloaded")
    daemon.script["POST", "/v1/reload"] = error(409, "conflict", "line 7")
    done = shell.orakey("reload")
    assert (done.code, done.line()) == (78, "line 7; what to do")


def test_unlock_sends_the_passphrase_as_it_is(shell, daemon, passphrase):
    daemon.script["POST", "/v1/unlock"] = Answer(body={"state": "unlocked"})
    done = shell.orakey("unlock", "--passphrase-file", passphrase)
    assert (done.code, done.line()) == (0, "unlocked")
    assert daemon.requests[0].body == passphrase.read_bytes().rstrip(b"\n")
    assert daemon.requests[0].headers["Content-Type"] == "application/octet-stream"


def test_wrong_passphrase_is_not_permitted(shell, daemon, passphrase):
    daemon.script["POST", "/v1/unlock"] = error(403, "wrong_passphrase")
    assert shell.orakey("unlock", "--passphrase-file", passphrase).code == 77


def test_revoker(shell, daemon):
    daemon.script["POST", "/v1/revoker"] = Answer(200, {"intents": [], "fingerprints": []})
    assert shell.orakey("revoker", "set", "0x" + "ab" * 20).code == 0
    assert shell.orakey("revoker", "clear", "--network", "BASE").code == 0
    first, second = daemon.calls("/v1/revoker")
    assert first.json["address"].lower() == "0x" + "ab" * 20
    assert second.json == {"address": None, "network": "BASE"}


@pytest.mark.parametrize("arguments, body", [
    (["SHA256:0123456789abcdef"], {"fingerprint": "SHA256:0123456789abcdef"}),
    (["0x" + "22" * 32], {"message": "0x" + "22" * 32}), (["--all", "--network", "BASE"], {"all": True, "network": "BASE"}),
])
def test_adopt(shell, daemon, arguments, body):
    daemon.script["POST", "/v1/keys/adopt"] = Answer(200, {"fingerprints": ["SHA256:0123456789abcdef"]})
    done = shell.orakey("keys", "adopt", *arguments)
    assert (done.code, done.out) == (0, "SHA256:0123456789abcdef\n")
    assert daemon.requests[0].json == body


@pytest.mark.parametrize("verb, state", [("speedup", "broadcast"), ("cancel", "broadcast"), ("cancel", "cancelled")])
def test_steering_an_intent(shell, daemon, verb, state):
    daemon.script["POST", f"/v1/intents/5/{verb}"] = Answer(202, intent(state).body)
    done = shell.orakey("intents", verb, "5")
    assert done.code == 0 and f"intent 5 is {state}" in done.line()
    assert json.loads(shell.orakey("intents", verb, "5", "--json").out)["state"] == state


# status, watch


def test_status(shell, daemon):
    status = {
        "version": "0.1.0", "uptime_seconds": 61, "state": "unlocked", "consumers": [
            {"name": "chatbot", "network": "BASE", "generation": 3, "fingerprint": "SHA256:0123456789abcdef"}],
        "networks": [{
            "network": "BASE", "chain_id": 8453, "contract": None, "owner": "0x" + "11" * 20, "head": 17,
            "head_age_seconds": 2, "lag_blocks": 0, "balance": "1500000000000000000",
            "pool": {"ready": 3, "target": 4, "pending": 1}, "pending_intents": 1,
            "alarms": [{"code": "low_balance", "message": "little is left", "since": 1}],
            "endpoints": [{"url": "https://base.example/...", "healthy": False, "error": "timed out"}]}],
    }
    daemon.script["GET", "/v1/status"] = Answer(body=status)
    assert json.loads(shell.orakey("status", "--json").out) == status
    text = shell.orakey("status").out
    for part in ("unlocked", "1.5 ETH", "3 of 4 ready", "low_balance: little is left", "timed out", "generation"):
        assert part in text or part.upper() in text


def test_watch(shell, daemon):
    stream = (
        f": hello\n\nevent: key\ndata: {json.dumps({'key': KEY, **DETAILS})}\n\n"
        f"event: revoked\ndata: {json.dumps({key: DETAILS[key] for key in ('network', 'consumer', 'message', 'fingerprint')})}\n\n"
        "event: locked\ndata: {}\n\n")
    daemon.script["GET", "/v1/watch"] = Answer(body=stream.encode(), content_type="text/event-stream")
    done = shell.orakey("watch")
    assert done.out.splitlines() == [
        "key SHA256:0123456789abcdef generation 3 BASE chatbot", "revoked SHA256:0123456789abcdef", "locked"]
    assert done.code == 69
    assert KEY not in done.out
    events = [json.loads(line) for line in shell.orakey("watch", "--json").out.splitlines()]
    assert [event["event"] for event in events] == ["key", "revoked", "locked"]
    assert events[0]["data"]["key"] == KEY


def test_watch_without_standard_output_does_not_print_into_its_socket(shell, daemon):
    event = f"event: key\ndata: {json.dumps({'key': KEY, **DETAILS})}\n\n"
    daemon.script["GET", "/v1/watch"] = Answer(body=event.encode(), content_type="text/event-stream")
    run = subprocess.run(
        [binaries() / "orakey", "watch"], env=shell.environment, preexec_fn=lambda: os.close(1), stderr=subprocess.PIPE,
        text=True)
    assert run.returncode == 74
    assert run.stderr == "orakey: cannot write to standard output: Bad file descriptor\n"


# exec


@pytest.fixture
def handing_out(daemon):
    daemon.script["GET", "/v1/key"] = Answer(body=KEY.encode() + b"\n", content_type="text/plain")
    return daemon


def test_exec_gives_the_key_in_the_environment(shell, handing_out):
    shell.environment["ORA_API_KEY"] = "old"
    done = shell.orakey("exec", "--", "sh", "-c", 'printf "%s %s" "$ORA_API_KEY" "$1"', "sh", "--json")
    assert (done.code, done.out) == (0, f"{KEY} --json")
    done = shell.orakey("exec", "--env", "OPENAI_API_KEY", "--", "sh", "-c", 'echo "$OPENAI_API_KEY $ORA_API_KEY"')
    assert done.out == f"{KEY} old\n"


def test_exec_keeps_the_key_out_of_every_argument_list(shell, handing_out):
    done = shell.orakey("exec", "--", "cat", "/proc/self/cmdline")
    assert KEY not in done.out


@pytest.mark.parametrize("command, code", [
    (["sh", "-c", "exit 7"], 7), (["no-such-command"], 127), (["/etc/passwd"], 126), (["sh", "-c", "kill -TERM $$"], -signal.SIGTERM)])
def test_exec_s_exit_code_is_the_command_s(shell, handing_out, command, code):
    assert shell.orakey("exec", "--", *command).code == code


def test_exec_without_a_key_is_125(shell, daemon):
    daemon.script["GET", "/v1/key"] = error(503, "no_key")
    done = shell.orakey("exec", "--", "true")
    assert done.code == 125 and done.line() == "what happened; what to do"


def test_the_front_loads_no_heavy_library(shell):
    libraries = subprocess.run(["ldd", binaries() / "orakey"], capture_output=True, text=True).stdout
    for name in ("libcurl", "libcrypto", "libsqlite3", "libsecp256k1", "libsodium", "libFoundation"):
        assert name not in libraries


def two_keys(daemon, first="BASE:first", second="BASE:second"):
    """The key changes as soon as the stream has been opened a second time."""
    def key(_):
        changed = len(daemon.calls("/v1/watch")) > 1
        return Answer(body=(second if changed else first).encode() + b"\n", content_type="text/plain")

    daemon.script["GET", "/v1/key"] = key
    event = f"event: key\ndata: {json.dumps({'key': first, **DETAILS})}\n\n"
    daemon.script["GET", "/v1/watch"] = Answer(body=event.encode(), content_type="text/event-stream")


def test_exec_restarts_the_command_with_the_new_key(shell, daemon):
    two_keys(daemon)
    script = 'echo "$ORA_API_KEY"; [ "$ORA_API_KEY" = BASE:second ] && exit 7; exec sleep 100'
    done = shell.orakey("exec", "--on-rotate", "restart", "--", "sh", "-c", script)
    assert (done.code, done.out) == (7, "BASE:first\nBASE:second\n")


def test_exec_restarts_with_the_key_of_the_moment_when_the_command_has_ended(shell, daemon):
    """Changes that come while it takes its time to end are not missed."""
    def key(_):
        asked = len(daemon.calls("/v1/key"))
        return Answer(body=f"BASE:{min(asked, 3)}\n".encode(), content_type="text/plain")

    event = f"event: key\ndata: {json.dumps({'key': 'BASE:2', **DETAILS})}\n\n"
    daemon.script["GET", "/v1/key"] = key
    daemon.script["GET", "/v1/watch"] = Answer(body=event.encode(), content_type="text/event-stream")
    script = 'echo "$ORA_API_KEY"; [ "$ORA_API_KEY" = BASE:3 ] && exit 7; exec sleep 100'
    done = shell.orakey("exec", "--on-rotate", "restart", "--", "sh", "-c", script)
    assert (done.code, done.out) == (7, "BASE:1\nBASE:3\n")


def test_exec_signals_the_command_once_when_the_key_has_changed(shell, daemon):
    two_keys(daemon)
    script = 'trap "echo changed; exit 3" USR1; echo ready; while :; do sleep 0.1; done'
    done = shell.orakey("exec", "--on-rotate", "USR1", "--", "sh", "-c", script)
    assert (done.code, done.out) == (3, "ready\nchanged\n")


def test_exec_passes_signals_on_and_dies_like_the_command(shell, handing_out):
    daemon = handing_out
    daemon.script["GET", "/v1/watch"] = error(503, "no_key")
    process = subprocess.Popen(
        [binaries() / "orakey", "exec", "--on-rotate", "restart", "--", "sh", "-c", "echo $$; exec sleep 100"],
        env=shell.environment, stdout=subprocess.PIPE, text=True)
    child = int(process.stdout.readline())
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == -signal.SIGTERM
    process.stdout.close()
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)


def test_a_command_does_not_outlive_its_exec(shell, handing_out):
    """Not even one that was killed and could pass nothing on."""
    handing_out.script["GET", "/v1/watch"] = error(503, "no_key")
    script = 'trap "echo ended; exit" TERM; echo ready; while :; do sleep 0.1; done'
    process = subprocess.Popen(
        [binaries() / "orakey", "exec", "--on-rotate", "restart", "--", "sh", "-c", script], env=shell.environment,
        stdout=subprocess.PIPE, text=True)
    with process.stdout as output:
        assert output.readline() == "ready\n"
        process.kill()
        assert process.wait(60) == -signal.SIGKILL
        assert output.read() == "ended\n"


@pytest.mark.parametrize("command, code", [(["no-such-command"], 127), (["sh", "-c", "exit 9"], 9)])
def test_exec_with_a_child_has_the_same_exit_codes(shell, handing_out, command, code):
    assert shell.orakey("exec", "--on-rotate", "HUP", "--", *command).code == code


def test_messages_of_others_cannot_paint_the_terminal(shell, daemon):
    daemon.script["GET", "/v1/key"] = error(503, "no_key", "a\x1b[2Jb\u202ec")
    assert shell.orakey("get").line() == "a?[2Jb?c; what to do"


def test_a_daemon_that_goes_while_the_chain_is_awaited(shell, daemon):
    daemon.script["POST", "/v1/keys"] = [Answer(202, ACCEPTED), Answer(lost=True)]
    done = shell.orakey("keys", "create")
    assert done.code == 75
    assert "intent 5 is journaled" in done.line()
