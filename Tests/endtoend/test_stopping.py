"""Ends of the service, with requests that wait."""

import signal

from support.daemon import eventually
from support.quick import chainless, farm, in_thread, world  # noqa: F401 (fixtures)
from support.rawhttp import RawConnection, request


def test_a_stop_during_a_waiting_request(farm):
    daemon = farm.make(confirmations=10_000)
    daemon.start()
    with in_thread(lambda: daemon.post("/v1/keys?wait=confirmed&timeout=600", {"count": 1})) as answers:
        eventually("the request is accepted", daemon.intents)
        with RawConnection(daemon.agent) as watcher:
            watcher.send(request("GET", "/v1/watch"))
            assert watcher.answer()[0] == 200
            assert daemon.stop() == 0
            assert watcher.is_ended()
    # What was accepted is journaled, so the caller learns its number instead of an empty reply.
    assert answers and answers[0].status == 202
    wanted = answers[0].json["intents"]
    daemon.start()
    assert set(wanted) <= {intent["id"] for intent in daemon.intents()}


def test_a_stop_lets_a_request_end_that_is_nearly_done(farm):
    daemon = farm.make()
    daemon.start()
    with in_thread(lambda: daemon.post("/v1/keys?wait=confirmed&timeout=600", {"count": 1})) as answers:
        eventually("the request is accepted", daemon.intents)
        assert daemon.stop() == 0
    assert answers and answers[0].status in (200, 202)


def test_a_stop_while_the_endpoint_does_not_answer(farm, world):
    daemon = farm.make(endpoint="mute")
    world.chain.rpc("dev_setFaults", {"methods": {"*": {"hold": "before"}}}, endpoint="mute")
    try:
        daemon.start()
        world.chain.rpc("dev_awaitHeld", endpoint="mute")
        assert daemon.stop() == 0
    finally:
        world.chain.rpc("dev_clearFaults", endpoint="mute")


def test_an_interrupt_ends_it_as_well(chainless):
    daemon = chainless.make()
    daemon.start(unlocked=False)
    daemon.process.send_signal(signal.SIGINT)
    assert daemon.process.wait(30) == 0
