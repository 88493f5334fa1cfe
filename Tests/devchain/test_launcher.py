"""How the launchers get their Python packages."""

import os
import subprocess
import sys

import pytest
from support.places import DEVCHAIN, ROOT

PYTHON_ENV = ROOT / "etc" / "python-env"


def run(*arguments, **environment) -> subprocess.CompletedProcess:
    return subprocess.run(arguments, env={**os.environ, **environment}, capture_output=True, text=True)


@pytest.fixture
def requirements(tmp_path):
    """No packages, so that nothing is downloaded."""
    file = tmp_path / "requirements.txt"
    file.write_text("# nothing\n")
    return file


@pytest.fixture(autouse=True)
def quick_python(tmp_path, monkeypatch):
    """Stands in for Python, whose own `-m venv` takes seconds: the environment's python is the one of the tests."""
    program = tmp_path / "quick-python"
    program.write_text(f"""#!/bin/sh
if [ "$2" != venv ]; then exec {sys.executable} "$@"; fi
mkdir -p "$3/bin" && touch "$3/pyvenv.cfg"
printf '#!/bin/sh\\nexec {sys.executable} "$@"\\n' >"$3/bin/python" && chmod +x "$3/bin/python"
""")
    program.chmod(0o755)
    monkeypatch.setenv("PYTHON", str(program))


def test_an_environment_is_made_once_and_again_when_its_files_change(tmp_path, requirements):
    folder = tmp_path / "new" / "venv"
    first = run(PYTHON_ENV, folder, requirements)
    assert first.returncode == 0 and f"Installing Python packages into {folder}" in first.stderr
    (folder / "witness").touch()
    second = run(PYTHON_ENV, folder, requirements)
    assert (second.returncode, second.stdout, second.stderr) == (0, "", "")
    assert (folder / "witness").exists()
    requirements.write_text("# nothing either\n")
    assert run(PYTHON_ENV, folder, requirements).returncode == 0
    assert not (folder / "witness").exists()


def test_a_broken_environment_is_made_again(tmp_path, requirements):
    folder = tmp_path / "venv"
    run(PYTHON_ENV, folder, requirements)
    (folder / "bin" / "python").unlink()
    assert run(PYTHON_ENV, folder, requirements).returncode == 0
    assert (folder / "bin" / "python").exists()


def test_other_peoples_folders_are_left_alone(tmp_path, requirements):
    folder = tmp_path / "precious"
    folder.mkdir()
    (folder / "data").write_text("mine")
    outcome = run(PYTHON_ENV, folder, requirements)
    assert outcome.returncode == 73 and "is not a virtual environment" in outcome.stderr
    assert (folder / "data").read_text() == "mine"


def test_old_pythons_are_refused(tmp_path, requirements):
    old = tmp_path / "python3"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    outcome = run(PYTHON_ENV, tmp_path / "venv", requirements, PYTHON=str(old))
    assert outcome.returncode == 69 and "is not a Python 3.11 or newer" in outcome.stderr


def test_a_missing_venv_module_names_the_package(tmp_path, requirements):
    crippled = tmp_path / "python3"
    crippled.write_text('#!/bin/sh\n[ "$2" = venv ] && exit 1\nexec /usr/bin/env python3 "$@"\n')
    crippled.chmod(0o755)
    outcome = run(PYTHON_ENV, tmp_path / "venv", requirements, PYTHON=str(crippled))
    assert outcome.returncode == 69 and "apt-get install python3-venv" in outcome.stderr


def test_a_package_that_cannot_be_had_is_a_temporary_failure(tmp_path, requirements):
    requirements.write_text("orakeyd-no-such-package==1.0 --hash=sha256:" + "0" * 64 + "\n")
    outcome = run(PYTHON_ENV, tmp_path / "venv", requirements, PIP_NO_INDEX="1", PIP_FIND_LINKS=str(tmp_path))
    assert outcome.returncode == 75 and f"installing {requirements} failed" in outcome.stderr
    assert not (tmp_path / "venv" / "stamp").exists(), "the next run tries again"


def test_usage():
    assert run(PYTHON_ENV).returncode == 64
    assert "FOLDER" in run(PYTHON_ENV, "--help").stdout


def test_the_launcher_works_from_anywhere_and_through_a_link(tmp_path):
    link = tmp_path / "devchain"
    link.symlink_to(DEVCHAIN)
    outcome = subprocess.run([link, "--version"], cwd="/", capture_output=True, text=True,
                             env={**os.environ, "DEVCHAIN_VENV": sys.prefix})
    assert outcome.returncode == 0 and outcome.stdout.startswith("devchain ")
