"""Wallets, passphrases and words that are wrong: each ends in an error that says what to do."""

import json
import os
import pty
import re
import select
import sqlite3

import pytest
from mnemonic import Mnemonic
from support.daemon import PASSPHRASE, ask, eventually
from support.errors import one_line, told
from support.quick import chainless, farm, key_file, served, world  # noqa: F401 (fixtures)
from support.rawhttp import RawConnection, request

USAGE, BAD_DATA, NO_INPUT, NOT_PERMITTED = 64, 65, 66, 77
WORDS = Mnemonic("english")


def change(path, sql: str):
    connection = sqlite3.connect(path)
    connection.execute(sql)
    connection.commit()
    connection.close()


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
        assert told(unlock(body, kind))[:2] == (400, "bad_request")
    status, code, message = told(unlock(b"incorrect horse"))
    assert (status, code) == (403, "wrong_passphrase")
    assert "incorrect" not in message
    assert told(unlock(PASSPHRASE.encode()))[:2] == (429, "rate_limited"), "too soon, right or wrong"
    eventually("the right one opens it after a pause", lambda: unlock(PASSPHRASE.encode()).status == 200)
    assert daemon.status()["owner"] == daemon.address
    assert "incorrect" not in daemon.log_text() and PASSPHRASE not in daemon.log_text()


def test_a_daemon_without_a_passphrase_starts_locked(farm):
    daemon = farm.make()
    daemon.start(unlocked=False)
    assert told(daemon.get("/v1/key"))[:2] == (423, "locked")
    health = daemon.get("/v1/health")
    assert (health.status, health.json["status"]) == (503, "locked")
    for call, body in (("keys", {"count": 1}), ("rotate", {})):
        assert told(daemon.post(f"/v1/{call}", body))[:2] == (423, "locked")
    assert daemon.orakey("get", check=False).returncode == 75
    assert daemon.orakey("status", "--json", check=False).returncode == 0

    daemon.orakey("unlock", "--passphrase-file", daemon.passphrase)
    daemon.wait_for_key()
    daemon.orakey("lock")
    assert told(daemon.get("/v1/key"))[:2] == (423, "locked")

    # Asked for on the terminal, which does not show it.
    screen, status = on_terminal(daemon, ["unlock"], [("assphrase", PASSPHRASE)])
    assert status == 0 and PASSPHRASE not in screen
    assert daemon.get("/v1/key").status == 200


def test_a_lock_has_no_exceptions(served):
    """A caller that asks to lock a part must not believe that it was heard."""
    assert told(served.post("/v1/lock", {"network": "OTHER"}))[:2] == (400, "bad_request")
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
