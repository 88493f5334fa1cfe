"""What every command has in common: help, version, wrong usage, exit codes."""

import re

import pytest

COMMANDS = [
    [], ["get"], ["exec"], ["keys"], ["keys", "list"], ["keys", "create"], ["rotate"], ["revoke"], ["status"], ["watch"],
    ["lock"], ["unlock"], ["intents"], ["intents", "list"], ["intents", "show"], ["intents", "speedup"], ["intents", "cancel"],
    ["revoker", "set"], ["revoker", "clear"], ["keys", "adopt"], ["acknowledge"], ["doctor"],
    ["init"], ["wallet"], ["wallet", "new"], ["wallet", "import"], ["wallet", "address"], ["wallet", "export"],
    ["wallet", "passwd"], ["contract", "deploy"], ["contract", "info"], ["inspect"], ["verify"], ["derive"],
    ["abi", "encode"], ["abi", "decode"], ["abi", "selector"], ["tx", "decode"],
]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_help_goes_to_standard_output(shell, command):
    done = shell.orakey(*command, "--help")
    assert done.code == 0, done.err
    assert done.out.startswith("OVERVIEW: ") and done.err == ""
    assert re.search(r"USAGE: orakey " + " ".join(command), done.out)


def test_version(shell):
    done = shell.orakey("--version")
    assert done.code == 0 and re.fullmatch(r"orakey \d+\.\d+\.\d+\n", done.out)


@pytest.mark.parametrize("arguments", [
    ["nonsense"], ["get", "--bogus"], ["keys", "create", "--count", "0"], ["keys", "create", "--count", "x"],
    ["rotate", "--grace", "5"], ["rotate", "--network", "base"], ["revoke"], ["revoke", "-", "--all"],
    ["revoke", "0x12"], ["revoke", "SHA256:12"], ["exec"], ["exec", "--env", "A=B", "--", "true"], ["intents", "show"],
    ["keys", "adopt"], ["keys", "adopt", "0x12"], ["keys", "adopt", "--all", "SHA256:0123456789abcdef"], ["revoker", "set", "0x12"],
    ["wallet", "new", "--words", "13"], ["contract", "deploy", "--chain-id", "1"],
])
def test_wrong_usage_is_64_and_one_line(shell, arguments):
    done = shell.orakey(*arguments)
    assert done.code == 64
    assert done.out == ""
    assert done.line()


@pytest.mark.parametrize("arguments", [["get"], ["status"], ["keys"], ["rotate"], ["revoke", "--all"], ["watch"], ["lock"]])
def test_no_daemon_is_69(shell, arguments):
    done = shell.orakey(*arguments)
    assert done.code == 69
    assert "orakeyd is not running" in done.line()


def test_the_user_s_socket_goes_before_the_system_s(shell):
    (shell.folder / "run" / "orakeyd").mkdir(parents=True)
    path = shell.folder / "run" / "orakeyd" / "agent.sock"
    path.touch()
    done = shell.orakey("get")
    assert done.code == 69
    assert str(path) in done.line()


@pytest.mark.parametrize("arguments", [
    ["get", "BASE:5FH3jBjPuoSLn1je1dyQMxnhEGAzgERUW88KyFcN4KDC"], ["wallet", "import", "--private-key", "11" * 32],
    ["wallet", "import", "--mnemonic", "test test test test test test test test test test test junk"],
    ["wallet", "import", "--private-key", "'" + "11" * 32], ["inspect", "-", "don't BASE:5FH3jBjPuoSLn1je1dyQMxnhEGA"],
    ["unlock", "hunter2secret"], ["wallet", "import", "--mnemonic", "legal", "winner", "thank", "year", "wave"],
])
def test_a_secret_in_the_wrong_place_is_not_repeated(shell, arguments):
    done = shell.orakey(*arguments)
    assert done.code == 64
    assert arguments[-1] not in done.err and "an argument too many" in done.line()
