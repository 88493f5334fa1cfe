"""txpool_: what waits, as geth shows it."""

from eth_utils import to_checksum_address

from ..encoding import quantity
from ..presentation import transaction_json


class PoolMethods:
    def __init__(self, node):
        self._node = node

    def txpool_status(self):
        content = self.txpool_content()
        return {kind: quantity(sum(len(waiting) for waiting in content[kind].values())) for kind in content}

    def txpool_content(self):
        """`pending` could be mined next; `queued` waits for an earlier nonce."""
        content = {"pending": {}, "queued": {}}
        for sender, waiting in self._node.mempool.by_sender.items():
            reachable = self._node.next_nonce(sender)
            for nonce in sorted(waiting):
                kind = content["pending" if nonce < reachable else "queued"]
                kind.setdefault(to_checksum_address(sender), {})[str(nonce)] = transaction_json(waiting[nonce])
        return content
