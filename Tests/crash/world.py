"""A daemon on a chain that a test moves block by block."""

import contextlib

from support.contracts import ApiKeys
from support.daemon import eventually
from support.devchain import GWEI, DevChain
from support.mining import mining

from .harness import BLOCK_SECONDS, FINAL, SETTLE_SECONDS, LightDaemon, all_intents, chain_keys, check_promises, settled

DEPTH = 3


class World:
    """Confirmations 3, a pool of 2, blocks only when asked for."""

    def __init__(self, programs, folder, *, wallet=None, chain=None, contract=None, fees=None, **network):
        self.chain = chain or DevChain("--mine", "manual")
        self.owns_chain = chain is None
        if contract is None:
            self.chain.rpc("evm_setAutomine", True)
            contract = ApiKeys.deploy(self.chain)
            self.chain.rpc("evm_setAutomine", False)
        folder.mkdir(mode=0o700)
        settings = {
            "poll_interval": "100ms", "pool": {"target": 2}, "confirmations": DEPTH,
            "fees": {"resubmit_after": "1s", "max_fee_gwei": 500, **(fees or {})}, **network}
        self.daemon = LightDaemon(programs, folder, self.chain, contract, **settings)
        self.contract = contract
        self.daemon.fund(self.daemon.make_wallet(wallet))
        self.daemon.configure()
        if isinstance(settings["confirmations"], str):
            # A word of YAML, where JSON has only strings.
            text, word = self.daemon.config.read_text(), settings["confirmations"]
            self.daemon.config.write_text(text.replace(f'"{word}"', word))

    @property
    def owner(self) -> str:
        return self.daemon.owner

    def begin(self):
        """With a full pool and a consumer with a key, all of it far below the depth."""
        self.daemon.start()
        with self.blocks():
            eventually("the first key and the pool are there", lambda: settled(self.daemon), SETTLE_SECONDS)
        self.mine(6)
        return self

    def close(self):
        if self.daemon.lives:
            self.daemon.kill()
        if self.owns_chain:
            self.chain.stop()

    # The chain

    def blocks(self):
        return mining(self.chain, BLOCK_SECONDS)

    def mine(self, count=1):
        """Blocks that the daemon has seen when this returns."""
        self.chain.rpc("evm_mine", count)
        self.sees_head()

    def sees_head(self):
        head = self.chain.head()
        eventually(f"the daemon has seen block {head}", lambda: self.daemon.status()["head"] == head)

    def foreign(self, function: str, *arguments, nonce: int, tip=50 * GWEI) -> str:
        """A raw transaction of the daemon's own account that the daemon knows nothing of."""
        return self.chain.sign(
            self.daemon.account, self.contract.address, self.contract.data(function, *arguments), nonce=nonce,
            maxFeePerGas=400 * GWEI, maxPriorityFeePerGas=tip)

    def next_nonce(self) -> int:
        return int(self.chain.rpc("eth_getTransactionCount", self.owner, "latest"), 16)

    # The daemon

    def post(self, target: str, **body) -> dict:
        answer = self.daemon.post(target, body)
        assert answer.status == 202, answer
        return answer.json

    def intent(self, number: int) -> dict:
        return self.daemon.control_get(f"/v1/intents/{number}")

    def wait_for_intent(self, number: int, *states: str, seconds=60) -> dict:
        def reached():
            intent = self.intent(number)
            return intent if intent["state"] in states else None

        return eventually(f"intent {number} is {' or '.join(states)}", reached, seconds)

    def wait_for_attempts(self, number: int, count: int):
        eventually(f"{count} attempts", lambda: len(self.intent(number)["attempts"]) >= count)

    def in_pool(self, number: int) -> str:
        """The newest attempt of an intent, once the chain's pool has it."""
        intent = self.wait_for_intent(number, "broadcast")
        found = intent["attempts"][-1]["hash"]
        eventually("the pool has it", lambda: self.chain.rpc("eth_getTransactionByHash", found))
        return found

    def key_state(self, message: str) -> str | None:
        return next((k["state"] for k in self.daemon.keys() if k["message"] == message), None)

    def current(self) -> dict:
        return self.daemon.keys("current")[0]

    def current_message(self) -> str | None:
        return next((k["message"] for k in self.daemon.keys("current")), None)

    def counts(self) -> tuple[int, int]:
        """Keys on chain, dead ones among them."""
        keys = chain_keys(self.contract, self.owner)
        return len(keys), sum(not active for active in keys.values())

    def settle(self):
        with self.blocks():
            eventually("settled", lambda: settled(self.daemon), SETTLE_SECONDS)

    def settle_but_retiring(self):
        """Until all is done that need not wait for the end of a grace period."""
        def done():
            due = [i for i in self.intents() if i["state"] not in FINAL and not self.is_for_retiring(i)]
            pool = self.daemon.status()["pool"]
            return not due and pool["ready"] >= pool["target"] and not pool["pending"]

        with self.blocks():
            eventually("settled but for retiring keys", done, SETTLE_SECONDS)

    def is_for_retiring(self, intent: dict) -> bool:
        return intent["state"] == "planned" and any(self.key_state(m) == "retiring" for m in intent["messages"])

    def check(self, **options):
        check_promises(self.daemon, **options)

    def intents(self) -> list[dict]:
        return all_intents(self.daemon)


@contextlib.contextmanager
def world(programs, folder, **options):
    made = World(programs, folder, **options)
    try:
        yield made.begin()
    except BaseException as error:
        error.add_note(made.daemon.tail())
        raise
    finally:
        made.close()
