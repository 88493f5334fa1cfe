"""Blocks while a test goes on."""

import threading


class mining:
    """Mines a block every 0.2 s while the test goes on, so that depth grows."""

    def __init__(self, chain, interval=0.2):
        self.chain, self.interval = chain, interval

    def __enter__(self):
        self.ended = threading.Event()

        def mine():
            while not self.ended.wait(self.interval):
                self.chain.rpc("evm_mine")

        self.thread = threading.Thread(target=mine, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()
