"""kill -9 at every step of a commit that several creates share.

The daemon is stopped while the calls are sent and finds all of them when it goes on: the first commits alone or with
some, those that come meanwhile share the next commit. Each has its own Idempotency-Key and repeats its call as a client
whose reply was lost.
"""

import http.client
import json
import os
import signal

import pytest

from crash.harness import GONE, Crasher, chain_keys, evenly, sampled
from support.daemon import UnixConnection

CALLERS = 12
CREATE = ("/v1/keys", {"count": 1})


class Crowd(Crasher):
    """Many clients that ask at the same time; replies by the number of the client."""

    # Journal syncs between the first call's arrival and the last reply.
    syncs: int

    def ask(self, operation, key: str) -> dict[int, dict]:
        self.halt()
        callers = self.send(operation, key)
        self.daemon.process.send_signal(signal.SIGCONT)
        replies = {number: reply for number, caller in callers.items() if (reply := self.read(caller)) is not None}
        self.syncs = self.points.read_text().count(" after-sync:-wal") if self.points.exists() else 0
        return replies

    def halt(self):
        """Stopped, with places counted from here on; or dead already."""
        self.daemon.process.send_signal(signal.SIGSTOP)
        seen = os.waitid(os.P_PID, self.daemon.process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
        if seen.si_code == os.CLD_STOPPED:
            self.board.count_from_here()
            self.points.write_bytes(b"")

    def send(self, operation, key: str) -> dict[int, http.client.HTTPConnection]:
        target, body = operation
        callers = {}
        for number in range(CALLERS):
            caller = UnixConnection(self.daemon.control, timeout=30)
            try:
                headers = {"Content-Type": "application/json", "Idempotency-Key": f"{key}-{number}"}
                caller.request("POST", target, json.dumps(body), headers)
                callers[number] = caller
            except GONE:
                caller.close()
        return callers

    @staticmethod
    def read(caller: http.client.HTTPConnection) -> dict | None:
        try:
            answer = caller.getresponse()
            text = answer.read()
        except GONE:
            return None
        finally:
            caller.close()
        assert answer.status == 202, text
        return json.loads(text)

    def compare(self, first: dict[int, dict], second: dict[int, dict]):
        assert len(second) == CALLERS
        assert first.items() <= second.items(), f"a repeated call was answered otherwise: {first}, {second}"
        intents = [intent for reply in second.values() for intent in reply["intents"]]
        assert len(intents) == len(set(intents)) == CALLERS, f"not one intent for each call: {second}"


@pytest.fixture(scope="module")
def crowd(bin_dir, short_dir):
    made = Crowd(bin_dir, short_dir / "crowd", pool=0)
    yield made
    made.close()


@pytest.fixture
def kill(crowd):
    """kill(at, again): checks everything, with one key on chain for each call, and says where the process died."""
    crowd.go_back()
    before = chain_keys(crowd.daemon.contract, crowd.daemon.owner)

    def kill(at: int | str, again: int | None = None) -> list[str]:
        died = crowd.kill(CREATE, at, again)
        after = chain_keys(crowd.daemon.contract, crowd.daemon.owner)
        assert len(after) - len(before) == CALLERS, f"killed at {at}, {again} ({died})"
        assert all(after.values()), "nothing was disabled"
        return died

    return kill


@pytest.fixture(scope="module")
def steps(crowd) -> list[int]:
    """The numbers of the journal's steps until all calls have their replies: each sync, and every third write, whose
    neighbours are like it. A reply follows a commit, so that fewer commits than calls are commits that calls share."""
    places = crowd.enumerate(CREATE)
    commits = crowd.syncs
    assert 0 < commits < CALLERS, f"{commits} commits for {CALLERS} calls: none is shared for certain"
    print(f"\n{commits} commits for {CALLERS} calls")
    last = [number for number, name in enumerate(places, 1) if name == "after-sync:-wal"][commits - 1]
    kept = [number for number in sampled(places, None) if number <= last]
    return [number for number in kept if places[number - 1].endswith(":-wal")]


def test_killed_at_the_journal_steps_of_a_shared_commit(steps, kill):
    died = [place for number in steps for place in kill(number)]
    print(f"\n{len(steps)} steps, {len(died)} kills: {sorted(set(died))}")
    assert {"before-write:-wal", "before-sync:-wal", "after-sync:-wal"} <= set(died)


def test_killed_again_while_the_calls_are_repeated(steps, kill):
    died = [place for at in evenly(steps, 3) for again in (3, 9) for place in kill(at, again)]
    print(f"\n{len(died)} kills in pairs")
    assert len(died) > 6
