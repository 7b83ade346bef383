"""Runs the engine's tests in the engine's environment and reports each one in this run.

The engine lives on Python 3.10 with libraries of its own, so its tests cannot be imported here.
Their names are read from the source, one subprocess of the engine's interpreter runs all that were
selected, and every test passes or fails under its own name. A folder takes part by having

    from tests.engine.plugin import pytest_pycollect_makemodule

in its conftest.py. In the engine's interpreter conftest files are not read.
"""

from __future__ import annotations

import ast
import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest

_ROOT = Path(__file__).resolve().parents[2]
_INTERPRETER = Path(os.environ.get("YINGDA_ENGINE_PYTHON") or _ROOT / ".venv-engine/bin/python")
_SETTINGS = Path("tests/engine/pytest.ini")
_SECONDS = 600
_Results = dict[tuple[str, str], list[tuple[str, str]]]
_results_key = pytest.StashKey[_Results]()


def pytest_pycollect_makemodule(module_path: Path, parent: pytest.Collector) -> pytest.Collector:
    """Collect a test module without importing it."""
    return EngineModule.from_parent(parent, path=module_path)


class EngineModule(pytest.File):
    """A file of tests for the engine's interpreter."""

    def collect(self) -> Iterator[pytest.Item]:
        """Yield one item per test function; its parameters stay together."""
        for node in ast.parse(self.path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                test = EngineTest.from_parent(self, name=node.name)
                test.add_marker(pytest.mark.timeout(_SECONDS))  # the first one waits for all
                yield test


class EngineTest(pytest.Item):
    """One test function, run by the engine's interpreter."""

    @property
    def key(self) -> tuple[str, str]:
        """The module and the function as pytest's report names them."""
        module = self.path.relative_to(_ROOT).with_suffix("")
        return ".".join(module.parts), self.name

    def runtest(self) -> None:
        """Report the outcome; the first test of the session runs them all.

        Raises:
            EngineTestError: a case of this test failed, or it did not run.
        """
        stash = self.session.stash
        if _results_key not in stash:
            tests = [item for item in self.session.items if isinstance(item, EngineTest)]
            try:
                stash[_results_key] = _run(tests)
            except EngineTestError as error:
                stash[_results_key] = {test.key: [("failed", str(error))] for test in tests}
        outcomes = stash[_results_key].get(self.key)
        if not outcomes:
            raise EngineTestError(f"{self.nodeid} did not run in {_INTERPRETER}")
        failures = [text for outcome, text in outcomes if outcome == "failed"]
        if failures:
            raise EngineTestError("\n\n".join(failures))
        if all(outcome == "skipped" for outcome, _ in outcomes):
            pytest.skip(outcomes[0][1])

    def repr_failure(
        self, excinfo: pytest.ExceptionInfo[BaseException], style: object = None
    ) -> str:
        """Show the engine's own report of the failure."""
        if isinstance(excinfo.value, EngineTestError):
            return str(excinfo.value)
        return str(super().repr_failure(excinfo))

    def reportinfo(self) -> tuple[Path, None, str]:
        """Name the test."""
        return self.path, None, self.name


class EngineTestError(Exception):
    """A test failed in the engine's interpreter; the text is its report."""


def _run(items: list[EngineTest]) -> _Results:
    if not _INTERPRETER.exists():
        raise EngineTestError(f"expected the engine's interpreter at {_INTERPRETER}: `make setup`")
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = [
            str(_INTERPRETER), "-W", "ignore::DeprecationWarning", "-m", "pytest", "--noconftest",
            "-c", str(_SETTINGS), "--rootdir", str(_ROOT), "-q", f"--junitxml={report}",
            *(f"{item.path.relative_to(_ROOT)}::{item.name}" for item in items),
        ]  # fmt: skip
        done = subprocess.run(
            command,
            cwd=_ROOT,
            env={**os.environ, "RASA_TELEMETRY_ENABLED": "false", "PYTHONPATH": str(_ROOT)},
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
        if not report.exists():
            raise EngineTestError(
                f"The engine's tests did not run in {_INTERPRETER}:\n{done.stdout}\n{done.stderr}"
            )
        return _read(ElementTree.parse(report))


def _read(report: ElementTree.ElementTree[ElementTree.Element]) -> _Results:
    results: _Results = {}
    for case in report.iter("testcase"):
        name = (case.get("name") or "").partition("[")[0]
        problem = next((child for child in case if child.tag in {"failure", "error"}), None)
        skipped = case.find("skipped")
        if problem is not None:
            outcome = ("failed", f"{case.get('name')}\n{problem.text}")
        elif skipped is not None:
            outcome = ("skipped", skipped.get("message") or "")
        else:
            outcome = ("passed", "")
        results.setdefault((case.get("classname") or "", name), []).append(outcome)
    return results
