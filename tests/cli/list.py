"""list: prints the name of every case in this folder, as unittest takes it."""

import pathlib
import sys
import unittest


def cases(suite):
    for item in suite:
        if isinstance(item, unittest.TestSuite):
            yield from cases(item)
        else:
            yield item.id()


if __name__ == "__main__":
    loader = unittest.TestLoader()
    found = loader.discover(pathlib.Path(__file__).parent, "*_test.py")
    if loader.errors:
        sys.exit("\n".join(loader.errors))
    print("\n".join(cases(found)))
