"""No descriptor left for another connection: nobody who is served notices, and the others wait for their turn."""

import os
import pathlib
import resource

import pytest
from support.daemon import eventually
from support.quick import chainless, farm, world  # noqa: F401 (fixtures)
from support.rawhttp import RawConnection, request

# More looks than a daemon needs to settle, so that what is measured is its rest.
LOOKS = 15


def descriptors(pid: int) -> set[int]:
    return {int(name) for name in os.listdir(f"/proc/{pid}/fd")}


def seconds_of_work(pid: int) -> float:
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@pytest.mark.parametrize("which, target", [("agent", "/v1/key"), ("control", "/v1/status")])
def test_who_finds_no_descriptor_waits_without_costing_anything(farm, which, target):
    daemon = farm.make(poll_interval="100ms")
    daemon.start()
    daemon.wait_for_key()
    pid, path = daemon.process.pid, getattr(daemon, which)
    with RawConnection(path) as served:
        assert served.get(target)[0] == 200
        taken = descriptors(pid)
        soft, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        # The kernel gives the lowest free number: none below is left once the gaps are filled.
        room = max(taken) + 1 - len(taken)
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (max(taken) + 1, hard))
        others = [RawConnection(path) for _ in range(room + 3)]
        for other in others:
            other.send(request("GET", target))
        eventually("all descriptors are taken", lambda: len(descriptors(pid)) == max(taken) + 1)
        assert served.get(target)[0] == 200, "who is inside is served on"
        calls = farm.chain.rpc("dev_calls")["methods"]["eth_getBlockByNumber"]
        worked, began = seconds_of_work(pid), os.times().elapsed
        farm.chain.rpc("dev_awaitCalls", "eth_getBlockByNumber", calls + LOOKS, 60_000)
        share = (seconds_of_work(pid) - worked) / (os.times().elapsed - began)
        assert share < 0.5, f"{share:.0%} of a processor with nothing to do"
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (soft, hard))
        for other in others:
            assert other.answer()[0] == 200, "there is room again"
            other.socket.close()
    assert not daemon.alarms()
