"""Counts cases: those of the list (cases.txt) against the functions here and how they ended, for each face."""

from __future__ import annotations

import collections
import pathlib
import re

HERE = pathlib.Path(__file__).resolve().parent
CASE = re.compile(r"test_([A-Z])_(\d\d)_")


def case_of(function: str) -> str | None:
    """The id of the case that a function of this name is."""
    match = CASE.match(function)
    return f"{match[1]}-{match[2]}" if match else None


class Report:
    def __init__(self) -> None:
        self.ids = (HERE / "cases.txt").read_text().split()
        self.written = collections.Counter(
            case_of(name) for file in HERE.glob("test_*.py")
            for name in re.findall(r"^def (test_[A-Z]_\d\d_\w+)\(", file.read_text(), re.MULTILINE))
        self.passed: dict[str, set[str]] = collections.defaultdict(set)
        self.failed: dict[str, set[str]] = collections.defaultdict(set)
        self.left: dict[str, dict[str, str]] = collections.defaultdict(dict)
        self.in_part: dict[str, dict[str, str]] = collections.defaultdict(dict)

    def add(self, face: str, function: str, result) -> None:
        """One phase of one test, as pytest reports it."""
        case = case_of(function)
        if result.failed:
            self.failed[face].add(case)
        elif result.skipped:
            # "Skipped: because of this"
            _, _, reason = result.longrepr
            self.left[face][case] = reason.partition(": ")[2]
        elif result.when == "call":
            self.passed[face].add(case)

    def wrong(self) -> list[str]:
        """What is wrong with the list, whichever tests ran."""
        missing = self._in_ranges(id for id in self.ids if id not in self.written)
        unknown = sorted(id for id in self.written if id not in self.ids)
        twice = sorted(id for id, count in self.written.items() if count > 1)
        found = (("missing", missing), ("not in the list", unknown), ("more than once", twice))
        return [f"{what}: {' '.join(ids)}" for what, ids in found if ids]

    def lines(self, face: str) -> list[str]:
        failed = self.failed[face]
        passed = self.passed[face] - self.failed[face]
        left = {case: reason for case, reason in self.left[face].items() if case not in self.failed[face]}
        not_run = len(self.ids) - len(passed) - len(failed) - len(left)
        lines = [f"{face}: {len(self.ids)} cases in the list, {len(passed)} passed, {len(failed)} failed, "
                 f"{len(left)} left" + (f", {not_run} not in this run" if not_run else "")]
        if failed:
            lines.append(f"  failed: {' '.join(self._in_ranges(failed))}")
        lines += [f"  left: {run} ({reason})" for run, reason in self._ranges(left)]
        lines += [f"  in part: {case}, not {what}" for case, what in sorted(self.in_part[face].items())]
        return lines

    def _in_ranges(self, ids) -> list[str]:
        return [run for run, _ in self._ranges(dict.fromkeys(ids))]

    def _ranges(self, left: dict[str, str | None]) -> list[tuple[str, str | None]]:
        """Cases with the same reason, neighbours in the list drawn together: `U-01..U-16`."""
        runs: list[list[str]] = []
        for previous, case in zip([None, *self.ids], self.ids):
            if case not in left:
                continue
            if runs and runs[-1][-1] == previous and left[previous] == left[case]:
                runs[-1].append(case)
            else:
                runs.append([case])
        return [(run[0] if len(run) == 1 else f"{run[0]}..{run[-1]}", left[run[0]]) for run in runs]
