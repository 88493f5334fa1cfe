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


@pytest.mark.parametrize("sample, page", [
    ("orakeyd.yaml", "orakeyd.yaml.5"), ("gateway/orakey-gateway.yaml", "orakey-gateway.8"),
])
def test_every_setting_of_the_sample_is_described(sample, page):
    sample = (ROOT / "etc" / sample).read_text()
    # Settings stand before a colon, at the start of a line or inside of braces; what is in capitals is a network's name.
    settings = set(re.findall(r"(?:^[ #-]*|[{,] )([a-z_]+):(?= |$)", sample, re.MULTILINE))
    assert settings >= {"chain_id", "idle_timeout", "created"}
    page = (ROOT / "etc" / "man" / page).read_text()
    described = set(re.findall(r"[a-z_]+", page))
    assert settings - described == set()
