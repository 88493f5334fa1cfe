"""Logs by address, and the filter of eth_getLogs."""

from bisect import bisect_left
from collections import defaultdict

from .encoding import data, read_address, read_hash
from .errors import invalid

MAX_TOPICS = 4


class LogIndex:
    """The logs of the canonical chain, by address, in order; grows and shrinks at the head."""

    def __init__(self):
        self._entries: dict[str, list[tuple[int, int, dict]]] = defaultdict(list)

    def push(self, block):
        for index, log in enumerate(log for receipt in block.receipts for log in receipt["logs"]):
            self._entries[log["address"]].append((block.number, index, log))

    def pop(self, block):
        for address in {log["address"] for receipt in block.receipts for log in receipt["logs"]}:
            entries = self._entries[address]
            while entries and entries[-1][0] == block.number:
                entries.pop()

    def between(self, first: int, last: int, wanted: "LogFilter"):
        """Matching logs of blocks first to last, in chain order."""
        addresses = self._entries.keys() if wanted.addresses is None else wanted.addresses
        found = []
        for address in addresses:
            entries = self._entries.get(address, [])
            start = bisect_left(entries, first, key=lambda entry: entry[0])
            stop = bisect_left(entries, last + 1, key=lambda entry: entry[0])
            found += [entry for entry in entries[start:stop] if wanted.matches_topics(entry[2])]
        return [log for _, _, log in sorted(found, key=lambda entry: entry[:2])]


class LogFilter:
    """Addresses and topics of a filter object; a topic is null, one hash, or a list of alternatives."""

    def __init__(self, addresses, topics):
        if addresses is None or addresses == []:
            self.addresses = None
        else:
            listed = addresses if isinstance(addresses, list) else [addresses]
            self.addresses = {data(read_address(a, "argument 0")) for a in listed}
        if not isinstance(topics, (list, type(None))):
            raise invalid("invalid argument 0: invalid topic(s)")
        topics = topics or []
        if len(topics) > MAX_TOPICS:
            raise invalid("exceed max topics")
        self._topics = [self._alternatives(t) for t in topics]

    @staticmethod
    def _alternatives(topic):
        if topic is None or topic == []:
            return None
        return {data(read_hash(t, "argument 0")) for t in (topic if isinstance(topic, list) else [topic])}

    def matches(self, log: dict) -> bool:
        return (self.addresses is None or log["address"] in self.addresses) and self.matches_topics(log)

    def matches_topics(self, log: dict) -> bool:
        topics = log["topics"]
        return len(topics) >= len(self._topics) and all(
            wanted is None or topics[i] in wanted for i, wanted in enumerate(self._topics)
        )
