"""An endpoint with a chain of a million creates, made up as it is asked: what a dev chain would mine for an hour."""

import http.server
import json
import threading

from eth_utils import keccak

CHAIN_ID = 1
CONTRACT = "0x5fbdb2315678afecb367f032d93f642f64180aa3"
KEYS_PER_BLOCK = 200
CREATED = "0x" + keccak(text="KeyCreated(address,bytes32)").hex()
PREFIX = keccak(CHAIN_ID.to_bytes(32, "big") + bytes.fromhex(CONTRACT[2:]).rjust(32, b"\0"))[:24].hex()


class LogServer:
    """Serves `keys` creates, a thousand keys an owner, in blocks 1 and on."""

    def __init__(self, keys: int):
        self.keys, self.head = keys, keys // KEYS_PER_BLOCK
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self):
                wanted = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                batch = wanted if isinstance(wanted, list) else [wanted]
                answers = [
                    f'{{"jsonrpc":"2.0","id":{call["id"]},"result":{server.answer(call["method"], call.get("params", []))}}}'
                    for call in batch]
                body = (f'[{",".join(answers)}]' if isinstance(wanted, list) else answers[0]).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                try:
                    self.wfile.write(body)
                except ConnectionError:
                    self.close_connection = True  # more than the client takes

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

    def answer(self, method: str, params: list) -> str:
        if method == "eth_chainId":
            return f'"{hex(CHAIN_ID)}"'
        if method == "eth_getCode":
            return '"0x00"'
        if method == "eth_getBlockByNumber":
            number = self.head if params[0] == "latest" else int(params[0], 16)
            return json.dumps({
                "number": hex(number), "hash": f"0x{number:064x}", "parentHash": f"0x{number - 1:064x}", "gasLimit": "0x1",
                "timestamp": hex(number), "gasUsed": "0x0", "transactions": [], "receiptsRoot": f"0x{0:064x}"})
        assert method == "eth_getLogs", method
        if "blockHash" in params[0]:
            first = last = int(params[0]["blockHash"], 16)
        else:
            first, last = int(params[0]["fromBlock"], 16), int(params[0]["toBlock"], 16)
        return "[" + ",".join(self.log(block, place) for block in range(max(1, first), last + 1)
                              for place in range(KEYS_PER_BLOCK)) + "]"

    def log(self, block: int, place: int) -> str:
        number = (block - 1) * KEYS_PER_BLOCK + place
        owner, key = number // 1000 + 1, number % 1000 + 1
        return (
            f'{{"address":"{CONTRACT}","topics":["{CREATED}","0x{owner:064x}","0x{PREFIX}{key:016x}"],"data":"0x",'
            f'"blockNumber":"{hex(block)}","blockHash":"0x{block:064x}","transactionHash":"0x{number:064x}",'
            f'"transactionIndex":"0x0","logIndex":"{hex(place)}","removed":false}}')
