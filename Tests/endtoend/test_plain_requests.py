"""The agent socket answers the plainest request without its parser. Nobody may be able to tell, but by the clock."""

import signal

import pytest
from support.daemon import ask
from support.quick import farm, served, world  # noqa: F401
from support.rawhttp import RawConnection

PLAIN = "GET /v1/key HTTP/1.1\r\nHost: localhost\r\n\r\n"
PARSED = "GET /v1/key HTTP/1.1\r\nHost: localhost\r\nX-Other: 1\r\n\r\n"


def as_text(request: str) -> str:
    return request.replace("Host", "Accept: text/plain\r\nHost")


@pytest.mark.parametrize("shape", [str, as_text])
def test_the_same_answer_to_the_byte(served, shape):  # noqa: F811
    answers = []
    for request in (shape(PLAIN), shape(PARSED)):
        with RawConnection(served.agent) as connection:
            connection.send(request)
            connection.answer()
            connection.send(request)
            connection.socket.settimeout(30)
            whole = b""
            while b"\r\n\r\n" not in whole or len(whole.partition(b"\r\n\r\n")[2]) < int(
                    whole.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]):
                whole += connection.socket.recv(65536)
            answers.append(whole)
    assert answers[0] == answers[1]


def test_both_forms_on_one_connection(served):  # noqa: F811
    with RawConnection(served.agent) as connection:
        bodies = []
        for request in (PLAIN, PLAIN, PARSED, PLAIN, PLAIN + PLAIN + PARSED, PLAIN):
            connection.send(request)
            bodies += [connection.answer()[2] for _ in range(request.count("GET"))]
    assert len(bodies) == 8 and len(set(bodies)) == 1


def test_a_plain_request_in_two_pieces(served):  # noqa: F811
    for cut in range(1, len(PLAIN)):
        with RawConnection(served.agent) as connection:
            connection.send(PLAIN[:cut])
            connection.send(PLAIN[cut:])
            assert connection.answer()[0] == 200


def test_plain_requests_are_counted(served):  # noqa: F811
    def handed_out() -> float:
        lines = ask(served.control, "GET", "/metrics").body.decode().splitlines()
        return sum(float(line.split()[-1]) for line in lines if line.startswith("orakeyd_handouts_total"))

    before = handed_out()
    with RawConnection(served.agent) as connection:
        for _ in range(5):
            connection.send(PLAIN)
            connection.answer()
    assert handed_out() == before + 5


def test_a_lock_holds_for_the_next_plain_request_of_an_open_connection(farm):  # noqa: F811
    daemon = farm.make()
    daemon.start()
    daemon.wait_for_key()
    with RawConnection(daemon.agent) as connection:
        connection.send(PLAIN)
        assert connection.answer()[0] == 200
        assert daemon.post("/v1/lock").status == 200
        connection.send(PLAIN)
        assert connection.answer()[0] == 423


def test_a_revocation_holds_for_the_next_plain_request_of_an_open_connection(farm):  # noqa: F811
    daemon = farm.make()
    daemon.start()
    key = daemon.wait_for_key()
    with RawConnection(daemon.agent) as connection:
        connection.send(PLAIN)
        assert key["key"].encode() in connection.answer()[2]
        assert daemon.post("/v1/revoke", {"fingerprint": key["fingerprint"], "reason": "test"}).status == 202
        connection.send(PLAIN)
        status, _, body = connection.answer()
        assert status in (200, 503) and key["key"].encode() not in body


WATCH = "GET /v1/watch HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.mark.parametrize("requests", [WATCH + PARSED * 60, PLAIN + PARSED * 60, PLAIN * 60], ids=["watch", "mixed", "plain"])
def test_a_client_that_leaves_before_its_answers(served, requests):  # noqa: F811
    """The first write fails while more than one read's worth of requests waits."""
    served.process.send_signal(signal.SIGSTOP)
    try:
        for _ in range(50):
            with RawConnection(served.agent) as connection:
                connection.send(requests)
    finally:
        served.process.send_signal(signal.SIGCONT)
    assert served.get("/v1/key").status == 200
