"""What the package offers, and what it says without its library (KBUS specification, Python API, section 1; U-16)."""

import os
import subprocess
import sys

import pytest

import kbus
from kbus import Ksock, MessageId


class TestNames:
    def test_star_import(self):
        wanted = """Announcement BindStruct Ksock MSG_HEADER_LEN Message MessageId OrigFrom ReplierStruct Reply Request
            SendResultStruct Status c_data_as_bytes calc_entire_message_len calc_padded_data_len calc_padded_name_len
            hexdata hexify message_from_parts read_bindings reply_to split_replier_bind_event_data stateful_request
            ksock messages array ctypes fcntl select string struct""".split()
        names = {}
        exec("from kbus import *", names)
        assert [name for name in wanted if name not in names] == []
        ours = {"Loan", "ReceivedMessage", "create_bus", "library_version", "read_statistics", "remove_bus", "wait_any"}
        assert set(names) - set(wanted) - {"__builtins__"} == ours
        for module in ("array", "ctypes", "fcntl", "select", "string", "struct"):
            assert names[module] is __import__(module)
        assert not hasattr(kbus, "__all__")

    def test_where_they_are(self):
        for name in ("Ksock", "read_bindings", "BindStruct", "ReplierStruct", "SendResultStruct"):
            assert getattr(kbus.ksock, name) is getattr(kbus, name)
        for name in ("Message", "Announcement", "Reply", "MessageId", "OrigFrom", "reply_to", "hexdata"):
            assert getattr(kbus.messages, name) is getattr(kbus, name)

    def test_request_numbers(self):
        assert (Ksock.IOC_RESET, Ksock.IOC_BIND, Ksock.IOC_KSOCKID) == (0x6B01, 0x40086B02, 0x80086B04)
        assert (Ksock.IOC_REPLIER, Ksock.IOC_DISCARD, Ksock.IOC_MAXMSGSIZE) == (0xC0086B05, 0x6B09, 0xC0086B12)
        assert Ksock.IOC_MAGIC == "k"

    def test_structures(self):
        assert kbus.BindStruct(1, 6, b"$.Fred").name == b"$.Fred"
        assert kbus.ReplierStruct(0, 6, b"$.Fred").len == 6
        assert kbus.SendResultStruct(-1, (0, 3)).msg_id == MessageId(0, 3)

    def test_without_its_library_the_import_says_what_to_do(self, tmp_path):
        code = "import kbus"
        environment = dict(os.environ, KBUS_LIBRARY=str(tmp_path / "none.so"))
        package = os.path.dirname(os.path.dirname(kbus.__file__))
        if os.path.exists(os.path.join(os.path.dirname(kbus.__file__), "libkbus.so.1")):
            pytest.skip("this kbus carries its library")
        environment["PYTHONPATH"] = package
        run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
        assert run.returncode == 1
        last = run.stderr.splitlines()[-1]
        assert last.startswith("ImportError: kbus can't use its library, ") and "KBUS_LIBRARY=" in last
