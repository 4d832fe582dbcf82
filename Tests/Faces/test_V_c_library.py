"""V. The C library. The cases are C programs: tests of Tests/CTests that bear these numbers in their titles."""

import os
import pathlib
import re
import subprocess

import library
import pytest
from frame import c_only

pytestmark = c_only("about the C library")


@pytest.fixture(scope="session")
def c_tests(tmp_path_factory):
    build = tmp_path_factory.mktemp("ctests")
    subprocess.run(
        ["make", "-s", "-C", str(library.ROOT / "Tests/CTests"), f"BUILD={build}", f"KBUS_INCLUDE={library.INCLUDE}",
         f"KBUS_LIB={library.DIRECTORY}", "all"], check=True)
    return build / "ctests"


def run(c_tests: pathlib.Path, case: str) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("KBUS_")}
    done = subprocess.run(
        [str(c_tests), case], env=environment, capture_output=True, text=True, timeout=120, check=False,
        cwd=library.ROOT / "Tests/CTests")
    closing = re.search(r"(\d+) passed, (\d+) failed", done.stdout)
    assert closing, done.stdout + done.stderr
    assert done.returncode == 0 and closing.group(2) == "0", done.stdout + done.stderr
    assert int(closing.group(1)) > 0, f"no C test has {case} in its title"


def test_V_01_sizes_and_offsets(c_tests):
    run(c_tests, "V-01")


def test_V_02_next_msg(c_tests):
    run(c_tests, "V-02")


def test_V_03_read_next_msg_of_nothing(c_tests):
    run(c_tests, "V-03")


def test_V_04_read_msg_of_what_is_gone(c_tests):
    run(c_tests, "V-04")


def test_V_05_reply_to_an_unmarked_message(c_tests):
    run(c_tests, "V-05")


def test_V_06_stateful_request_after_a_reply(c_tests):
    run(c_tests, "V-06")


def test_V_07_only_once(c_tests):
    run(c_tests, "V-07")


def test_V_08_msg_sizeof(c_tests):
    run(c_tests, "V-08")


def test_V_09_find_replier(c_tests):
    run(c_tests, "V-09")


def test_V_10_eagain_fills_in_the_id(c_tests):
    run(c_tests, "V-10")


def test_V_11_printing(c_tests):
    run(c_tests, "V-11")


def test_V_12_wait_for_message(c_tests):
    run(c_tests, "V-12")


def test_V_13_split_bind_event(c_tests):
    run(c_tests, "V-13")


def test_V_14_deleting_nothing(c_tests):
    run(c_tests, "V-14")


def test_V_15_kbus_h_alone(c_tests):
    run(c_tests, "V-15")
