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
    (tmp_path / "bin" / "orakeyd").symlink_to("/bin/true")

    def write(kind):
        file = tmp_path / "orakeyd.service"
        file.write_text((UNITS / kind / "orakeyd.service").read_text().replace("@PREFIX@", str(tmp_path)))
        return file

    return write


@pytest.mark.parametrize("kind", ["system", "user"])
def test_unit_is_valid(unit, kind):
    answer = subprocess.run(["systemd-analyze", f"--{kind}", "verify", unit(kind)], capture_output=True, text=True)
    complaints = [line for line in answer.stderr.splitlines() if "orakeyd.service" in line]
    assert complaints == []


def test_exposure(unit):
    answer = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager", unit("system")], capture_output=True, text=True)
    level = re.search(r"Overall exposure level.*: ([\d.]+)", answer.stdout)
    assert level, answer.stdout + answer.stderr
    assert float(level[1]) <= 1.6
