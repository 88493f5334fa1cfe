"""Metrics as a collector reads them, and what is made of them: alert rules and the dashboard."""

import http.client
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess

import pytest
import yaml
from support.daemon import ask, eventually
from support.exposition import lint, promtool, read, value
from support.places import ROOT
from support.quick import STRANGER, chainless, curl_as, farm, needs_root, world  # noqa: F401 (fixtures)
from support.rawhttp import RawConnection
from support.scripted_model import ScriptedModel

RULES = ROOT / "etc" / "prometheus" / "orakeyd.rules.yml"
DASHBOARD = ROOT / "etc" / "grafana" / "orakeyd.json"


@pytest.fixture
def port():
    """A loopback port that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def metered(farm, port):
    """A daemon whose metrics have a port of their own, for every local user to reach its agent socket."""
    daemon = farm.make()
    daemon.consumers = [{"name": "default", "match": {"uid": os.geteuid()}}]
    daemon.configure(metrics={"listen": f"127.0.0.1:{port}"})
    daemon.folder.chmod(0o755)
    daemon.folder.parent.chmod(0o755)
    daemon.start()
    daemon.port = port
    return daemon


def scrape(daemon) -> dict:
    answer = ask(daemon.control, "GET", "/metrics")
    assert answer.status == 200, answer
    return read(answer.body.decode())


def get(port: int, target: str, method="GET", **headers):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request(method, target, headers=headers)
    response = connection.getresponse()
    return response.status, response.headers, response.read().decode()


@needs_root
def test_every_family_counts_what_it_says(metered):
    daemon = metered
    daemon.wait_for_key()
    daemon.settle()
    before = scrape(daemon)
    for _ in range(5):
        assert daemon.get("/v1/key").status == 200
    assert curl_as(STRANGER, daemon.agent, "/v1/key")[0] == 403
    assert daemon.get("/v1/nothing").status == 404
    daemon.orakey("rotate", "--grace", "0s")
    daemon.orakey("rotate", "--grace", "1h")
    # The current key and the retiring one.
    daemon.orakey("revoke", "--all")
    daemon.wait_for_key()
    eventually("the revoked keys are dead", lambda: len(daemon.keys("disabled")) == 3)
    held = RawConnection(daemon.agent)
    assert held.get("/v1/health")[0] in (200, 503)
    after = scrape(daemon)
    held.socket.close()

    assert lint(after) == []
    network = {"network": "BASE"}
    whole = {"consumer": "default", **network}

    def rise(name, **labels):
        return value(after, name, **labels) - value(before, name, **labels)

    assert rise("orakeyd_handouts_total", **whole) >= 5
    assert rise("orakeyd_denied_total") == 1
    assert value(after, "orakeyd_refused_total", code="not_found") == 1
    assert rise("orakeyd_rotations_total", **network) == 2
    assert rise("orakeyd_revocations_total", **network) == 2
    assert rise("orakeyd_consumer_generation", **whole) == 3
    assert value(after, "orakeyd_keys", state="current", **network) == 1
    confirmed = [v for labels, v in after["orakeyd_intents"]["samples"].items() if ("state", "confirmed") in labels]
    assert sum(confirmed) == len([i for i in daemon.intents() if i["state"] == "confirmed"]) > 0
    assert value(after, "orakeyd_pool_target_keys", **network) == 0
    assert value(after, "orakeyd_balance_wei", **network) == float(daemon.status()["balance"])
    assert rise("orakeyd_rpc_answers_total", **network) > 0
    assert value(after, "orakeyd_endpoint_up", **network) == 1
    assert value(after, "orakeyd_alarm", code="foreign_create", **network) == 0
    assert value(after, "orakeyd_locked") == 0
    assert value(after, "orakeyd_connections", socket="agent") == 1
    assert rise("orakeyd_connections_accepted_total", socket="agent") >= 8
    assert value(after, "orakeyd_connections", socket="control") == 1

    process = pathlib.Path(f"/proc/{daemon.process.pid}")
    assert 0 < value(after, "process_open_fds") < value(after, "process_max_fds")
    status = (process / "status").read_text()
    resident = int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) * 1024
    assert resident / 2 < value(after, "process_resident_memory_bytes") < resident * 2
    assert value(after, "process_cpu_seconds_total") > 0


def test_an_endpoint_that_fails_is_counted(chainless):
    daemon = chainless.make()
    daemon.start()
    eventually("the endpoint was tried", lambda: "orakeyd_rpc_errors_total" in scrape(daemon))
    families = scrape(daemon)
    place = {"network": "BASE", "endpoint": "http://127.0.0.1:4"}
    assert value(families, "orakeyd_rpc_errors_total", **place) > 0
    assert value(families, "orakeyd_rpc_answers_total", **place) == 0
    assert lint(families) == []


def test_prometheus_finds_nothing_to_complain_of(metered):
    metered.wait_for_key()
    metered.orakey("lock")
    text = ask(metered.control, "GET", "/metrics").body.decode()
    assert (lint(read(text)), promtool(text)) == ([], "")


def test_the_port_serves_the_same_and_nothing_else(metered):
    metered.wait_for_key()
    status, headers, text = get(metered.port, "/metrics")
    assert (status, headers["content-type"]) == (200, "text/plain; version=0.0.4; charset=utf-8")
    assert read(text).keys() == scrape(metered).keys()
    for target in ["/", "/v1/key", "/v1/status", "/metrics?x=1", "/metrics/", "//metrics"]:
        assert get(metered.port, target)[0] == 404, target
    for method in ["POST", "PUT", "DELETE", "OPTIONS"]:
        status, headers, _ = get(metered.port, "/metrics", method)
        assert (status, headers["allow"]) == (405, "GET, HEAD"), method
    assert get(metered.port, "/metrics", "HEAD")[::2] == (200, "")
    assert metered.stop() == 0


@pytest.mark.parametrize("host", ["evil.example", "evil.example:{port}", "localhost.evil.example", "127.0.0.1:1", ""])
def test_a_foreign_host_is_refused(metered, host):
    """DNS rebinding: a page's own name, pointed at this host."""
    status, _, text = get(metered.port, "/metrics", Host=host.format(port=metered.port))
    assert status == 421 and "orakeyd_" not in text


def test_requests_of_web_pages_are_refused(metered):
    for name in ["Origin", "Referer", "Sec-Fetch-Site"]:
        assert get(metered.port, "/metrics", **{name: "http://localhost"})[0] == 403
    for host in ["localhost", f"LOCALHOST:{metered.port}", "127.0.0.1", f"[::1]:{metered.port}"]:
        assert get(metered.port, "/metrics", Host=host)[0] == 200, host


def test_connections_that_say_nothing_shut_nobody_out_of_the_sockets(metered):
    idle = [socket.create_connection(("127.0.0.1", metered.port)) for _ in range(40)]
    assert ask(metered.control, "GET", "/v1/status").status == 200
    for connection in idle:
        connection.close()
    eventually("the port answers again", lambda: get_or_none(metered.port))


def get_or_none(port):
    try:
        return get(port, "/metrics")[0] == 200
    except (http.client.HTTPException, ConnectionError):
        return None


def test_a_port_that_is_taken_ends_the_start(farm, port):
    with socket.socket() as squatter:
        squatter.bind(("127.0.0.1", port))
        squatter.listen()
        daemon = farm.make()
        daemon.configure(metrics={"listen": f"127.0.0.1:{port}"})
        run = daemon.fails()
    assert run.returncode == 69
    assert f"another process serves 127.0.0.1:{port}" in run.stderr
    assert not daemon.agent.exists() and not daemon.control.exists()


# What is made of them.

def names(expression: str) -> set[str]:
    return set(re.findall(r"\b(?:orakeyd|process)_\w+", expression))


@pytest.fixture
def exported(farm) -> set[str]:
    """All there is: also what only shows once it has happened."""
    daemon = farm.make()
    with ScriptedModel() as model:
        proxy = daemon.folder / "proxy.sock"
        daemon.configure(proxy={"socket": str(proxy), "upstream": model.url})
        daemon.start()
        daemon.wait_for_key()
        assert daemon.get("/v1/nothing").status == 404
        assert ask(proxy, "GET", "/v1/models").status == 200
        # An exchange is counted once its answer is out.
        eventually("it is counted", lambda: "orakeyd_proxy_requests_total" in scrape(daemon))
        return set(scrape(daemon))


def test_rules_and_dashboard_name_what_there_is(exported):
    rules = [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]
    for rule in rules:
        assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}
        assert rule["labels"]["severity"] in ("warning", "critical")
        assert {"summary", "description"} == set(rule["annotations"])
        assert names(rule["expr"]) - exported == set(), rule["alert"]
    assert len({rule["alert"] for rule in rules}) == len(rules) > 5

    dashboard = json.loads(DASHBOARD.read_text())
    shown = set()
    for panel in dashboard["panels"]:
        for target in panel.get("targets", []):
            shown |= names(target["expr"])
    shown |= {name for variable in dashboard["templating"]["list"] for name in names(variable["query"])}
    assert "orakeyd_proxy_requests_total" in exported
    assert exported - shown == set(), "every metric has its place on the dashboard"
    assert shown - exported == set()
    places = [tuple(panel["gridPos"][edge] for edge in "xywh") for panel in dashboard["panels"]]
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(places)
    for x, y, w, h in places:
        assert x + w <= 24
        assert sum(x < a + c and a < x + w and y < b + d and b < y + h for a, b, c, d in places) == 1, "panels overlap"


@pytest.mark.skipif(shutil.which("promtool") is None, reason="no promtool on this host")
def test_prometheus_takes_the_rules_and_the_dashboards_expressions(tmp_path):
    expressions = [
        target["expr"].replace("$__rate_interval", "5m") for panel in json.loads(DASHBOARD.read_text())["panels"]
        for target in panel.get("targets", [])]
    recorded = {"groups": [{"name": "dashboard", "rules": [
        {"record": f"panel:{i}", "expr": expression} for i, expression in enumerate(expressions)]}]}
    (tmp_path / "dashboard.yml").write_text(yaml.safe_dump(recorded))
    for file in [RULES, tmp_path / "dashboard.yml"]:
        run = subprocess.run(["promtool", "check", "rules", file], capture_output=True, text=True)
        assert run.returncode == 0, run.stdout + run.stderr
