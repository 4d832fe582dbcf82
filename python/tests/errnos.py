"""Errors that a test expects."""

import pytest


def fails(number, function, *arguments):
    with pytest.raises(OSError) as error:
        function(*arguments)
    assert error.value.errno == number
    return error.value
