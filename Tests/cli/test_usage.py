"""What every command has in common: help, version, wrong usage, exit codes."""

import re
import subprocess

import pytest
from support.places import binaries

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


@pytest.mark.parametrize("program", ["orakey", "orakeyd", "orakey-gateway"])
@pytest.mark.parametrize("asked", ["--help", "--version", "--generate-completion-script=bash"])
def test_what_cannot_be_written_is_no_success(shell, program, asked):
    with open("/dev/full", "wb") as full:
        done = subprocess.run([binaries() / program, *asked.split("=")], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (74, f"{program}: cannot write to standard output: No space left on device\n")


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


ADDRESS = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"


@pytest.mark.parametrize("arguments, value, reason", [
    (["inspect", "--owner", ADDRESS.replace("f3", "F3")], None, "the upper and lower case of the address do not match its checksum"),
    (["contract", "info", "--owner", "0x12"], "0x12", "an address is 0x and 40 hex digits"),
    (["revoker", "set", "0x12"], "0x12", "an address is 0x and 40 hex digits"),
    (["derive", "--message", "0x12"], "0x12", "expected 32 bytes of hex, found 1"),
    (["derive", "--message", "12"], "12", "hex text must begin with 0x"),
    (["derive", "--message", "0x" + "00" * 32, "--network", "base"], "base", "lower-case letter at offset 0"),
    (["wallet", "address", "--path", "m/44'/60'/x"], "m/44'/60'/x", "level 3 is not a number"),
    (["wallet", "address", "--path", "m/44'/60'/0'/0/00"], "m/44'/60'/0'/0/00", "level 5 has leading zeros"),
    (["wallet", "address", "--path", "it's m/44'/60'"], None, "it does not begin with \"m\""),
    (["rotate", "--grace", "5"], "5", "such as 10m"),
    (["keys", "list", "--state", "zz"], "zz", "following: pending, pooled, current, retiring, disabling, disabled,"),
    (["derive", "--layout", "zz"], "zz", "'text' and 'binary'"),
])
def test_the_reason_is_in_the_line(shell, arguments, value, reason):
    """What is as long as a key is not repeated, nor what has blanks in it."""
    done = shell.orakey(*arguments)
    assert done.code == 64
    assert done.line().startswith(f"The value '{value or '...'}' is invalid for '")
    assert reason in done.line()
    assert re.search(r"; see orakey .*--help$", done.line())


@pytest.mark.parametrize("arguments, line", [
    (["audit", "--limit", "0"], "--limit is a number from 1 to 1000; see orakey audit list --help"),
    (["keys", "create", "-n", "-1"], "Missing value for '-n <count>'; see orakey keys create --help"),
    (["exec", "--env", "A=B", "--", "true"], "--env takes the name of a variable: letters, digits and _; see orakey exec --help"),
    (["revoker", "set", "0x" + "00" * 20], "the zero address is nobody; orakey revoker clear withdraws; see orakey revoker set --help"),
])
def test_what_is_wrong_stands_there_whole(shell, arguments, line):
    assert shell.orakey(*arguments).line() == line


@pytest.mark.parametrize("program", ["orakeyd", "orakey-gateway"])
@pytest.mark.parametrize("arguments, said", [
    (["--nonsense"], "Unknown option '--nonsense'"), (["--config"], "Missing value for '--config <file>'"),
    (["hunter2secret"], "there is an argument too many; "), (["--log-level", "loud"], "The value 'loud' is invalid for "),
])
def test_services_explain_wrong_usage_in_one_line_too(program, arguments, said):
    run = subprocess.run([binaries() / program, *arguments], capture_output=True, text=True)
    assert (run.returncode, run.stdout) == (64, "")
    assert run.stderr.startswith(f"{program}: {said}") and run.stderr.endswith(f"; see {program} --help\n")
    assert run.stderr.count("\n") == 1 and "hunter2" not in run.stderr


@pytest.mark.parametrize("secret", ["a' is invalid for 'b" + "5" * 40, "two\nlines", "two words"])
def test_a_value_is_not_repeated_where_it_may_be_a_secret(shell, secret):
    done = shell.orakey("inspect", "--owner", secret)
    assert done.code == 64
    assert done.line().startswith("The value '...' is invalid for '--owner <address>': an address is")


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
