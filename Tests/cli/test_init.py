"""orakey init: one call sets everything up, a second one changes nothing."""

import fcntl
import json
import subprocess

import pytest
from eth_account import Account
from support.daemon import eventually
from support.devchain import throwaway_account
from support.places import binaries

from .conftest import PASSPHRASE, type_into

OWNER = throwaway_account(4)


def init(shell, chain, *options, stdin="", config="conf/orakeyd.yaml"):
    return shell.orakey(
        "init", "--config", config, "--network", "BASE", "--rpc", chain.url, "--passphrase-file", "passphrase", *options,
        stdin=stdin)


@pytest.fixture
def scripted(shell, passphrase, chain):
    """Set up around a wallet file that was there already, which costs no key derivation worth the name."""
    (shell.folder / "conf").mkdir(mode=0o700)
    shell.private_file("conf/wallet.json", json.dumps(Account.encrypt(OWNER.key, PASSPHRASE, kdf="scrypt", iterations=2)))
    done = init(shell, chain, "--deploy", "--confirmations", "1", "--json")
    assert done.code == 0, done.err
    return json.loads(done.out)


def contents(shell) -> dict:
    return {path.name: path.read_bytes() for path in (shell.folder / "conf").iterdir()}


def test_sets_up_wallet_configuration_and_contract(shell, passphrase, chain):
    done = init(shell, chain, "--private-key", "--deploy", "--confirmations", "1", "--json", stdin=OWNER.key.hex())
    assert done.code == 0, done.err
    facts = json.loads(done.out)
    assert facts["owner"] == OWNER.address
    assert facts["chain_id"] == chain.chain_id
    assert len(chain.rpc("eth_getCode", facts["contract"], "latest")) > 2
    assert f'contract: "{facts["contract"]}"' in (shell.folder / "conf" / "orakeyd.yaml").read_text()
    modes = {path.name: path.stat().st_mode & 0o777 for path in (shell.folder / "conf").iterdir()}
    assert set(modes.values()) == {0o600} and {"wallet.json", "orakeyd.yaml"} <= set(modes)
    assert (shell.folder / "conf").stat().st_mode & 0o777 == 0o700


def test_a_repeat_changes_nothing(shell, chain, scripted):
    before, nonce = contents(shell), chain.rpc("eth_getTransactionCount", OWNER.address, "latest")
    done = init(shell, chain, "--deploy", "--json")
    assert done.code == 0, done.err
    assert {**json.loads(done.out), "block": 0} == {**scripted, "block": 0, "balance": json.loads(done.out)["balance"]}
    assert contents(shell) == before
    assert chain.rpc("eth_getTransactionCount", OWNER.address, "latest") == nonce


def test_goes_on_where_it_stopped(shell, chain, passphrase):
    done = init(shell, chain, "--deploy", "--confirmations", "1")
    assert done.code == 75 and "has 0 ETH" in done.err
    owner = shell.orakey(
        "wallet", "address", "--config", "conf/orakeyd.yaml", "--passphrase-file", "passphrase").out.strip()
    chain.rpc("anvil_setBalance", owner, hex(10**18))
    done = init(shell, chain, "--deploy", "--json")
    assert done.code == 0, done.err
    assert json.loads(done.out)["owner"] == owner
    assert "contract:" in (shell.folder / "conf" / "orakeyd.yaml").read_text()


def test_what_a_killed_one_left_is_cleared_away(shell, chain, passphrase):
    folder = shell.folder / "conf"
    command = [binaries() / "orakey", "init", "--config", "conf/orakeyd.yaml", "--network", "BASE", "--rpc", chain.url,
               "--passphrase-file", "passphrase", "--private-key"]
    with subprocess.Popen(
            command, cwd=shell.folder, env=shell.environment, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL) as killed:
        killed.stdin.write(OWNER.key.hex().encode())
        killed.stdin.close()
        # It stands there while the wallet has to prove that it opens.
        eventually("the temporary file is there", lambda: list(folder.glob(".wallet.json.*.tmp")))
        killed.kill()
    left = list(folder.glob(".*.tmp"))
    assert len(left) == 1 and not (folder / "wallet.json").exists()
    of_others = folder / ".wallet.json.x.tmp"
    of_others.touch()
    with open(folder / ".orakeyd.yaml.1.tmp", "w") as being_written:
        fcntl.flock(being_written, fcntl.LOCK_EX)
        done = init(shell, chain, "--private-key", stdin=OWNER.key.hex())
        assert (folder / "wallet.json").exists(), done.err
        assert sorted(folder.glob(".*.tmp")) == [folder / ".orakeyd.yaml.1.tmp", of_others]


def test_a_layout_that_is_not_understood_is_left_alone(shell, chain, passphrase):
    (shell.folder / "conf").mkdir()
    text = f"""
wallet: {{ keystore: wallet.json }}
networks: {{ BASE: {{ chain_id: {chain.chain_id}, rpc: ["{chain.url}"], confirmations: 1 }} }}
"""
    (shell.folder / "conf" / "orakeyd.yaml").write_text(text)
    done = init(shell, chain, "--deploy", "--private-key", stdin=OWNER.key.hex())
    assert done.code == 78
    assert 'put contract: "0x' in done.err.splitlines()[-1]
    assert (shell.folder / "conf" / "orakeyd.yaml").read_text() == text


@pytest.mark.parametrize("options", [["--chain-id", "5"], ["--rpc", "http://127.0.0.1:1"], ["--contract", "0x" + "11" * 20],
                                     ["--wallet", "other.json"]])
def test_contradictions_are_told(shell, chain, scripted, options):
    before = contents(shell)
    done = init(shell, chain, *options)
    assert done.code == 78
    assert contents(shell) == before


def test_wrong_chain_writes_nothing(shell, chain, passphrase):
    done = init(shell, chain, "--chain-id", "8453")
    assert done.code == 78 and str(chain.chain_id) in done.line()
    assert not (shell.folder / "conf").exists()


def test_dead_endpoint_writes_nothing(shell, passphrase):
    done = shell.orakey(
        "init", "--config", "conf/o.yaml", "--network", "BASE", "--rpc", "http://127.0.0.1:1", "--passphrase-file", "passphrase")
    assert done.code == 75
    assert not (shell.folder / "conf").exists()


def test_nobody_to_ask(shell):
    done = shell.orakey("init", "--config", "conf/o.yaml")
    assert done.code == 64 and "--network" in done.line()


def test_guided_on_a_terminal(shell, chain):
    answers = {
        "Network [BASE]: ": "TEST", "JSON-RPC endpoint of TEST: ": "nonsense", "has no scheme": chain.url,
        "New passphrase of": "typed", "again: ": "typed", "Deploy the key contract now": "n",
    }
    code, seen = type_into(
        shell, [binaries() / "orakey", "init", "--config", shell.folder / "conf" / "orakeyd.yaml"], answers)
    assert code == 0, seen
    assert "write these words down" in seen and "typed" not in seen
    assert "TEST:" in (shell.folder / "conf" / "orakeyd.yaml").read_text()
