"""Puts libkbus.so into the wheel, which is therefore for one platform, but for any Python 3."""

import os
import shutil
from pathlib import Path

from setuptools import Distribution, setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_py import build_py

HERE = Path(__file__).resolve().parent


def library() -> Path:
    named = os.environ.get("KBUS_LIBRARY")
    path = Path(named) if named else HERE.parent / "libkbus.so"
    if not path.is_file():
        raise SystemExit(
            f"kbus needs its library, and {path} is not there: run `make libkbus.so` at the top of the repository, "
            "or set KBUS_LIBRARY to the library's path."
        )
    return path


class BuildWithLibrary(build_py):
    def run(self) -> None:
        super().run()
        if not self.editable_mode:
            shutil.copyfile(library(), Path(self.build_lib, "kbus", "libkbus.so.1"))

    def get_outputs(self, include_bytecode: bool = True) -> list:
        return [*super().get_outputs(include_bytecode), os.path.join(self.build_lib, "kbus", "libkbus.so.1")]


class WheelForAnyPython(bdist_wheel):
    def get_tag(self) -> tuple:
        return "py3", "none", super().get_tag()[2]


class PlatformDistribution(Distribution):
    def has_ext_modules(self) -> bool:
        return True


setup(distclass=PlatformDistribution, cmdclass={"build_py": BuildWithLibrary, "bdist_wheel": WheelForAnyPython})
