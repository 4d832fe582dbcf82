"""One process of the Python face: takes pickled calls on its input, writes (result, exception) to its output.

Ends when its input closes, when its parent dies, or, if it hangs, by an alarm.
"""

import ctypes
import os
import pickle
import resource
import signal
import sys

LONGEST_LIFE = 120  # seconds
PR_SET_PDEATHSIG = 1


def main() -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    signal.alarm(LONGEST_LIFE)
    if descriptors := int(sys.argv[1]):
        resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, descriptors))
    # What anything prints must not get between the answers.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    serve(sys.stdin.buffer, answers)


def serve(orders, answers) -> None:
    from frame import CannotSay
    from python_face import PythonKsock

    ksocks = []
    while True:
        try:
            ksock, method, arguments, keywords = pickle.load(orders)
        except EOFError:
            return
        try:
            if ksock is None:
                ksocks.append(PythonKsock(*arguments))
                answer = (len(ksocks) - 1, None)
            else:
                attribute = getattr(ksocks[ksock], method)
                answer = (attribute(*arguments, **keywords) if callable(attribute) else attribute, None)
        except (Exception, CannotSay) as error:
            answer = (None, error)
        pickle.dump(answer, answers)
        answers.flush()


if __name__ == "__main__":
    main()
