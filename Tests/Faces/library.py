"""Where the library and the Python package are.

$KBUS_LIB is the directory of libkbus.so, $KBUS_INCLUDE that of its headers; by default those of this repository.
"""

from __future__ import annotations

import os
import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[2]
DIRECTORY = pathlib.Path(os.environ.get("KBUS_LIB", ROOT)).resolve()
INCLUDE = pathlib.Path(os.environ.get("KBUS_INCLUDE", ROOT / "Sources/CKBUS/include")).resolve()
PYTHON_PACKAGE = ROOT / "python/src"
