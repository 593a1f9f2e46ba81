// firmware: an ELF file; what is sound takes a model as one more segment and is sound again.
#include "board/elf.h"

#include "scratch_folder.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace mote;
    if (size > 1u << 16) return 0;
    fuzz::expect_answer([&] {
        const tools::Firmware firmware = tools::read_firmware({reinterpret_cast<const char*>(data), size}, "f.elf");
        for (const tools::Segment& s : firmware.segments)
            if (uint64_t(s.bytes.data() - firmware.file.data()) + s.bytes.size() > size) std::abort();
        const std::string joined = tools::add_segment(firmware, 0x7f000000, "a model", "f.elf");
        if (tools::read_firmware(joined, "joined.elf").segments.size() != firmware.segments.size() + 1) std::abort();
    });
    return 0;
}
