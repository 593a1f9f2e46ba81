"""run: builds kernels_board for a board, runs it in the emulator, and looks for its last line.  run.py BOARD[,COMPILER] BUILDS"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import firmware

name, builds = sys.argv[1:]
board, _, compiler = name.partition(",")
told = firmware.run(board, firmware.build(board, "kernels_board", builds, compiler=compiler))
print(told, end="")
sys.exit(0 if told.endswith("kernels_board: passed\n") else 1)
