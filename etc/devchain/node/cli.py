"""The command line."""

import argparse
import contextlib
import os
import signal
import sys
import threading

from . import __version__

EPILOG = """\
Accounts: private keys 1 to 10 (0x00..01 to 0x00..0a), 1,000,000 ETH each. Everybody knows them: never use them anywhere
else. The first line on standard output is `ready url=URL port=PORT chainId=ID [unix=PATH]`. The chain lives in memory and
ends with the program. README.md beside this program lists the methods.
"""


def parser() -> argparse.ArgumentParser:
    p = argparse.ArgumentParser(
        prog="devchain", epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter,
        description="A development chain: a real EVM behind JSON-RPC, for tests and demonstrations.",
    )
    p.add_argument("--version", action="version", version=f"devchain {__version__}")
    where = p.add_argument_group("where it listens")
    where.add_argument("--port", type=_port, default=8545, help="loopback TCP port; 0 picks a free one (default: 8545)")
    where.add_argument("--no-tcp", action="store_true", help="no TCP port (with --unix)")
    where.add_argument("--unix", metavar="PATH", help="also speak HTTP on this Unix socket")
    where.add_argument("--ready-file", metavar="FILE", help="write the ready line there as well")
    where.add_argument("--log-rpc", metavar="FILE", help="append one JSON line for each call")
    ends = p.add_argument_group("when it ends, besides SIGTERM and SIGINT")
    ends.add_argument("--parent-pid", type=int, metavar="PID", help="when that process ends")
    ends.add_argument("--exit-with-stdin", action="store_true", help="when standard input is closed")
    chain = p.add_argument_group("the chain")
    chain.add_argument("--chain-id", type=_positive, default=31337, metavar="N", help="default: 31337")
    chain.add_argument("--mine", default="auto", metavar="auto|manual|SECONDS",
                       help="a block for each transaction (default), on demand only, or on a timer")
    chain.add_argument("--gas-limit", type=_positive, default=30_000_000, metavar="GAS", help="of a block (default: 30000000)")
    chain.add_argument("--base-fee", type=_wei, default=10**9, metavar="WEI", help="of the first block (default: 1000000000)")
    chain.add_argument("--min-base-fee", type=_wei, default=0, metavar="WEI", help="the base fee never falls below (default: 0)")
    chain.add_argument("--no-base-fee", action="store_true", help="a chain of before London: legacy transactions and headers")
    chain.add_argument("--safe-depth", type=_wei, default=2, metavar="N", help="blocks from head to `safe` (default: 2)")
    chain.add_argument("--final-depth", type=_wei, default=4, metavar="N", help="blocks from head to `finalized` (default: 4)")
    chain.add_argument("--max-range", type=_positive, default=100_000, metavar="N", help="blocks one eth_getLogs may span")
    chain.add_argument("--max-logs", type=_positive, default=10_000, metavar="N", help="logs one eth_getLogs answers")
    chain.add_argument("--l1-fee-per-byte", type=_wei, metavar="WEI",
                       help="an OP-stack-like chain: L1 data fee, GasPriceOracle, l1Fee in receipts")
    return p


def _number(text: str, least: int, most: int) -> int:
    value = int(text, 0)
    if not least <= value <= most:
        raise argparse.ArgumentTypeError(f"{text} is not between {least} and {most}")
    return value


def _port(text: str) -> int:
    return _number(text, 0, 65535)


def _positive(text: str) -> int:
    return _number(text, 1, 2**63)


def _wei(text: str) -> int:
    return _number(text, 0, 2**128)


def _mining_interval(mode: str) -> float:
    if mode in ("auto", "manual"):
        return 0
    try:
        seconds = float(mode)
    except ValueError:
        seconds = 0
    if not 0 < seconds < 86_400:
        raise SystemExit(f"devchain: --mine takes auto, manual or seconds, not {mode!r}")
    return seconds


def main(arguments=None) -> int:
    options = parser().parse_args(arguments)
    if options.no_tcp and not options.unix:
        raise SystemExit("devchain: --no-tcp leaves nothing to listen on without --unix")
    interval = _mining_interval(options.mine)
    # The end may be wanted before the EVM is even loaded
    ending = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ending.set())
    with contextlib.ExitStack() as stack:
        return _run(options, interval, ending, stack)


def _run(options, interval: float, ending: threading.Event, stack: contextlib.ExitStack) -> int:
    from . import lifetime
    from .node import Node
    from .requestlog import RequestLog
    from .server import LOOPBACK, Endpoints, TCPServer, UnixServer
    from .settings import Settings
    from .timer import MiningTimer

    try:
        if options.parent_pid:
            lifetime.end_with_process(options.parent_pid)
    except OSError as error:
        raise SystemExit(f"devchain: --parent-pid {options.parent_pid}: {error.strerror}") from None
    if options.exit_with_stdin:
        lifetime.end_with_stdin()
    settings = Settings(
        chain_id=options.chain_id, gas_limit=options.gas_limit, min_base_fee=options.min_base_fee,
        initial_base_fee=None if options.no_base_fee else max(options.base_fee, options.min_base_fee),
        safe_depth=options.safe_depth, final_depth=options.final_depth, max_range=options.max_range,
        max_logs=options.max_logs, l1_fee_per_byte=options.l1_fee_per_byte,
    )
    node = Node(settings, automine=options.mine == "auto")
    timer = MiningTimer(node)
    ready = []
    try:
        endpoints = Endpoints(node, timer, RequestLog(options.log_rpc))
        if not options.no_tcp:
            server = _serve(TCPServer(options.port, endpoints))
            ready.append(f"url=http://{LOOPBACK}:{server.port} port={server.port}")
        ready.append(f"chainId={settings.chain_id}")
        if options.unix:
            _serve(UnixServer(options.unix, endpoints))
            stack.callback(_remove, options.unix)
            ready.append(f"unix={options.unix}")
    except OSError as error:
        raise SystemExit(f"devchain: cannot listen or log: {error}") from None
    timer.set_interval(interval)
    line = " ".join(["ready", *ready])
    if options.ready_file:
        with open(options.ready_file + ".tmp", "w", encoding="utf-8") as file:
            file.write(line + "\n")
        os.replace(options.ready_file + ".tmp", options.ready_file)
        stack.callback(_remove, options.ready_file)
    print(line, flush=True)
    ending.wait()
    return 0


def _serve(server):
    threading.Thread(target=server.serve_forever, name="server", daemon=True).start()
    return server


def _remove(path: str):
    with contextlib.suppress(OSError):
        os.unlink(path)


if __name__ == "__main__":
    sys.exit(main())
