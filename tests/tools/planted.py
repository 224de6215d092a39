"""Trees with a breach planted, and what a check says of them: what the tests of the checks have in common."""
import subprocess
import tempfile
from pathlib import Path


def check(command, files, below=""):
    """The exit status and the output of `command ROOT`, for a tree of {path: text} below ROOT/`below`."""
    with tempfile.TemporaryDirectory() as root:
        for name, text in files.items():
            path = Path(root, below, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text + "\n")
        result = subprocess.run([*command, root], capture_output=True, text=True)
        return result.returncode, result.stdout + result.stderr


def judge(command, clean, breaches, below="", beside={}, clean_says=""):
    """Requires that the clean tree passes and says `clean_says`, and that each breach, (file, text, what the report must say), is reported
    where it is planted in it and `beside`. Prints how many trees were judged; returns the exit status of the test."""
    failures = []
    code, report = check(command, clean, below)
    if code != 0 or clean_says not in report:
        failures.append(f"the clean tree was refused: {report}")
    for file, text, message in breaches:
        code, report = check(command, {**clean, **beside, file: text}, below)
        if code != 1 or message not in report:
            failures.append(f"{file} with {text!r}: expected '{message}', got {code}: {report}")
    print("\n".join(failures + [f"{len(breaches) + 1} trees judged, {len(failures)} wrongly"]))
    return 1 if failures else 0
