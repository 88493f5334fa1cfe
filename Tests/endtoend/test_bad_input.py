"""Everything that can be wrong with what orakeyd and orakey are given: each ends in an error that says what to do."""

import json
import os
import pty
import re
import select
import shutil
import sqlite3
import subprocess

import pytest
from eth_account import Account
from mnemonic import Mnemonic
from support.daemon import PASSPHRASE, ask, eventually
from support.quick import DEAD_ENDPOINT, STRANGER, chainless, farm, key_file, needs_root, served, world  # noqa: F401 (fixtures)
from support.rawhttp import RawConnection, request

NEGATIVE, USAGE, BAD_DATA, NO_INPUT, UNAVAILABLE, NOT_PERMITTED, CONFIGURATION = 1, 64, 65, 66, 69, 77, 78
WORDS = Mnemonic("english")


def one_line(run: subprocess.CompletedProcess) -> str:
    """What a program that ended in an error said: one line on stderr, nothing secret, nothing on stdout."""
    assert run.stdout == ""
    assert run.stderr.count("\n") == 1 and run.stderr.endswith("\n"), run.stderr
    assert PASSPHRASE not in run.stderr
    return run.stderr


def error_of(answer) -> tuple[int, str, str]:
    """(status, code, message with the hint)"""
    error = answer.json["error"]
    return answer.status, error["code"], f"{error['message']}; {error.get('hint') or ''}"


# Wallet and passphrase


def test_a_wrong_passphrase_at_start(chainless):
    daemon = chainless.make()
    daemon.passphrase.write_text("incorrect horse\n")
    run = daemon.fails()
    assert run.returncode == NOT_PERMITTED
    assert "wrong passphrase" in one_line(run) and "incorrect" not in run.stderr
    assert not daemon.agent.exists() and not daemon.control.exists()


def test_a_wrong_passphrase_at_unlock(chainless):
    daemon = chainless.make()
    daemon.start(unlocked=False)

    def unlock(passphrase: bytes, kind="application/octet-stream"):
        return ask(daemon.control, "POST", "/v1/unlock", passphrase, {"Content-Type": kind})

    assert daemon.status()["owner"] is None
    for body, kind in ((b"", "application/octet-stream"), (b"x" * 1025, "application/octet-stream"),
                       (b'{"passphrase":"x"}', "application/json")):
        assert error_of(unlock(body, kind))[:2] == (400, "bad_request")
    status, code, message = error_of(unlock(b"incorrect horse"))
    assert (status, code) == (403, "wrong_passphrase")
    assert "incorrect" not in message
    assert error_of(unlock(PASSPHRASE.encode()))[:2] == (429, "rate_limited"), "too soon, right or wrong"
    eventually("the right one opens it after a pause", lambda: unlock(PASSPHRASE.encode()).status == 200)
    assert daemon.status()["owner"] == daemon.address
    assert "incorrect" not in daemon.log_text() and PASSPHRASE not in daemon.log_text()


def test_a_daemon_without_a_passphrase_starts_locked(farm):
    daemon = farm.make()
    daemon.start(unlocked=False)
    assert error_of(daemon.get("/v1/key"))[:2] == (423, "locked")
    health = daemon.get("/v1/health")
    assert (health.status, health.json["status"]) == (503, "locked")
    for call, body in (("keys", {"count": 1}), ("rotate", {})):
        assert error_of(daemon.post(f"/v1/{call}", body))[:2] == (423, "locked")
    assert daemon.orakey("get", check=False).returncode == 75
    assert daemon.orakey("status", "--json", check=False).returncode == 0

    daemon.orakey("unlock", "--passphrase-file", daemon.passphrase)
    daemon.wait_for_key()
    daemon.orakey("lock")
    assert error_of(daemon.get("/v1/key"))[:2] == (423, "locked")

    # Asked for on the terminal, which does not show it.
    screen, status = on_terminal(daemon, ["unlock"], [("assphrase", PASSPHRASE)])
    assert status == 0 and PASSPHRASE not in screen
    assert daemon.get("/v1/key").status == 200


def test_a_lock_has_no_exceptions(served):
    """A caller that asks to lock a part must not believe that it was heard."""
    assert error_of(served.post("/v1/lock", {"network": "OTHER"}))[:2] == (400, "bad_request")
    assert served.get("/v1/key").status == 200


def test_a_lock_during_an_unlock_is_the_last_word(farm):
    daemon = farm.make()
    daemon.write_wallet(key_file(daemon.private_key, kdf="pbkdf2", iterations=3_000_000))
    daemon.start(unlocked=False)
    with RawConnection(daemon.control) as connection:
        connection.send(
            request("POST", "/v1/unlock", "Content-Type: application/octet-stream", body=PASSPHRASE.encode()))
        assert daemon.control_get("/v1/status")["state"] == "locked", "the unlock takes a second"
        assert daemon.post("/v1/lock").status == 200
        connection.answer()
    assert daemon.control_get("/v1/status")["state"] == "locked"


def test_a_revocation_while_locked(farm, world):
    daemon = farm.make()
    daemon.start()
    first = daemon.wait_for_key()
    daemon.settle()
    daemon.post("/v1/lock")
    accepted = daemon.post("/v1/revoke", {"key": first["key"], "reason": "leaked"})
    assert accepted.status == 202 and accepted.json["fingerprints"] == [first["fingerprint"]]
    assert daemon.post("/v1/revoke", {"all": True}).json == accepted.json, "once is enough"
    assert daemon.keys()[0]["state"] == "disabling"
    daemon.stop()
    daemon.start(unlocked=False)
    daemon.orakey("unlock", "--passphrase-file", daemon.passphrase)
    assert daemon.wait_for_key()["fingerprint"] != first["fingerprint"]
    daemon.settle()
    assert not world.contract.view("isActive", daemon.address, bytes.fromhex(first["message"][2:]))


def on_terminal(daemon, arguments, dialogue) -> tuple[str, int]:
    """Runs orakey on a terminal of its own; types each answer once its question is on the screen."""
    process, terminal = pty.fork()
    if process == 0:
        os.execve(daemon.programs / "orakey", ["orakey", *arguments], daemon.env)
    screen, waiting = "", list(dialogue)
    while True:
        assert select.select([terminal], [], [], 60)[0], screen
        try:
            part = os.read(terminal, 4096)
        except OSError:
            part = b""
        if not part:
            break
        screen += part.decode(errors="replace")
        if waiting and waiting[0][0] in screen:
            os.write(terminal, waiting.pop(0)[1].encode() + b"\n")
    os.close(terminal)
    return screen, os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def altered(wallet: dict, *path) -> dict:
    """The wallet with one hex digit of the member changed."""
    copy = json.loads(json.dumps(wallet))
    place = copy
    for name in path[:-1]:
        place = place[name]
    text = place[path[-1]]
    place[path[-1]] = text[:-1] + ("0" if text[-1] != "0" else "1")
    return copy


WALLETS = {
    "empty": (lambda w: "", BAD_DATA, "not valid"),
    "truncated": (lambda w: json.dumps(w)[:-40], BAD_DATA, "not valid"),
    "not JSON": (lambda w: "wallet", BAD_DATA, "not valid"),
    "a list": (lambda w: "[]", BAD_DATA, "not valid"),
    "trailing bytes": (lambda w: json.dumps(w) + "x", BAD_DATA, "not valid"),
    "version 4": (lambda w: {**w, "version": 4}, BAD_DATA, "version"),
    "no crypto": (lambda w: {k: v for k, v in w.items() if k != "crypto"}, BAD_DATA, "crypto"),
    "another cipher": (lambda w: {**w, "crypto": {**w["crypto"], "cipher": "aes-256-gcm"}}, BAD_DATA, "cipher"),
    "altered ciphertext": (lambda w: altered(w, "crypto", "ciphertext"), NOT_PERMITTED, "altered"),
    "altered mac": (lambda w: altered(w, "crypto", "mac"), NOT_PERMITTED, "altered"),
    "altered salt": (lambda w: altered(w, "crypto", "kdfparams", "salt"), NOT_PERMITTED, "altered"),
    "altered iv": (lambda w: altered(w, "crypto", "cipherparams", "iv"), BAD_DATA, "address"),
    "another address": (lambda w: {**w, "address": "11" * 20}, BAD_DATA, "address"),
    "too many rounds": (
        lambda w: {**w, "crypto": {**w["crypto"], "kdfparams": {**w["crypto"]["kdfparams"], "c": 2**31}}}, BAD_DATA, "not in"),
}


@pytest.mark.parametrize("name", WALLETS)
def test_a_damaged_wallet_file(chainless, name):
    change, status, words = WALLETS[name]
    daemon = chainless.make()
    daemon.write_wallet(change(key_file(daemon.private_key)))
    run = daemon.fails()
    assert run.returncode == status, run.stderr
    assert words in one_line(run)
    # The command line says the same.
    run = daemon.orakey("wallet", "address", "--wallet", daemon.wallet, "--passphrase-file", daemon.passphrase, check=False)
    assert run.returncode == status and words in one_line(run)


def test_a_wallet_file_that_is_not_there(chainless):
    daemon = chainless.make()
    daemon.wallet.unlink()
    run = daemon.fails()
    assert run.returncode == NO_INPUT and str(daemon.wallet) in one_line(run)
    daemon.wallet.mkdir()
    run = daemon.fails()
    assert run.returncode in (BAD_DATA, NO_INPUT) and str(daemon.wallet) in one_line(run)


@pytest.mark.parametrize("which", ["wallet", "passphrase"])
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o622])
def test_secrets_that_others_can_read(chainless, which, mode):
    daemon = chainless.make()
    path = getattr(daemon, which)
    path.chmod(mode)
    run = daemon.fails()
    assert run.returncode == NOT_PERMITTED
    assert str(path) in one_line(run) and "chmod" in run.stderr


def test_a_passphrase_file_that_is_not_there(chainless):
    daemon = chainless.make()
    daemon.passphrase.unlink()
    run = daemon.fails()
    assert run.returncode == NO_INPUT and str(daemon.passphrase) in one_line(run)


@pytest.mark.parametrize("descriptor", ["99", "-1"])
def test_a_passphrase_descriptor_that_is_not_open(chainless, descriptor):
    run = chainless.make().fails(f"--passphrase-fd={descriptor}", unlocked=False)
    assert run.returncode in (USAGE, NO_INPUT) and descriptor in run.stderr


# Words


def import_words(daemon, words: str):
    return daemon.orakey(
        "wallet", "import", "--mnemonic", "--wallet", daemon.folder / "new.json", "--passphrase-file", daemon.passphrase,
        check=False, stdin=words)


@pytest.mark.parametrize("position,wrong,nearest", [(1, "legel", "legal"), (6, "yelow", "yellow"), (12, "yellwo", "yellow")])
def test_a_wrong_word_is_named_and_the_nearest_suggested(chainless, position, wrong, nearest):
    daemon = chainless.make()
    words = "legal winner thank year wave sausage worth useful legal winner thank yellow".split()
    words[position - 1] = wrong
    run = import_words(daemon, " ".join(words) + "\n")
    assert run.returncode == BAD_DATA
    line = one_line(run)
    assert f"word {position}" in line and f'"{wrong}"' in line and f'"{nearest}"' in line
    assert not any(word in line for word in ("winner", "sausage")), "the other words stay secret"
    assert not (daemon.folder / "new.json").exists()


def test_words_whose_checksum_is_wrong(chainless):
    daemon = chainless.make()
    words = WORDS.generate(128).split()
    words[0], words[1] = words[1], words[0]
    while WORDS.check(" ".join(words)):
        words[0] = WORDS.wordlist[(WORDS.wordlist.index(words[0]) + 1) % 2048]
    run = import_words(daemon, " ".join(words))
    assert run.returncode == BAD_DATA and "checksum" in one_line(run)
    assert not any(re.search(rf"\b{word}\b", run.stderr) for word in words if len(word) > 4)


@pytest.mark.parametrize("words,said", [("", "12, 15, 18, 21 or 24"), ("legal " * 11, "not 11"), ("legal " * 25, "not 25"), ("x" * 2000, "longer")])
def test_words_of_another_number(chainless, words, said):
    run = import_words(chainless.make(), words)
    assert run.returncode == BAD_DATA and said in one_line(run)


# The chain

FAULTS = {
    "garbage": ({"*": {"http": {"status": 200, "body": "<html>not JSON</html>"}}}, "unusable answer"),
    "an error page": ({"*": {"http": {"status": 502, "body": "Bad Gateway"}}}, "502"),
    "closed connections": ({"*": {"disconnect": True}}, ""),
    "results of the wrong type": ({"eth_getBlockByNumber": {"result": 7}}, ""),
    "an error": ({"*": {"error": {"code": -32603, "message": "internal error"}}}, "internal error"),
    # The last, because such an endpoint is not asked again for some time.
    "another chain": ({"eth_chainId": {"result": "0x1"}}, "serves chain 1 where chain 31337 is configured"),
}


def chain_alarm(daemon) -> str | None:
    return next((a["message"] for a in daemon.status()["alarms"] if a["code"] == "chain_unreachable"), None)


def test_a_chain_that_fails_leaves_confirmed_keys_in_use(farm, world):
    """One daemon with a key, started against one bad endpoint after the other."""
    daemon = farm.make(endpoint="moody")
    daemon.start()
    key = daemon.wait_for_key()["key"]
    daemon.settle()

    def is_served():
        answer = daemon.get("/v1/key")
        return answer.status == 200 and answer.json["key"] == key and daemon.get("/v1/health").status == 200

    for name, (methods, words) in FAULTS.items():
        daemon.stop()
        world.chain.rpc("dev_setFaults", {"methods": methods}, endpoint="moody")
        daemon.start()
        assert is_served(), name
        message = eventually(f"an alarm with {name}", lambda: chain_alarm(daemon))
        assert words in message, name
        assert is_served(), name
        endpoint = daemon.status()["endpoints"][0]
        assert endpoint["error"] and not endpoint["url"].endswith("moody"), "paths may hold access tokens"
        world.chain.rpc("dev_clearFaults", endpoint="moody")
        if name != "another chain":
            eventually(f"the alarm is over after {name}", lambda: not daemon.alarms())
    log = daemon.log_text()
    assert "moody" not in log and "<html>" not in log


def test_a_dead_endpoint(farm, world):
    daemon = farm.make()
    daemon.start()
    key = daemon.wait_for_key()["key"]
    daemon.settle()
    daemon.stop()
    daemon.network["rpc"] = [DEAD_ENDPOINT]
    daemon.configure()
    daemon.start()
    assert daemon.get("/v1/key").json["key"] == key
    assert "127.0.0.1" in eventually("an alarm", lambda: chain_alarm(daemon))
    # A revocation takes effect here and now, and goes out when the chain is back.
    fingerprint = daemon.get("/v1/key").json["fingerprint"]
    assert daemon.post("/v1/revoke", {"key": key}).status == 202
    assert error_of(daemon.get("/v1/key"))[:2] == (503, "no_key")
    daemon.stop()
    daemon.network["rpc"] = [DEAD_ENDPOINT, world.chain.url]
    daemon.configure()
    daemon.start()
    assert daemon.wait_for_key()["fingerprint"] != fingerprint, "the second endpoint is enough"
    daemon.settle()
    revoked = next(k for k in daemon.keys() if k["fingerprint"] == fingerprint)
    assert revoked["state"] == "disabled"
    assert not world.contract.view("isActive", daemon.address, bytes.fromhex(revoked["message"][2:]))


def test_an_endpoint_that_never_answers(farm, world):
    daemon = farm.make(endpoint="mute")
    daemon.start()
    daemon.wait_for_key()
    daemon.settle()
    world.chain.rpc("dev_setFaults", {"methods": {"*": {"hold": "before"}}}, endpoint="mute")
    try:
        world.chain.rpc("dev_awaitHeld", endpoint="mute")
        # Nobody waits for the chain who need not.
        assert daemon.get("/v1/key").status == 200
        assert daemon.post("/v1/rotate", {}).status == 202
        assert daemon.orakey("status", "--json").returncode == 0
        assert daemon.stop() == 0
    finally:
        world.chain.rpc("dev_clearFaults", endpoint="mute")


def test_a_view_that_is_too_old_is_refused_where_configured(farm, world):
    daemon = farm.make(endpoint="ageing")
    daemon.configure(limits={"max_chain_age": "1s"})
    daemon.start()
    daemon.wait_for_key()
    world.chain.rpc("dev_setFaults", {"methods": {"*": {"disconnect": True}}}, endpoint="ageing")
    try:
        eventually("the key is refused", lambda: error_of(daemon.get("/v1/key"))[:2] == (503, "chain_stale")
                   if daemon.get("/v1/key").status != 200 else False)
        assert daemon.get("/v1/health").json["status"] == "chain_stale"
    finally:
        world.chain.rpc("dev_clearFaults", endpoint="ageing")
    daemon.wait_for_key()


def test_no_code_at_the_address(farm):
    daemon = farm.make()
    address = Account.create().address
    daemon.network["contract"] = address
    daemon.contract = None
    daemon.configure()
    daemon.start()
    message = eventually("an alarm", lambda: next((a["message"] for a in daemon.status()["alarms"]), None))
    assert address in message and "no" in message and "contract" in message.lower()
    assert error_of(daemon.get("/v1/key"))[:2] == (503, "no_key")


def test_no_funds_for_gas(farm):
    daemon = farm.make(fund=0)
    daemon.start()
    alarm = eventually(
        "an alarm", lambda: next((a for a in daemon.status()["alarms"] if a["code"] == "insufficient_funds"), None))
    assert daemon.address in alarm["message"] and re.search(r"\d", alarm["message"]), "where to send how much"
    assert (daemon.status()["balance"], daemon.get("/v1/key").status) == ("0", 503)
    daemon.fund(daemon.address)
    daemon.wait_for_key()
    eventually("the alarm is over", lambda: "insufficient_funds" not in daemon.alarms())


def test_no_contract_yet(farm):
    daemon = farm.make(contract=False)
    daemon.start()
    assert daemon.alarms() == {"no_contract"}
    status, code, message = error_of(daemon.post("/v1/keys", {"count": 1}))
    assert (status, code) == (409, "no_contract") and "contract deploy" in message
    assert error_of(daemon.get("/v1/key"))[:2] == (503, "no_key")
    run = daemon.orakey("keys", "create", check=False)
    assert run.returncode == CONFIGURATION and "contract deploy" in run.stderr
    # Configured later, with the same state.
    daemon.stop()
    daemon.contract = farm.contract
    daemon.configure()
    daemon.start()
    daemon.wait_for_key()


# Requests


@pytest.mark.parametrize("call,body,wrong,nearest", [
    ("keys", {"cuont": 3}, "cuont", "count"), ("keys", {"count": 1, "netwrok": "BASE"}, "netwrok", "network"),
    ("rotate", {"grace_second": 3}, "grace_second", "grace_seconds"), ("rotate", {"consumers": "a"}, "consumers", "consumer"),
    ("revoke", {"all": True, "resaon": "x"}, "resaon", "reason"), ("revoke", {"finger_print": "x"}, "finger_print", "fingerprint"),
])
def test_unknown_fields_are_refused_with_the_nearest(served, call, body, wrong, nearest):
    daemon = served
    before = daemon.intents(), daemon.keys()
    status, code, message = error_of(daemon.post(f"/v1/{call}", body))
    assert (status, code) == (400, "bad_request")
    assert wrong in message and re.search(rf"\b{nearest}\b", message)
    assert (daemon.intents(), daemon.keys()) == before


@pytest.mark.parametrize("body,expected", [
    ({}, (400, "bad_request")), ({"all": False}, (400, "bad_request")), ({"all": True, "consumer": "default"}, (400, "bad_request")),
    ({"fingerprint": "SHA256:00"}, (400, "bad_request")), ({"fingerprint": "SHA256:" + "0" * 16}, (404, "unknown_key")),
    ({"message": "0x12"}, (400, "bad_request")), ({"message": "0x" + "0" * 64}, (404, "unknown_key")),
    ({"consumer": "nobody"}, (404, "unknown_consumer")), ({"key": "BASE:5F"}, (400, "malformed_key")), ({"key": ""}, (400, "malformed_key")),
    ({"all": True, "reason": "a" * 257}, (400, "bad_request")),
])
def test_revocations_of_nothing(served, body, expected):
    daemon = served
    before = daemon.keys()
    assert error_of(daemon.post("/v1/revoke", body))[:2] == expected
    assert daemon.keys() == before


def test_keys_of_somebody_else_are_not_revoked(farm, served):
    daemon = served
    stranger = farm.make()
    key = stranger.orakey(
        "derive", "--message", "0x" + "1" * 64, "--network", "BASE", "--wallet", stranger.wallet, "--passphrase-file",
        stranger.passphrase).stdout.strip()
    assert error_of(daemon.post("/v1/revoke", {"key": key}))[:2] == (404, "unknown_key")
    assert error_of(daemon.post("/v1/revoke", {"key": key.replace("BASE:", "OTHER:")}))[:2] == (404, "unknown_network")
    assert key not in daemon.log_text()


@pytest.mark.parametrize("call,body", [("keys", {"count": 1, "network": "OTHER"}), ("rotate", {"network": "OTHER"})])
def test_unknown_networks(served, call, body):
    assert error_of(served.post(f"/v1/{call}", body))[:2] == (404, "unknown_network")


def test_malformed_keys_to_inspect(served):
    daemon = served
    key = daemon.get("/v1/key").json["key"]
    assert daemon.orakey("inspect", "-", stdin=key).returncode == 0
    network, text = key.split(":")
    for wrong in ("", "\n", "BASE", ":" + text, "base:" + text, network + ":", key + "0", key[:-1], key + key, f"{network}: {text}",
                  key.replace("5F", "5f", 1), "1" + text, network + ":1" + text, "\0", "x" * 100_000):
        run = daemon.orakey("inspect", "-", check=False, stdin=wrong)
        assert run.returncode == NEGATIVE, (wrong[:20], run)
        assert run.stderr + run.stdout and text not in run.stdout + run.stderr and text[5:50] not in run.stdout + run.stderr


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


# The journal


def test_a_journal_of_a_newer_program(chainless):
    daemon = chainless.make()
    daemon.start()
    assert daemon.stop() == 0
    journal = daemon.folder / "state" / "journal.sqlite"
    change(journal, "PRAGMA user_version = 1000")
    before = journal.read_bytes()
    daemon.start()
    eventually("the alarm says so", lambda: "journal_newer" in daemon.alarms())
    alarm = next(a for a in daemon.status()["alarms"] if a["code"] == "journal_newer")
    assert "schema 1000" in alarm["message"] and str(journal) in alarm["message"]
    assert daemon.get("/v1/key").status != 200
    assert daemon.stop() == 0
    assert journal.read_bytes() == before


def test_a_database_of_another_program(chainless):
    daemon = chainless.make()
    state = daemon.folder / "state"
    state.mkdir(mode=0o700)
    change(state / "journal.sqlite", "CREATE TABLE cats (name TEXT)")
    run = daemon.fails()
    assert run.returncode == BAD_DATA and "not a journal" in one_line(run)


def change(path, sql: str):
    connection = sqlite3.connect(path)
    connection.execute(sql)
    connection.commit()
    connection.close()


@pytest.mark.parametrize("damage", ["no database", "a page", "the beginning only"])
def test_a_corrupt_journal_is_set_aside(farm, damage):
    daemon = farm.make()
    daemon.start()
    daemon.wait_for_key()
    daemon.settle()
    assert daemon.stop() == 0
    journal = daemon.folder / "state" / "journal.sqlite"
    content = bytearray(journal.read_bytes())
    match damage:
        case "no database": content = bytearray(b"this is no database, but long enough to be looked at. " * 100)
        case "a page": content[4096:4096 + 2048] = b"\xff" * 2048
        case "the beginning only": del content[6000:]
    journal.write_bytes(content)
    daemon.start()
    eventually("the alarm says so", lambda: "journal_corrupt" in daemon.alarms())
    aside = journal.with_name("journal.sqlite.corrupt")
    assert aside.read_bytes() == content
    assert daemon.wait_for_key()["generation"] == 1, "a fresh start"


def test_a_journal_that_cannot_be_written(farm):
    """Whoever revokes must know that it is not on disk; the key is out of circulation all the same."""
    daemon = farm.make()
    daemon.start()
    daemon.wait_for_key()
    daemon.settle()
    other = sqlite3.connect(daemon.folder / "state" / "journal.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    answer = daemon.post("/v1/revoke", {"consumer": "default"})
    assert error_of(answer)[:2] == (503, "journal_unavailable") and "journal" in error_of(answer)[2]
    assert error_of(daemon.get("/v1/key"))[:2] == (503, "no_key")
    assert "journal_failed" in daemon.alarms()
    other.execute("ROLLBACK")
    other.close()
    assert daemon.post("/v1/revoke", {"consumer": "default"}).status == 202
    eventually("the alarm is over", lambda: "journal_failed" not in daemon.alarms())
    daemon.wait_for_key()


@pytest.mark.parametrize("what,words", [("contract", "another"), ("chain_id", "another"), ("wallet", "another state directory")])
def test_a_journal_of_another_deployment(farm, keys_on, what, words):
    """The configuration changed under a journal: its keys would be taken for keys of the new place."""
    daemon = farm.make()
    daemon.start()
    daemon.wait_for_key()
    daemon.stop()
    match what:
        case "contract": daemon.contract = keys_on(farm.chain)
        case "chain_id": daemon.network["chain_id"] = 8453
        case "wallet": daemon.make_wallet()
    daemon.configure()
    run = daemon.fails()
    assert run.returncode in (BAD_DATA, CONFIGURATION)
    assert words in one_line(run) and "BASE" in run.stderr


# Configuration

MISTAKES = {
    "not YAML": ("wallet: [", 2, "YAML"),
    "unknown key": ("walet: { keystore: w.json }\nnetworks: {}", 1, "wallet"),
    "unknown key below": ("wallet: { keystore: w.json }\nnetworks:\n  BASE:\n    chain_id: 1\n    rcp: [x]", 5, "rpc"),
    "wrong type": ("wallet: { keystore: w.json }\nnetworks:\n  BASE:\n    chain_id: base", 4, "chain_id"),
    "bad address": ('wallet: { keystore: w.json }\nnetworks:\n  BASE:\n    chain_id: 1\n    rpc: ["http://a"]\n    contract: "0x12"', 6, ""),
    "bad duration": ('wallet: { keystore: w.json }\nnetworks:\n  BASE: { chain_id: 1, rpc: ["http://a"], poll_interval: 2x }', 3, ""),
    "unknown user": ('wallet: { keystore: w.json }\nnetworks:\n  BASE: { chain_id: 1, rpc: ["http://a"] }\nconsumers:\n  - { name: a, match: { uid: no-such-user } }', 5, "no-such-user"),
    "same socket": ('wallet: { keystore: w.json }\nnetworks:\n  BASE: { chain_id: 1, rpc: ["http://a"] }\nlisten: { agent: a.sock, control: a.sock }', 4, "control"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes_in_the_configuration(chainless, name):
    text, line, words = MISTAKES[name]
    daemon = chainless.make()
    daemon.config.write_text(text)
    for arguments in ([], ["--check-config"]):
        run = daemon.fails(*arguments)
        assert run.returncode == CONFIGURATION
        assert f"{daemon.config}:{line}:" in run.stderr and words in run.stderr, run.stderr
        assert run.stdout == ""
    assert not (daemon.folder / "state").exists()


def test_a_configuration_that_is_not_there(chainless):
    daemon = chainless.make()
    daemon.config.unlink()
    run = daemon.fails()
    assert run.returncode == CONFIGURATION and str(daemon.config) in one_line(run)


def test_a_good_configuration_is_only_checked(chainless):
    daemon = chainless.make()
    run = daemon.fails("--check-config", unlocked=False)
    assert (run.returncode, run.stderr) == (0, "") and "ok" in run.stdout
    assert not (daemon.folder / "state").exists()


@pytest.mark.parametrize("arguments", [["--nonsense"], ["extra"], ["--log-level", "loud"], ["--passphrase-fd", "x"], ["--passphrase-fd", "3"]])
def test_usage(chainless, arguments):
    run = chainless.make().fails(*arguments)  # with --passphrase-file, which excludes --passphrase-fd
    assert run.returncode == USAGE and run.stderr.endswith("; see orakeyd --help\n")


@pytest.mark.parametrize("path", ["/v1/reload", "/v1/intents/1/speedup", "/v1/intents/1/cancel"])
def test_calls_without_fields_take_none(own_chain, make_daemon, path):
    daemon = make_daemon(own_chain, pool={"target": 0})
    daemon.start()
    refused = daemon.post(path, {"unknown": 1})
    assert (refused.status, refused.json["error"]["code"]) == (400, "bad_request")
    assert daemon.post(path, b"{").status == 400
    wrong = ask(daemon.control, "GET", path)
    assert (wrong.status, wrong.headers["allow"]) == (405, "POST")
