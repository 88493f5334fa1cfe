"""The systemd units, as systemd itself reads them."""

import re
import shutil
import subprocess

import pytest
from support.places import ROOT

UNITS = ROOT / "etc" / "systemd"

pytestmark = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze on this host")


@pytest.fixture
def unit(tmp_path):
    """A unit as `make install` leaves it, with a program that is there."""
    (tmp_path / "bin").mkdir()
    for program in ("orakeyd", "orakey-gateway"):
        (tmp_path / "bin" / program).symlink_to("/bin/true")

    def write(kind, name="orakeyd.service"):
        for file in (UNITS / kind).iterdir():
            (tmp_path / file.name).write_text(file.read_text().replace("@PREFIX@", str(tmp_path)))
        return tmp_path / name

    return write


@pytest.mark.parametrize("file", sorted(UNITS.glob("*/*")), ids=lambda file: f"{file.parent.name}/{file.name}")
def test_unit_is_valid(unit, file):
    kind = file.parent.name
    answer = subprocess.run(
        ["systemd-analyze", f"--{kind}", "verify", unit(kind, file.name)], capture_output=True, text=True)
    assert [line for line in answer.stderr.splitlines() if "orakey" in line] == []


def test_each_socket_goes_to_the_service_under_its_name():
    for name in ["agent", "control"]:
        text = (UNITS / "system" / f"orakeyd-{name}.socket").read_text()
        assert f"FileDescriptorName={name}\n" in text
        assert f"ListenStream=/run/orakeyd/{name}.sock\n" in text
        assert "Service=orakeyd.service\n" in text


@pytest.mark.parametrize("name", ["orakeyd.service", "orakey-gateway.service"])
def test_exposure(unit, name):
    answer = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager", unit("system", name)], capture_output=True,
        text=True)
    level = re.search(r"Overall exposure level.*: ([\d.]+)", answer.stdout)
    assert level, answer.stdout + answer.stderr
    assert float(level[1]) <= 1.6
