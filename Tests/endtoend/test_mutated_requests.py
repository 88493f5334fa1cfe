"""Requests that are broken at random, on both sockets: the service answers the others meanwhile."""

import os
import random
import re

from support.daemon import OCTETS, PASSPHRASE, eventually
from support.quick import farm, world  # noqa: F401 (fixtures)
from support.rawhttp import RawConnection, request


def test_mutated_requests_harm_nobody(farm):
    """The same 1,500 requests each time; ORAKEY_FUZZ=1000000 makes the long run, ORAKEY_SEED another one."""
    daemon = farm.make()
    daemon.start()
    daemon.wait_for_key()
    dice = random.Random(int(os.environ.get("ORAKEY_SEED", 7)))
    whole = [
        request("GET", "/v1/key"), request("GET", "/v1/watch"), request("GET", "/v1/health", "Accept: text/plain"),
        request("POST", "/v1/rotate", body=b'{"consumer":"default"}'), request("GET", "/v1/keys?limit=3&after=1&state=pooled"),
        request("POST", "/v1/keys?wait=confirmed&timeout=1", "Idempotency-Key: a", body=b'{"count":1}'), request("GET", "/v1/intents/1"),
        request("POST", "/v1/rotate", "Transfer-Encoding: chunked") + b'5\r\n{"con\r\n0\r\n\r\n', request("GET", "/v1/events"),
        request("POST", "/v1/keys", "Expect: 100-continue", body=b'{"count":0}'), request("GET", "/v1/status", "Connection: close"),
        request("POST", "/v1/unlock", "Content-Type: application/octet-stream", body=b"x"), request("HEAD", "/v1/key"),
    ]
    pieces = [
        b"\r\n", b"\r\n\r\n", b"\n", b"\0", b" ", b"HTTP/1.1", b"HTTP/9.9", b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n",
        b"Content-Length: 999999999999\r\n", b"Expect: 100-continue\r\n", b"Connection: close\r\n", b"0\r\n\r\n", b"\xff" * 10,
        b"Upgrade: h2c\r\nConnection: Upgrade\r\n", b"ffffffffffffffff\r\n", b"A" * 9000, b"%", b"%00", b"?", b"&", b"Origin: x\r\n",
    ]
    for number in range(int(os.environ.get("ORAKEY_FUZZ", 1500))):
        data = bytearray(b"".join(dice.choices(whole, k=dice.randint(1, 4))))
        for _ in range(dice.randint(1, 4)):
            place = dice.randrange(len(data) + 1)
            match dice.randrange(4):
                case 0: data[place:place + 1] = bytes([dice.randrange(256)])
                case 1: data[place:place] = dice.choice(pieces)
                case 2: del data[place:place + dice.randint(1, 20)]
                case 3: data = data[:place]
        with RawConnection(dice.choice([daemon.agent, daemon.control])) as connection:
            connection.send(bytes(data))
            if dice.random() < 0.3:
                connection.end_of_requests()
        if number % 100 == 99:
            # "/v1/unlock" without its first letters is a command as well, and control's clients may give it.
            if daemon.get("/v1/key").status == 423:
                eventually("it unlocks", lambda: daemon.post("/v1/unlock", PASSPHRASE.encode(), headers=OCTETS).status == 200)
            assert daemon.get("/v1/key").status == 200 and daemon.status()
    assert daemon.alarms() == set()
    assert not re.search(r"(?m)^\S+ (error|critical) ", daemon.log_text())
