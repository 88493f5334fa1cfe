"""orakey contract and verify on the dev chain, with the journal that makes a deployment happen once."""

import http.server
import json
import threading
import urllib.request

import pytest
from eth_account import Account
from support.contracts import ApiKeys, Contract, artifact
from support.devchain import throwaway_account
from support.places import TEST_CONTRACTS

from .conftest import PASSPHRASE

DEPLOYER = throwaway_account(3)


@pytest.fixture
def funded(shell):
    """A wallet file of an account that has money on every dev chain."""
    text = json.dumps(Account.encrypt(DEPLOYER.key, PASSPHRASE, kdf="scrypt", iterations=2))
    shell.private_file("passphrase", PASSPHRASE)
    return shell.private_file("funded.json", text)


def deploy(shell, wallet, url, *options, **run):
    return shell.orakey(
        "contract", "deploy", "--rpc", url, "--wallet", wallet, "--passphrase-file", "passphrase", "--json", *options, **run)


def journal(wallet) -> list:
    return json.loads((wallet.parent / "funded.json.deployments").read_text())["deployments"]


@pytest.fixture
def deployed(shell, funded, chain):
    done = deploy(shell, funded, chain.url, "--network", "DEMO")
    assert done.code == 0, done.err
    return json.loads(done.out)


def test_what_is_deployed_is_the_reference_contract(chain, deployed):
    receipt = chain.receipt(deployed["transaction"])
    assert receipt["contractAddress"] == deployed["address"].lower()
    assert (deployed["block"], deployed["network"]) == (int(receipt["blockNumber"], 16), "DEMO")
    assert chain.rpc("eth_getTransactionByHash", deployed["transaction"])["input"] == artifact("ApiKeys")[1]
    assert ApiKeys(chain, "ApiKeys", deployed["address"]).view("keyCount", DEPLOYER.address) == 0


def test_a_repeat_deploys_nothing(shell, funded, chain, deployed):
    done = deploy(shell, funded, chain.url, "--network", "DEMO")
    assert done.code == 0 and json.loads(done.out) == deployed
    assert "deployed already" in done.err
    again = json.loads(deploy(shell, funded, chain.url, "--again").out)
    assert again["address"] != deployed["address"]
    assert [entry["state"] for entry in journal(funded)] == ["confirmed", "confirmed"]


class Endpoint:
    """An HTTP server: `answer(body)` gives content type and body, or None to end the connection without an answer."""

    def __init__(self, answer):
        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def do_POST(self):
                said = answer(self.rfile.read(int(self.headers["Content-Length"])))
                self.close_connection = True
                if said is None:
                    return
                content_type, body = said
                self.send_response(200)
                self.send_header("Content-Type", content_type)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


class Gate(Endpoint):
    """Passes requests on to a chain, but answers none of one method: `before` the chain sees it, or after."""

    def __init__(self, url: str, method: str, before: bool):
        self.swallowed = []

        def answer(body):
            stops = method.encode() in body
            if stops:
                self.swallowed.append(json.loads(body))
            if stops and before:
                return None
            with urllib.request.urlopen(urllib.request.Request(url, body, {"Content-Type": "application/json"})) as response:
                passed = response.read()
            return None if stops else ("application/json", passed)

        super().__init__(answer)


def test_signed_bytes_are_on_disk_before_they_are_sent_and_a_repeat_sends_the_same(shell, funded, chain):
    with Gate(chain.url, "eth_sendRawTransaction", before=True) as gate:
        done = deploy(shell, funded, gate.url, "--timeout", "0")
    assert done.code == 75, done.err
    (entry,) = journal(funded)
    assert entry["state"] == "signed"
    done = deploy(shell, funded, chain.url)
    assert done.code == 0, done.err
    assert chain.rpc("eth_getTransactionCount", DEPLOYER.address, "latest") == hex(entry["nonce"] + 1)
    (after,) = journal(funded)
    assert (after["raw"], after["state"]) == (entry["raw"], "confirmed")


def test_an_answer_lost_after_the_broadcast_does_not_deploy_twice(shell, funded, chain):
    before = int(chain.rpc("eth_getTransactionCount", DEPLOYER.address, "latest"), 16)
    with Gate(chain.url, "eth_sendRawTransaction", before=False) as gate:
        done = deploy(shell, funded, gate.url)
    assert done.code == 0, done.err
    assert len(gate.swallowed) == 1
    assert deploy(shell, funded, chain.url).out == done.out
    assert int(chain.rpc("eth_getTransactionCount", DEPLOYER.address, "latest"), 16) == before + 1


def test_a_nonce_that_somebody_else_took_is_told(shell, funded, chain):
    with Gate(chain.url, "eth_sendRawTransaction", before=True) as gate:
        deploy(shell, funded, gate.url, "--timeout", "0")
    chain.send(DEPLOYER, to=DEPLOYER.address)
    done = deploy(shell, funded, chain.url)
    assert done.code == 0, done.err
    assert len(journal(funded)) == 2


def test_confirmations_are_waited_for(shell, funded, chain):
    done = deploy(shell, funded, chain.url, "--confirmations", "3", "--timeout", "0")
    assert done.code == 75 and "not confirmed" in done.line()
    chain.rpc("evm_mine")
    chain.rpc("evm_mine")
    done = deploy(shell, funded, chain.url, "--confirmations", "3")
    assert done.code == 0, done.err


def test_no_money(shell, chain):
    shell.private_file("passphrase", PASSPHRASE)
    wallet = shell.private_file(
        "poor.json", json.dumps(Account.encrypt(Account.create().key, PASSPHRASE, kdf="scrypt", iterations=2)))
    done = deploy(shell, wallet, chain.url)
    assert done.code == 75
    assert "0 ETH" in done.line()
    assert not (shell.folder / "poor.json.deployments").exists()


def test_damaged_journal_is_not_ignored(shell, funded, chain, deployed):
    (shell.folder / "funded.json.deployments").write_text("{}")
    done = deploy(shell, funded, chain.url)
    assert done.code == 65 and "funded.json.deployments" in done.line()


# info


def test_info(shell, chain, deployed):
    contract = ApiKeys(chain, "ApiKeys", deployed["address"])
    contract.send(DEPLOYER, "createKeys", 5)
    done = shell.orakey(
        "contract", "info", "--rpc", chain.url, "--contract", deployed["address"], "--owner", DEPLOYER.address, "--json")
    facts = json.loads(done.out)
    assert facts["reference"] is True and facts["key_count"] == "5" and facts["revoker"] is None
    assert facts["chain_id"] == chain.chain_id


def test_another_contract_is_not_taken_for_the_reference(shell, chain):
    other = Contract.deploy(chain, "MinimalKeys")
    done = shell.orakey("contract", "info", "--rpc", chain.url, "--contract", other.address, "--json")
    assert done.code == 0 and json.loads(done.out)["reference"] is False


def test_no_code_at_the_address(shell, chain):
    done = shell.orakey("contract", "info", "--rpc", chain.url, "--contract", "0x" + "11" * 20)
    assert done.code == 1 and "there is no contract" in done.line()


# Endpoints


@pytest.mark.parametrize("arguments, code", [
    (["--rpc", "http://127.0.0.1:1", "--chain-id", "31337"], 75), (["--rpc", "http://127.0.0.1:1"], 75),
    (["--rpc", "ftp://x"], 64),
])
def test_dead_endpoint(shell, arguments, code):
    done = shell.orakey("contract", "info", "--contract", "0x" + "11" * 20, *arguments)
    assert done.code == code
    assert done.line()


def test_wrong_chain(shell, chain):
    done = shell.orakey("contract", "info", "--rpc", chain.url, "--chain-id", "8453", "--contract", "0x" + "11" * 20)
    assert done.code == 78
    assert "31337" in done.line() and "8453" in done.line()


def test_no_configuration(shell):
    done = shell.orakey("contract", "info")
    assert done.code == 78


# verify


@pytest.fixture
def key(shell, funded, chain, deployed):
    contract = ApiKeys(chain, "ApiKeys", deployed["address"])
    contract.send(DEPLOYER, "createKey")
    message = contract.view("messageAt", DEPLOYER.address, 0)
    text = shell.orakey(
        "derive", "--wallet", funded, "--passphrase-file", "passphrase", "--message", "0x" + message.hex(), "--network", "DEMO")
    return text.out.strip(), message, contract


@pytest.fixture
def configuration(shell, chain, deployed):
    shell.private_file("orakeyd.yaml", f"""
wallet: {{ keystore: funded.json }}
networks:
  DEMO: {{ chain_id: {chain.chain_id}, rpc: ["{chain.url}"], contract: "{deployed['address']}" }}
""")
    return "orakeyd.yaml"


def test_verify_before_and_after_the_end_of_a_key(shell, chain, key, configuration):
    text, message, contract = key
    done = shell.orakey("verify", "-", "--config", configuration, "--json", stdin=text)
    facts = json.loads(done.out)
    assert done.code == 0, done.err
    assert (facts["active"], facts["block"], facts["owner"]) == (True, chain.head(), DEPLOYER.address)
    assert text not in done.out
    contract.send(DEPLOYER, "disableKey", message)
    done = shell.orakey("verify", "--config", configuration, stdin=text)
    assert done.code == 1 and "not active at block" in done.out


def test_verify_asks_nobody_about_a_malformed_key(shell, configuration, chain, key):
    done = shell.orakey("verify", "-", "--config", configuration, stdin=key[0][:-1])
    assert done.code == 1 and "not an API key" in done.line()


def test_verify_of_a_network_that_is_not_configured(shell, configuration, key):
    done = shell.orakey("verify", "-", "--config", configuration, stdin=key[0].replace("DEMO", "BASE"))
    assert done.code == 78 and "BASE" in done.line()


def test_a_key_of_another_deployment_is_worthless(shell, chain, funded, key):
    other = ApiKeys.deploy(chain)
    done = shell.orakey("verify", "-", "--rpc", chain.url, "--contract", other.address, stdin=key[0])
    assert done.code == 1 and "not one of this contract" in done.out


def test_another_contract_by_configuration_alone(shell, chain, funded):
    contract = Contract.deploy(chain, "MinimalKeys")
    contract.send(DEPLOYER, "issue")
    shell.private_file("orakeyd.yaml", f"""
wallet: {{ keystore: funded.json }}
networks:
  DEMO:
    chain_id: {chain.chain_id}
    rpc: ["{chain.url}"]
    contract: "{contract.address}"
    abi:
      file: {TEST_CONTRACTS / "MinimalKeys.abi.json"}
      create: issue
      disable: withdraw
      status: usable
      events: {{ created: Issued, disabled: Withdrawn }}
""")
    keys = shell.orakey(
        "derive", "--config", "orakeyd.yaml", "--passphrase-file", "passphrase", "--message", "0x" + "00" * 31 + "01",
        "--count", "2").out.splitlines()
    codes = [shell.orakey("verify", "-", "--config", "orakeyd.yaml", stdin=key).code for key in keys]
    assert codes == [0, 1]


@pytest.mark.parametrize("body, content_type", [
    (b"<html>login</html>", "text/html"), (b"{", "application/json"), (b"[]", "application/json"),
    (b'{"jsonrpc":"2.0","id":1,"result":"zz"}', "application/json"),
    (b'{"jsonrpc":"2.0","id":1,"error":{"code":-32000,"message":"starting"}}', "application/json"), (None, ""),
], ids=["page", "half", "batch", "nonsense", "error", "silence"])
def test_endpoint_that_answers_garbage_or_not_at_all(shell, body, content_type):
    over = threading.Event()
    with Endpoint(lambda _: (content_type, body) if body else over.wait() and None) as endpoint:
        done = shell.orakey(
            "contract", "info", "--rpc", endpoint.url, "--chain-id", "1", "--contract", "0x" + "11" * 20)
        over.set()
    assert done.code == 75
    assert endpoint.url in done.line()


def test_an_access_token_in_a_wrong_address_is_not_repeated(shell):
    for command in (["contract", "info"], ["init"]):
        done = shell.orakey(*command, "--rpc", "htps://provider.example/v2/token123")
        assert done.code == 64 and "token123" not in done.err
