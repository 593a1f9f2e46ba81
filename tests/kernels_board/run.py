"""run: builds kernels_board for a board, runs it in the emulator, and looks for its last line.  run.py BOARD BUILDS"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import firmware

board, builds = sys.argv[1:]
told = firmware.run(board, firmware.build(board, "kernels_board", builds))
print(told, end="")
sys.exit(0 if told.endswith("kernels_board: passed\n") else 1)
