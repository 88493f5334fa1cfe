"""The Prometheus text format 0.0.4, read strictly, and the rules of its linter (promlint) that apply to gauges and counters."""

import re
import shutil
import subprocess

LABEL = r'([a-zA-Z_]\w*)="((?:[^"\\\n]|\\["\\n])*)"'
SAMPLE = re.compile(rf"([a-zA-Z_:][\w:]*)(?:\{{({LABEL}(?:,{LABEL})*)\}})? (\S+)")
# Base units only (promlint's list of others), as parts of a name.
OTHER_UNITS = {
    "milliseconds", "microseconds", "nanoseconds", "minutes", "hours", "days", "weeks", "kilobytes", "megabytes",
    "gigabytes", "bits", "percent", "kelvin", "fahrenheit", "gwei", "ms", "kb", "mb",
}


def read(text: str) -> dict[str, dict]:
    """Families by name: help, type, and samples by their labels. Fails on anything out of order."""
    assert text.endswith("\n")
    families: dict[str, dict] = {}
    current = None
    for line in text[:-1].split("\n"):
        if line.startswith("# HELP "):
            name, help_text = line[7:].split(" ", 1)
            assert name not in families, f"{name} stands here twice"
            current = families[name] = {"help": help_text, "type": None, "samples": {}}
        elif line.startswith("# TYPE "):
            kind_of, kind = line[7:].split(" ")
            assert kind_of == name and current["type"] is None and not current["samples"], line
            current["type"] = kind
        else:
            match = SAMPLE.fullmatch(line)
            assert match, line
            assert match[1] == name and current["type"], f"outside of its family: {line}"
            pairs = re.findall(LABEL, match[2] or "")
            assert len({label for label, _ in pairs}) == len(pairs), line
            labels = frozenset(pairs)
            assert labels not in current["samples"], f"twice: {line}"
            current["samples"][labels] = float(match[match.lastindex])
    return families


def lint(families: dict[str, dict]) -> list[str]:
    found = []
    for name, family in families.items():
        def complain(what, name=name):
            found.append(f"{name}: {what}")

        if not re.fullmatch(r"[a-z][a-z0-9_]*", name) or "__" in name:
            complain("not in snake_case")
        if not re.fullmatch(r"[A-Z].*\.", family["help"]):
            complain("the help is no sentence")
        if family["type"] not in ("counter", "gauge"):
            complain(f"type {family['type']}")
        if (family["type"] == "counter") != name.endswith("_total"):
            complain("counters end in _total, and nothing else does")
        if re.search(r"_(count|sum|bucket|gauge|counter)$", name):
            complain("a suffix of another type")
        if set(name.split("_")) & OTHER_UNITS:
            complain("not a base unit")
        if not family["samples"]:
            complain("no samples")
        if family["type"] == "counter" and any(value < 0 for value in family["samples"].values()):
            complain("below zero")
        labels = {frozenset(label for label, _ in sample) for sample in family["samples"]}
        if len(labels) > 1:
            complain(f"samples differ in their labels: {labels}")
        if any(label in name.split("_") for sample in labels for label in sample if label in ("le", "quantile")):
            complain("a reserved label")
    return found


def promtool(text: str) -> str:
    """What Prometheus' own linter says; nothing where it is not installed."""
    if shutil.which("promtool") is None:
        return ""
    run = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True)
    return (run.stdout + run.stderr).strip()


def value(families: dict[str, dict], name: str, **labels: str) -> float:
    """The one sample with these labels among others."""
    found = [v for sample, v in families[name]["samples"].items() if labels.items() <= dict(sample).items()]
    assert len(found) == 1, f"{name} {labels}: {families[name]['samples']}"
    return found[0]
