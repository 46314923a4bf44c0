"""Read by every Python that starts with this folder on PYTHONPATH: sends the process signals at a chosen moment.

- SGDODE_TEST_AT=event:word[:n], the moment: the n-th audit event of that name whose first argument contains the word;
  ``exit`` is the last call of the process.
- SGDODE_TEST_SEND=2,15@20, the signals, each so many milliseconds after the one before.
"""

import os
import sys
import time

EVENT, WORD, COUNT = [*os.environ["SGDODE_TEST_AT"].split(":"), "1"][:3]
PARTS = [one.partition("@") for one in os.environ["SGDODE_TEST_SEND"].split(",")]
SENT = [(int(number), float(wait or 0)) for number, _, wait in PARTS]
met, leaving = 0, False
end = os._exit


def send() -> None:
    for number, wait in SENT:
        time.sleep(wait / 1e3)
        os.kill(os.getpid(), number)


def hook(event: str, arguments: tuple) -> None:
    global met
    if event == EVENT and WORD in str(arguments[0]):
        met += 1
        if met == int(COUNT):
            send()


def last(status: int) -> None:
    global leaving
    if not leaving:
        leaving = True
        send()
        time.sleep(60.0)  # what hears the signal ends the process
    end(status)


if EVENT == "exit":
    os._exit = last
else:
    sys.addaudithook(hook)
