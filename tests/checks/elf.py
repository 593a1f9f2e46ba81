"""elf: sections and symbols of object files, archives and programs, read without tools of one machine."""

import collections
import pathlib
import struct

X86, ARM, X86_64, AARCH64 = 3, 40, 62, 183  # e_machine
ALLOC, EXEC = 2, 4                          # section flags
PROGBITS, NOBITS, INIT_ARRAY = 1, 8, 14     # section types

Section = collections.namedtuple("Section", "name type flags size")
Symbol = collections.namedtuple("Symbol", "name defined value is_function")


class Elf:
    def __init__(self, data, name=""):
        if data[:4] != b"\x7fELF":
            raise ValueError(f"{name}: no ELF file")
        self.name = name
        wide = data[4] == 2
        self.bits = 64 if wide else 32
        self.machine, = struct.unpack_from("<H", data, 18)
        offset, = struct.unpack_from("<Q" if wide else "<I", data, 40 if wide else 32)
        entry, count, names_index = struct.unpack_from("<HHH", data, 58 if wide else 46)
        headers = []
        for i in range(count):
            at = offset + i * entry
            if wide:
                n, kind, flags, _, begin, size, link, _, _, each = struct.unpack_from("<IIQQQQIIQQ", data, at)
            else:
                n, kind, flags, _, begin, size, link, _, _, each = struct.unpack_from("<IIIIIIIIII", data, at)
            headers.append((n, kind, flags, begin, size, link, each))

        def text(table, at):
            begin = headers[table][3] + at
            return data[begin:data.index(b"\0", begin)].decode()

        self.sections = [Section(text(names_index, h[0]), h[1], h[2], h[4]) for h in headers]
        self.symbols = []
        for _, kind, _, begin, size, link, each in headers:
            if kind != 2:  # SHT_SYMTAB
                continue
            for at in range(begin + each, begin + size, each):
                if wide:
                    n, info, _, index, value = struct.unpack_from("<IBBHQ", data, at)
                else:
                    n, value, _, info, _, index = struct.unpack_from("<IIIBBH", data, at)
                if n:
                    self.symbols.append(Symbol(text(link, n), index != 0, value, info & 15 == 2))

    def bytes_of(self, wanted):
        return sum(s.size for s in self.sections if wanted(s))


def members(path):
    """The object files of a GNU archive."""
    data = pathlib.Path(path).read_bytes()
    if data[:8] != b"!<arch>\n":
        raise ValueError(f"{path}: no archive")
    at, long_names = 8, b""
    while at + 60 <= len(data):
        name, size = data[at:at + 16].decode().rstrip(), int(data[at + 48:at + 58])
        body = data[at + 60:at + 60 + size]
        at += 60 + size + size % 2
        if name == "//":
            long_names = body
        elif name not in ("/", "/SYM64/"):
            if name.startswith("/"):
                begin = int(name[1:])
                name = long_names[begin:long_names.index(b"/", begin)].decode()
            yield Elf(body, name.rstrip("/"))
