#!/usr/bin/env python3
"""symbols: what the library and the firmware are linked with. No heap, no libm, no printing, no constructors.

    symbols.py library FILE.a     core may need nothing but itself, memcpy and its kin, and the compiler's helpers
    symbols.py firmware FILE      a bare-metal program may contain none of the forbidden functions
    symbols.py --self-test CXX    show that planted violations are found
"""

import pathlib
import re
import subprocess
import sys
import tempfile

import elf

# Undefined in core's objects: memory functions of every freestanding C, and arithmetic that a processor lacks.
ALLOWED = re.compile(r"^(mem(cpy|set|move|cmp)|__aeabi_\w+|__gnu_thumb1_case_\w+|__(u|)(div|mod|mul|ash[lr]|lshr|cmp|clz|ctz|divmod|popcount)[sdt]i[234]"
                     r"|__(add|sub|mul|div|neg|eq|ne|lt|le|gt|ge|cmp|unord)[sd]f[23]|__(fix|fixuns|float|floatun)[sd][if][sd][if]"
                     r"|__(extend|trunc)\w+f[23]?|_GLOBAL_OFFSET_TABLE_|__cpu_(model|features2|indicator_init)|__x86\.get_pc_thunk\.\w+|\$[adtx].*)$")

# In a bare-metal program.
LIBM = ("acos asin atan atan2 cbrt ceil copysign cos cosh erf erfc exp exp2 expm1 fabs fdim floor fma fmax fmin fmod frexp hypot ldexp "
        "lgamma llrint llround log log10 log1p log2 logb lrint lround modf nearbyint pow remainder rint round scalbn sin sinh sqrt tan "
        "tanh tgamma trunc").split()
FORBIDDEN = re.compile(
    r"^(_?(malloc|free|calloc|realloc|memalign|sbrk)(_r)?|_Zn[wa]\w+|_Zd[la]\w+"   # heap, operator new and delete
    r"|__cxa_\w+|__gxx_personality\w*|_Unwind_\w+|__dynamic_cast"                   # exceptions, guards, destructors
    r"|_?v?[fs]?n?i?printf(_r)?|puts|putchar|scanf|fopen|fwrite|setlocale|localeconv|abort|exit|_exit|atexit|raise|signal"
    r"|" + "|".join(f"{f}[fl]?" for f in LIBM) + ")$")


def constructors(e):
    return [s.name for s in e.sections if s.size and (s.type == elf.INIT_ARRAY or s.name.startswith((".init_array", ".ctors", ".preinit_array")))]


def library_violations(objects):
    objects = list(objects)
    defined = {s.name for o in objects for s in o.symbols if s.defined}
    for o in objects:
        for s in o.symbols:
            if not s.defined and s.name not in defined and not ALLOWED.match(s.name):
                yield f"{o.name}: needs {s.name}"
        for name in constructors(o):
            yield f"{o.name}: has a static constructor ({name})"
        for s in o.sections:
            if s.flags & elf.ALLOC and s.size and s.name.startswith((".data", ".bss")) and not s.name.startswith(".data.rel.ro"):
                yield f"{o.name}: has variables outside the arena ({s.name}, {s.size} bytes)"


def firmware_violations(program):
    for s in program.symbols:
        if FORBIDDEN.match(s.name):
            yield f"{program.name}: contains {s.name}"
    for name in constructors(program):
        yield f"{program.name}: has static constructors ({name})"


def self_test(compiler):
    library = {
        "heap": "void* f() { return new int; }", "printf": '#include <stdio.h>\nvoid f() { printf("%d", 1); }',
        "libm": "extern \"C\" float expf(float); float f(float x) { return expf(x); }", "guard": "int g(); int f() { static int x = g(); return x; }",
        "constructor": "int g(); int x = g();", "variable": "int f() { static int n; return ++n; }",
        "sound": "#include <stdint.h>\nextern \"C\" void* memcpy(void*, const void*, unsigned long);\n"
                 "void f(char* a, const char* b, unsigned long n) { memcpy(a, b, n); }",
    }
    with tempfile.TemporaryDirectory() as folder:
        for name, text in library.items():
            source, target = pathlib.Path(folder) / f"{name}.cpp", pathlib.Path(folder) / f"{name}.o"
            source.write_text(text)
            subprocess.run([compiler, "-O1", "-fno-pic", "-fno-stack-protector", "-c", source, "-o", target], check=True)
            found = list(library_violations([elf.Elf(target.read_bytes(), name)]))
            if bool(found) == (name == "sound"):
                sys.exit(f"self-test: {name}: {found}")
        source, target = pathlib.Path(folder) / "main.cpp", pathlib.Path(folder) / "main"
        source.write_text('#include <stdlib.h>\nint main(int n, char**) { free(malloc(size_t(n))); }')
        subprocess.run([compiler, source, "-static", "-o", target], check=True)
        found = " ".join(firmware_violations(elf.Elf(target.read_bytes(), "main")))
        for wanted in ("malloc", "free", "printf", "static constructors"):
            if wanted not in found:
                sys.exit(f"self-test: {wanted} is not found in {found}")


def main():
    if sys.argv[1] == "--self-test":
        return self_test(sys.argv[2])
    kind, path = sys.argv[1:]
    if not pathlib.Path(path).exists():
        print(f"skipped: {path} is not built")
        sys.exit(77)
    if kind == "library":
        found = list(library_violations(elf.members(path)))
    else:
        found = list(firmware_violations(elf.Elf(pathlib.Path(path).read_bytes(), pathlib.Path(path).name)))
    print("\n".join(found) if found else f"{path}: nothing forbidden")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
