"""What operators do with a running service: reload, adopt, steer, follow, measure."""

import json
import pathlib
import re
import shutil
import signal
import subprocess

from support.daemon import ask, eventually
from support.events import next_event
from support.mining import mining


def test_a_reload_takes_all_or_nothing(own_chain, make_daemon):
    daemon = make_daemon(own_chain, pool={"target": 1})
    daemon.consumers = [{"name": "app", "network": "BASE", "match": {"uid": 0}}]
    daemon.configure()
    daemon.start()
    with mining(own_chain):
        daemon.wait_for_key()
        daemon.consumers.append({"name": "second", "network": "BASE", "match": {"uid": 0}})
        daemon.configure()
        assert daemon.post("/v1/reload").status == 200
        eventually("the new consumer has a key", lambda: daemon.get("/v1/key?consumer=second").status == 200)
        assert daemon.get("/v1/key").status == 409, "two consumers fit now"

        daemon.config.write_text(daemon.config.read_text().replace('"name": "second"', '"nmae": "second"'))
        answer = daemon.post("/v1/reload")
        assert answer.status == 409 and "nmae" in answer.json["error"]["message"], answer
        assert daemon.get("/v1/key?consumer=second").status == 200, "a refused reload changes nothing"

        daemon.consumers.pop()
        daemon.configure()
        for _ in range(20):
            daemon.process.send_signal(signal.SIGHUP)
        eventually("SIGHUP reloads", lambda: daemon.get("/v1/key?consumer=second").status == 403)
        assert daemon.get("/v1/key").status == 200

        daemon.network["chain_id"] = 5
        daemon.configure()
        answer = daemon.post("/v1/reload")
        assert answer.status == 409 and "restart" in answer.json["error"]["message"]


def test_reload_from_the_command_line(own_chain, make_daemon):
    daemon = make_daemon(own_chain)
    daemon.start(unlocked=False)
    assert daemon.orakey("reload").stderr == "orakey: configuration reloaded\n"
    daemon.config.write_text("wallet: {")
    run = daemon.orakey("reload", check=False)
    assert run.returncode == 78 and "was not reloaded" in run.stderr and run.stderr.count("\n") == 1


def test_watch_ends_when_nobody_reads_it_any_more(own_chain, make_daemon):
    """Not only at the next event, which may be a day away."""
    daemon = make_daemon(own_chain)
    daemon.start(unlocked=False)
    watch = subprocess.Popen([daemon.programs / "orakey", "watch"], stdout=subprocess.PIPE, env=daemon.env)
    assert watch.stdout.readline() == b"locked\n"
    watch.stdout.close()
    try:
        assert watch.wait(30) == -signal.SIGPIPE
    finally:
        watch.kill()


def test_keys_of_a_lost_journal_come_back_and_wait_for_an_operator(own_chain, make_daemon):
    daemon = make_daemon(own_chain, pool={"target": 2})
    daemon.start()
    with mining(own_chain):
        first = daemon.wait_for_key()
        daemon.orakey("rotate", "--grace", "0s")
        daemon.settle()
        known = {k["message"]: k for k in daemon.keys()}
        assert daemon.stop() == 0
        shutil.rmtree(daemon.folder / "state")
        daemon.network["pool"] = {"target": 0}
        daemon.configure()
        daemon.start()
        fresh = daemon.wait_for_key()
        assert fresh["message"] not in known, "a key that was there before is not handed out"
        recovered = {k["message"]: k for k in daemon.keys() if k["message"] in known}
        assert recovered.keys() == known.keys()
        for message, row in recovered.items():
            assert row["fingerprint"] == known[message]["fingerprint"], "the same key, byte for byte"
            assert row["state"] == ("disabled" if message == first["message"] else "recovered")
        assert daemon.alarms() == set()
        alive = next(m for m, k in recovered.items() if k["state"] == "recovered")
        daemon.orakey("keys", "adopt", alive)
        assert next(k for k in daemon.keys() if k["message"] == alive)["state"] == "pooled"
        daemon.orakey("rotate", "--grace", "0s")
        assert daemon.get("/v1/key").json["message"] == alive


def test_a_create_is_cancelled_at_its_nonce(start_chain, make_daemon):
    chain = start_chain("--mine", "manual")
    chain.rpc("evm_setAutomine", True)
    daemon = make_daemon(chain, pool={"target": 0})
    chain.rpc("evm_setAutomine", False)
    daemon.start()
    intent = eventually("a create is on its way", lambda: next(
        (i for i in daemon.intents() if i["state"] == "broadcast"), None))
    daemon.orakey("intents", "cancel", intent["id"])
    eventually("the cancellation is sent", lambda: len(one(daemon, intent["id"])["attempts"]) == 2)
    chain.rpc("evm_mine", 3)
    eventually("it is cancelled", lambda: one(daemon, intent["id"])["state"] == "cancelled")
    owner = daemon.address
    assert chain.rpc("eth_getTransactionCount", owner, "latest") != "0x0"
    assert daemon.contract.view("keyCount", owner) == 0


def one(daemon, intent: int) -> dict:
    return daemon.control_get(f"/v1/intents/{intent}")


def test_events_tell_what_happens(own_chain, make_daemon):
    daemon = make_daemon(own_chain, pool={"target": 0})
    daemon.start(unlocked=False)
    stream = subprocess.Popen(
        ["curl", "-sN", "--unix-socket", daemon.control, "http://localhost/v1/events"], stdout=subprocess.PIPE, text=True)
    try:
        assert stream.stdout.readline().startswith(":")
        passphrase = daemon.passphrase.read_text().strip()
        answer = ask(daemon.control, "POST", "/v1/unlock", passphrase.encode(),
                     {"Content-Type": "application/octet-stream"})
        assert answer.status == 200, answer
        seen = []
        with mining(own_chain):
            while not any(name == "key" and data["state"] == "current" for name, data in seen):
                seen.append(next_event(stream))
        assert seen[0] == ("unlocked", {})
        states = [data["state"] for name, data in seen if name == "intent"]
        assert states[:3] == ["planned", "signed", "broadcast"]
        assert "key" not in {field for name, data in seen for field in data}
    finally:
        stream.kill()
        stream.communicate()


def test_a_revoker_is_appointed_and_withdrawn(own_chain, make_daemon):
    daemon = make_daemon(own_chain, pool={"target": 0})
    daemon.start()
    revoker = "0x" + "00" * 19 + "77"
    with mining(own_chain):
        daemon.wait_for_key()
        daemon.orakey("revoker", "set", revoker)
        assert daemon.contract.view("revokerOf", daemon.address).lower() == revoker
        daemon.orakey("revoker", "clear")
        assert int(daemon.contract.view("revokerOf", daemon.address), 16) == 0


def test_a_wallet_with_very_many_keys_is_read_in_few_calls(own_chain, make_daemon):
    """A million keys: count and status words, 256 keys a word, not one event or key a call."""
    count = 1_000_000
    daemon = make_daemon(own_chain, pool={"target": 0})
    contract = daemon.contract
    contract.set_up_keys(daemon.address, count, {0: 0b101, 3906: 1 << 63})
    own_chain.rpc("evm_mine", 3)
    before = calls(own_chain)
    daemon.start()
    with mining(own_chain, 1):
        eventually("all keys are in the journal", lambda: known(daemon) == count, 300)
        used = calls(own_chain) - before
        assert used <= 64, f"{used} calls"
        disabled = {k["message"] for k in daemon.keys("disabled")}
        assert disabled == {"0x" + contract.message(n).hex() for n in (1, 3, 3906 * 256 + 64)}
        fresh = daemon.wait_for_key(120)
        assert fresh["message"] == "0x" + contract.message(count + 1).hex()
        # One of the million can still be named, and dies.
        victim = "0x" + contract.message(777_777).hex()
        daemon.orakey("revoke", victim)
        assert not contract.view("isActive", daemon.address, contract.message(777_777))
    status = pathlib.Path(f"/proc/{daemon.process.pid}/status").read_text()
    resident = int(re.search(r"RssAnon:\s+(\d+) kB", status)[1])
    assert resident < 400_000, f"{resident} kB"


def known(daemon) -> int:
    text = ask(daemon.control, "GET", "/metrics", timeout=300).body.decode()
    return sum(int(float(line.rsplit(" ", 1)[1])) for line in text.splitlines() if line.startswith("orakeyd_keys{"))


def calls(chain) -> int:
    """How many JSON-RPC calls the chain has answered, those of the tests' own mining apart."""
    counts = chain.rpc("dev_calls")["methods"]
    return sum(n for method, n in counts.items() if method.startswith("eth_"))


def test_recovery_on_a_bare_host(own_chain, make_daemon):
    """From the words and the configuration to the same keys; none of them is handed out unasked."""
    daemon = make_daemon(own_chain, pool={"target": 3})
    daemon.start()
    with mining(own_chain):
        daemon.wait_for_key()
        daemon.orakey("rotate", "--grace", "0s")
        daemon.settle()
        known = {k["message"]: (k["fingerprint"], k["state"] == "disabled") for k in daemon.keys()}
        running = daemon.orakey("recover", "--config", daemon.config, "--state-dir", daemon.folder / "state",
                                "--passphrase-file", daemon.passphrase, check=False)
        assert running.returncode == 69 and "another orakeyd" in running.stderr
        daemon.stop()
        kept = daemon.orakey("recover", "--config", daemon.config, "--state-dir", daemon.folder / "state",
                             "--passphrase-file", daemon.passphrase, check=False)
        assert kept.returncode == 73 and "--replace" in kept.stderr
        done = daemon.orakey("recover", "--config", daemon.config, "--state-dir", daemon.folder / "state",
                             "--passphrase-file", daemon.passphrase, "--replace", "--json")
        summary = json.loads(done.stdout)["networks"][0]
        assert (summary["active"], summary["disabled"]) == (
            sum(not dead for _, dead in known.values()), sum(dead for _, dead in known.values()))
        assert (daemon.folder / "state" / "journal.sqlite.replaced").exists()
        daemon.network["pool"] = {"target": 0}
        daemon.consumers = []
        daemon.configure()
        daemon.start()
        found = {k["message"]: (k["fingerprint"], k["state"] == "disabled") for k in daemon.keys()}
        assert found == known
        assert {k["state"] for k in daemon.keys()} == {"recovered", "disabled"}
        assert daemon.get("/v1/key").status == 403


def test_a_recovery_that_fails_changes_nothing(own_chain, make_daemon, tmp_path):
    daemon = make_daemon(own_chain, pool={"target": 1})
    daemon.start()
    with mining(own_chain):
        daemon.wait_for_key()
        daemon.settle()
    daemon.stop()
    state = daemon.folder / "state"
    kept = (state / "journal.sqlite").read_bytes()
    names = sorted(file.name for file in state.iterdir())

    def recover(config, passphrase):
        return daemon.orakey("recover", "--config", config, "--state-dir", state, "--passphrase-file", passphrase,
                             "--replace", check=False)

    # The first network recovers, the second can't.
    broken = json.loads(daemon.config.read_text())
    network = next(iter(broken["networks"].values()))
    broken["networks"]["OTHER"] = network | {"rpc": ["http://127.0.0.1:4"]}
    half = tmp_path / "half.yaml"
    half.write_text(json.dumps(broken))
    wrong = tmp_path / "wrong"
    wrong.write_text("wrong")
    wrong.chmod(0o600)
    for config, passphrase in [(half, daemon.passphrase), (daemon.config, wrong), (half, daemon.passphrase)]:
        assert recover(config, passphrase).returncode != 0
        assert sorted(file.name for file in state.iterdir()) == names
        assert (state / "journal.sqlite").read_bytes() == kept
    for name in ["journal.sqlite.replaced", "journal.sqlite.replaced-2"]:
        assert recover(daemon.config, daemon.passphrase).returncode == 0
        assert (state / name).exists()
    assert (state / "journal.sqlite.replaced").read_bytes() == kept


def test_a_revocation_is_proven_to_others(own_chain, make_daemon, tmp_path):
    daemon = make_daemon(own_chain, pool={"target": 1})
    daemon.start()
    with mining(own_chain):
        key = daemon.wait_for_key()
        early = daemon.orakey("keys", "proof", key["fingerprint"], check=False)
        assert early.returncode != 0 and "no settled disable" in early.stderr
        daemon.orakey("revoke", key["fingerprint"])
        proof = daemon.orakey("keys", "proof", key["fingerprint"]).stdout
    daemon.stop()
    file = tmp_path / "proof.json"
    file.write_text(proof)
    check = daemon.orakey("keys", "check-proof", file, "--config", daemon.config, "--owner", key["owner"],
                          "--message", key["message"])
    assert "proven: " in check.stdout and "not proven: " in check.stdout
    block = own_chain.rpc("eth_getBlockByNumber", hex(json.loads(proof)["block_number"]), False)
    assert json.loads(proof)["block_hash"] == block["hash"]
    daemon.orakey("keys", "check-proof", file, "--config", daemon.config, "--canonical-hash", block["hash"])
    other = daemon.orakey("keys", "check-proof", file, "--config", daemon.config, "--message", "0x" + "11" * 32, check=False)
    assert other.returncode == 1
    forged = json.loads(proof)
    forged["message"] = forged["message"][:-1] + ("0" if forged["message"][-1] != "0" else "1")
    file.write_text(json.dumps(forged))
    assert daemon.orakey("keys", "check-proof", file, "--config", daemon.config, check=False).returncode == 1
    file.write_text("{}")
    assert daemon.orakey("keys", "check-proof", file, "--config", daemon.config, check=False).returncode == 65
