"""shares: on what a token's instructions are spent, by the names of the functions in which they stand."""

import bisect
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "checks"))
import elf

# The first that fits a function's name, as the linker has it, takes its instructions. Float operations are those of the compiler's
# library, called by norms, rope, sums and whoever meets an unusual number.
OPERATIONS = [
    ("products", r"_matmul_q|8add_dotsE|10add_groupsE|4dotsE|scale_sums|scale_fours|scale_usual"),
    ("attention", r"attend|dots_of|5dot4sE|scores_of|scores_in_turn|extremes_of|sum_of_two|sum_blocks|weights_|add_values|sums?_of_block|sum_block|most_above|sum_values|scores_to_weights"),
    ("quantize", r"quantize_row"),
    ("activation", r"activate|_gate|silu|exponential|exp2"),
    ("norm, rope, add", r"_norm|_add|_rope|inverse_deviation|square_root|cos_sin"),
    ("float library", r"^mote_(multiply|divide)_unusual|^__(aeabi_(f|i2f|ui2f|l2f|ul2f)|mulsf|divsf|addsf|subsf|float)"),
]
REST = "rest"
NAMES = [name for name, _ in OPERATIONS] + [REST]


def operation_of(function):
    if function.startswith("__"):
        return "float library" if re.search(OPERATIONS[-1][1], function) else REST
    return next((name for name, pattern in OPERATIONS if re.search(pattern, function)), REST)


def shares(program, profile):
    """{operation: instructions}, from lines with an address and how often the instruction there ran."""
    functions = sorted((s.value & ~1, s.name) for s in elf.Elf(pathlib.Path(program).read_bytes()).symbols if s.is_function and s.defined)
    addresses = [address for address, _ in functions]
    out = dict.fromkeys(NAMES, 0)
    for line in pathlib.Path(profile).read_text(encoding="ascii").splitlines():
        address, times = line.split()
        out[operation_of(functions[bisect.bisect_right(addresses, int(address, 16)) - 1][1])] += int(times)
    return out
