"""The systemd units, as systemd itself reads them."""

import os
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


@pytest.mark.parametrize("file", sorted(UNITS.glob("*/*.s*")), ids=lambda file: f"{file.parent.name}/{file.name}")
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


def test_the_drop_in_adds_the_one_capability(unit, tmp_path):
    """Matching the executables of other users is opted into, and takes no more than that."""
    file = unit("system")
    (tmp_path / "orakeyd.service.d").mkdir()
    shutil.copy(UNITS / "drop-ins" / "match-executables.conf", tmp_path / "orakeyd.service.d")
    answer = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager", file], capture_output=True, text=True)
    capabilities = [line for line in answer.stdout.splitlines() if line.startswith("✗") and "CAP_" in line]
    text = (UNITS / "drop-ins" / "match-executables.conf").read_text()
    settings = [line for line in text.splitlines() if line and not line.startswith(("#", "["))]
    assert settings == ["CapabilityBoundingSet=CAP_SYS_PTRACE", "AmbientCapabilities=CAP_SYS_PTRACE"]
    assert all("CAP_SYS_PTRACE" in line or "AmbientCapabilities" in line for line in capabilities)


def test_the_service_keeps_what_peers_and_secrets_need():
    lines = (UNITS / "system" / "orakeyd.service").read_text().splitlines()
    settings = dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
    assert "PrivateUsers" not in settings, "it would hide the users of peers"
    assert settings["LoadCredentialEncrypted"] == "-wallet-passphrase:/etc/orakeyd/wallet-passphrase.cred"
    assert (settings["LimitCORE"], settings["UMask"], settings["NoNewPrivileges"]) == ("0", "0077", "yes")
    assert int(settings["LimitMEMLOCK"].rstrip("M")) >= 8


@pytest.mark.skipif(os.geteuid() != 0, reason="makes users")
def test_users_and_folders_are_made(tmp_path):
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/sh\n")
    (tmp_path / "etc/group").write_text("root:x:0:\n")
    users = UNITS.parent / "sysusers.d" / "orakeyd.conf"
    subprocess.run(["systemd-sysusers", f"--root={tmp_path}", users], check=True, capture_output=True)
    entry = next(line for line in (tmp_path / "etc/passwd").read_text().splitlines() if line.startswith("orakeyd:"))
    assert entry.endswith(":/var/lib/orakeyd:/usr/sbin/nologin")
    folders = UNITS.parent / "tmpfiles.d" / "orakeyd.conf"
    subprocess.run(["systemd-tmpfiles", f"--root={tmp_path}", "--create", folders], check=True, capture_output=True)
    assert (tmp_path / "var/lib/orakeyd").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "var/lib/orakeyd").stat().st_uid == int(entry.split(":")[2])
    assert (tmp_path / "etc/orakeyd").stat().st_uid == 0
