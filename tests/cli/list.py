"""list: prints the name of every case in this folder, as unittest takes it."""

import pathlib
import unittest


def cases(suite):
    for item in suite:
        if isinstance(item, unittest.TestSuite):
            yield from cases(item)
        else:
            yield item.id()


if __name__ == "__main__":
    print("\n".join(cases(unittest.defaultTestLoader.discover(pathlib.Path(__file__).parent, "*_test.py"))))
