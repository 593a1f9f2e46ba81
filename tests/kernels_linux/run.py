"""run: builds kernels_linux for a board, and runs it on a CPU in QEMU, where ROW must be the fastest row.  run.py BOARD CPU ROW BUILDS"""
import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import firmware

board, cpu, row, builds = sys.argv[1:]
emulator = firmware.facts(board)["emulator"]["program"]
if not shutil.which(emulator):
    print("skipped: there is no " + emulator)
    sys.exit(77)
command = [emulator, "-cpu", cpu, firmware.build(board, "kernels_linux", builds)]

# The rows are the parameters of EveryRow, in their order.
listed = subprocess.run(command + ["--gtest_list_tests", "--gtest_filter=*EveryRow.rotates*"], stdout=subprocess.PIPE, text=True, check=True).stdout
rows = [line.split("/")[-1].split()[0] for line in listed.splitlines() if line.startswith("  ")]
if rows[-1] != row:
    print("the fastest row on %s is %s, not %s" % (cpu, rows[-1], row))
    sys.exit(1)
sys.exit(subprocess.run(command + ["--gtest_brief=1"]).returncode)
