"""The manual pages: well-formed, and complete where that can be told."""

import re
import shutil
import subprocess

import pytest
from support.places import ROOT

PAGES = sorted((ROOT / "etc" / "man").iterdir())


@pytest.mark.skipif(shutil.which("groff") is None, reason="no groff on this host")
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_page_is_well_formed(page):
    answer = subprocess.run(["groff", "-mandoc", "-Tutf8", "-ww", "-z", page], capture_output=True, text=True)
    assert (answer.returncode, answer.stderr) == (0, "")


def settings_of(sample: str) -> set[str]:
    """Settings stand before a colon, at the start of a line or inside of braces; what is in capitals is a network's name."""
    text = (ROOT / "etc" / sample).read_text()
    return set(re.findall(r"(?:^[ #-]*|[{,] )([a-z_]+):(?= |$)", text, re.MULTILINE))


@pytest.mark.parametrize("sample, page", [
    ("orakeyd.yaml", "orakeyd.yaml.5"), ("gateway/orakey-gateway.yaml", "orakey-gateway.8"),
])
def test_every_setting_of_the_sample_is_described(sample, page):
    settings = settings_of(sample)
    assert settings >= {"chain_id", "idle_timeout", "created"}
    page = (ROOT / "etc" / "man" / page).read_text()
    described = set(re.findall(r"[a-z_]+", page))
    assert settings - described == set()


def test_every_key_that_the_reader_knows_is_described_and_in_the_sample():
    known = set()
    for source in (ROOT / "Sources" / "OrakeyConfig" / "Reading").glob("*.swift"):
        known |= set(re.findall(r'\b(?:optional|required)\(\s*"([a-z_]+)"', source.read_text()))
    assert known >= {"keystore", "chain_id", "bump_percent", "create_many", "max_chain_age", "metrics", "control_group"}
    page = (ROOT / "etc" / "man" / "orakeyd.yaml.5").read_text()
    described = {word for line in page.splitlines() if line.startswith((".Cm", ".It Cm", ".Ss")) for word in line.split()}
    assert (known - described, known - settings_of("orakeyd.yaml")) == (set(), set())
