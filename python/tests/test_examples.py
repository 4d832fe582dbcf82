"""The examples of docs/PYTHON.md and README.md: each runs by itself, on a fresh bus, and prints what `#>` says."""

import re
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent
PAGES = [PROJECT.parent / "docs" / "PYTHON.md", PROJECT / "README.md"]
EXAMPLES = [
    pytest.param(code, id="%s-%d" % (page.stem, number))
    for page in PAGES
    for number, code in enumerate(re.findall(r"^```python\n(.*?)^```", page.read_text(), re.DOTALL | re.MULTILINE), 1)
]


@pytest.mark.parametrize("code", EXAMPLES)
def test_an_example(child, monkeypatch, code):
    monkeypatch.delenv("KBUS_CREATE")
    expected = [line[3:] for line in code.splitlines() if line.startswith("#> ")]
    assert expected, "an example says what it prints"
    running = child(code)
    assert running.rest() == expected
    assert running.wait() == 0


def test_there_are_examples():
    assert len(EXAMPLES) >= 6
