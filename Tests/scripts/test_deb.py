"""The Debian package, made of small programs in place of the real ones: what is in it, and what its scripts do."""

import os
import pathlib
import re
import shutil
import stat
import subprocess

import pytest
from support.places import ROOT

pytestmark = [
    pytest.mark.skipif(shutil.which("dpkg-shlibdeps") is None, reason="no dpkg-dev on this host"),
    pytest.mark.skipif(os.geteuid() != 0, reason="dpkg takes root"),
]


def run(*command, **options):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    """Built by the script from programs that are real ones, so that their libraries can be told."""
    folder = tmp_path_factory.mktemp("deb")
    release = folder / "release"
    release.mkdir()
    for name in ["orakeyd", "orakey", "orakey-cli", "orakey-gateway"]:
        shutil.copy("/bin/true", release / name)
    made = run(ROOT / "etc/scripts/deb", folder / "out", env=os.environ | {"RELEASE": str(release), "MAKEFLAGS": ""})
    return pathlib.Path(made.stdout.strip())


@pytest.fixture(scope="module")
def fields(package):
    text = run("dpkg-deb", "--field", package).stdout
    return dict(re.findall(r"^([A-Z][\w-]*): (.*)$", text, re.MULTILINE))


def test_control(fields, package):
    assert fields["Package"] == "orakeyd"
    version = re.search(r'orakeyVersion = "(.*)"', (ROOT / "Sources/OrakeyAPI/Version.swift").read_text())[1]
    assert fields["Version"].split("~")[0] == version
    assert run("dpkg", "--validate-version", fields["Version"])
    assert run("dpkg", "--print-architecture").stdout.strip() == fields["Architecture"]
    assert package.name == f"orakeyd_{fields['Version']}_{fields['Architecture']}.deb"
    # What the programs load, as their packages say.
    assert re.search(r"\blibc6 \(>= ", fields["Depends"]) and "systemd-standalone-sysusers" in fields["Depends"]
    assert "swift" not in fields["Depends"]
    assert int(fields["Installed-Size"]) > 100


def test_contents(package):
    rows = [line.split(None, 5) for line in run("dpkg-deb", "--contents", package).stdout.splitlines()]
    files = {path.removeprefix("."): (mode, owner) for mode, owner, _, _, _, path in rows}
    assert {owner for _, owner in files.values()} == {"root/root"}
    for path, (mode, _) in files.items():
        assert "w" not in mode[4:] and "s" not in mode[1:], f"{mode} {path}"
        assert not path.startswith(("/usr/local", "/run", "/var"))
    for path in [
        "/usr/bin/orakeyd", "/usr/bin/orakey", "/usr/bin/orakey-revoke", "/usr/libexec/orakeyd/orakey-cli",
        "/usr/lib/systemd/system/orakeyd.service", "/usr/lib/systemd/system/orakeyd-agent.socket",
        "/usr/lib/systemd/user/orakeyd.service", "/usr/lib/sysusers.d/orakeyd.conf", "/usr/lib/tmpfiles.d/orakeyd.conf",
        "/usr/share/man/man8/orakeyd.8.gz", "/usr/share/man/man5/orakeyd.yaml.5.gz", "/usr/share/man/man1/orakey.1.gz",
        "/usr/share/doc/orakeyd/copyright", "/usr/share/doc/orakeyd/changelog.gz", "/etc/default/orakeyd",
        "/usr/share/bash-completion/completions/orakey", "/usr/share/zsh/vendor-completions/_orakey",
        "/usr/share/fish/vendor_completions.d/orakey.fish",
    ]:
        assert path in files, path
    assert not any(path.startswith("/etc/systemd") for path in files), "nothing is enabled"


class Root:
    """A root of its own, on which this host's dpkg works; the package's scripts see it as $DPKG_ROOT."""

    def __init__(self, folder):
        self.folder = folder
        for part in ["etc", "var/lib/dpkg/updates", "var/lib/dpkg/info", "usr"]:
            (folder / part).mkdir(parents=True)
        (folder / "var/lib/dpkg/status").write_text("")
        (folder / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/sh\n")
        (folder / "etc/group").write_text("root:x:0:\n")

    def dpkg(self, *arguments):
        return run("dpkg", f"--root={self.folder}", "--force-depends", "--force-script-chrootless", "--log=/dev/null",
                   *arguments)

    def tree(self):
        skipped = ("var/lib/dpkg", "etc/passwd", "etc/group", "etc/shadow", "etc/gshadow", "etc/.pwd")
        paths = {str(path.relative_to(self.folder)) for path in self.folder.rglob("*")}
        return {path for path in paths if not path.startswith(skipped)}

    def mode(self, path):
        found = (self.folder / path).stat()
        return stat.S_IMODE(found.st_mode), found.st_uid, found.st_gid


@pytest.fixture
def root(tmp_path):
    if shutil.which("systemd-sysusers") is None or shutil.which("systemd-tmpfiles") is None:
        pytest.skip("no systemd on this host")
    return Root(tmp_path / "root")


def test_installs_makes_its_user_and_purges_without_a_trace(root, package):
    before = root.tree()
    root.dpkg("--install", package)
    user = re.search(r"^orakeyd:[^:]*:(\d+):(\d+):.*:/var/lib/orakeyd:/usr/sbin/nologin$",
                     (root.folder / "etc/passwd").read_text(), re.MULTILINE)
    assert user
    uid, gid = int(user[1]), int(user[2])
    assert root.mode("etc/orakeyd") == (0o750, 0, gid)
    assert root.mode("var/lib/orakeyd") == (0o700, uid, gid)
    assert (root.folder / "usr/bin/orakeyd").exists()
    # Starts by hand: nothing is enabled.
    assert not list(root.folder.rglob("*.wants"))

    (root.folder / "etc/default/orakeyd").write_text('ORAKEYD_OPTIONS="--log-format json"\n')
    root.dpkg("--install", package)
    assert "json" in (root.folder / "etc/default/orakeyd").read_text(), "an upgrade keeps what the admin wrote"

    (root.folder / "var/lib/orakeyd/journal.sqlite").write_text("journal")
    root.dpkg("--remove", "orakeyd")
    assert (root.folder / "etc/default/orakeyd").exists() and (root.folder / "var/lib/orakeyd/journal.sqlite").exists()
    assert not (root.folder / "usr/bin/orakeyd").exists()
    root.dpkg("--purge", "orakeyd")
    assert root.tree() - before <= {"var", "var/lib"}


def test_purge_never_removes_a_wallet(root, package):
    root.dpkg("--install", package)
    wallet = root.folder / "etc/orakeyd/wallet.json"
    wallet.write_text("{}")
    done = root.dpkg("--purge", "orakeyd")
    assert wallet.exists()
    assert "/etc/orakeyd is kept" in done.stderr
    assert not (root.folder / "var/lib/orakeyd").exists()


@pytest.mark.skipif(shutil.which("lintian") is None, reason="no lintian on this host")
def test_lintian_finds_no_errors(package):
    done = subprocess.run(
        ["lintian", "--allow-root", "--fail-on", "error", package], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
