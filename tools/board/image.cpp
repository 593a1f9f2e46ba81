// image: checks that both parts lie where the board has room for them, then writes them in one of three forms.
#include "board/image.h"

#include <algorithm>

#include "base/error.h"
#include "board/elf.h"

namespace mote::tools {
namespace {

std::string hex(uint64_t value) {
    std::string out;
    do out.insert(out.begin(), "0123456789abcdef"[value & 15]);
    while (value >>= 4);
    return "0x" + out;
}

std::string range_text(Range r) { return hex(r.origin) + " to " + hex(r.origin + r.bytes - 1); }

bool holds(Range r, uint64_t address, uint64_t bytes) {
    return address >= r.origin && address - r.origin <= r.bytes && bytes <= r.bytes - (address - r.origin);
}

void check_fit(const Board& board, const Firmware& firmware, const ImageParts& parts) {
    for (const Segment& s : firmware.segments)
        if (!holds(board.code(), s.address, s.bytes.size()))
            refuse("E_RANGE", parts.firmware_name,
                   std::to_string(s.bytes.size()) + " bytes lie at " + hex(s.address) + "; code of " + board.name + " lies at " +
                       range_text(board.code()) + ": build the firmware for this board, without a linked-in model");
    require_room(board, parts.model.size(), parts.model_name);
}

std::string make_bin(const Board& board, const Firmware& firmware, std::string_view model) {
    if (board.code_bank != board.model_bank)
        refuse_usage("the model of " + board.name + " lies in another memory (" + board.model_bank + ") than its code (" +
                     board.code_bank + "): one flat file cannot hold both, choose elf or hex");
    const uint64_t origin = board.code().origin;
    std::string out(size_t(board.model_origin - origin), '\xff');
    for (const Segment& s : firmware.segments) out.replace(size_t(s.address - origin), s.bytes.size(), s.bytes);
    out += model;
    return out;
}

// Intel HEX ("Hexadecimal Object File Format Specification", Intel 1988).
class HexWriter {
public:
    void data(uint64_t address, std::string_view bytes) {
        constexpr size_t most = 16;  // as readers with fixed buffers expect
        while (!bytes.empty()) {
            if (address >> 16 != upper_) {
                upper_ = address >> 16;
                record(4, 0, {char(upper_ >> 8), char(upper_)});
            }
            const size_t count = std::min({bytes.size(), most, size_t(0x10000 - (address & 0xffff))});
            record(0, uint16_t(address), std::string(bytes.substr(0, count)));
            bytes.remove_prefix(count);
            address += count;
        }
    }
    void start(uint32_t entry) { record(5, 0, {char(entry >> 24), char(entry >> 16), char(entry >> 8), char(entry)}); }
    std::string end() {
        record(1, 0, "");
        return std::move(out_);
    }

private:
    void byte(uint8_t b) {
        out_ += "0123456789ABCDEF"[b >> 4];
        out_ += "0123456789ABCDEF"[b & 15];
    }
    void record(uint8_t type, uint16_t address, const std::string& bytes) {
        const std::string body = std::string{char(bytes.size()), char(address >> 8), char(address), char(type)} + bytes;
        uint8_t sum = 0;
        out_ += ':';
        for (const char c : body) {
            byte(uint8_t(c));
            sum = uint8_t(sum + uint8_t(c));
        }
        byte(uint8_t(-sum));
        out_ += '\n';
    }

    std::string out_;
    uint64_t upper_ = 0;  // of the addresses that follow; what a file begins with
};

std::string make_hex(const Board& board, const Firmware& firmware, std::string_view model) {
    if (firmware.entry > UINT32_MAX || board.model_origin + model.size() > uint64_t(UINT32_MAX) + 1)
        refuse_usage("Intel HEX has addresses of 32 bits; choose elf for " + board.name);
    HexWriter writer;
    for (const Segment& s : firmware.segments) writer.data(s.address, s.bytes);
    writer.data(board.model_origin, model);
    writer.start(uint32_t(firmware.entry));
    return writer.end();
}

}  // namespace

void require_room(const Board& board, uint64_t model_bytes, const std::string& model_name) {
    const uint64_t room = board.model().bytes;
    if (!board.has_memory_map() || model_bytes <= room) return;
    throw Failure(Exit::limit, "E_LIMIT", model_name, std::nullopt,
                  "the model has " + std::to_string(model_bytes) + " bytes, " + board.name + " has room for " +
                      std::to_string(room) + ": " + std::to_string(model_bytes - room) + " are missing");
}

ImageKind image_kind(const std::string& word) {
    if (word == "elf") return ImageKind::elf;
    if (word == "bin") return ImageKind::bin;
    if (word == "hex") return ImageKind::hex;
    refuse_usage("an image is elf, bin or hex, not '" + word + "'");
}

std::string make_image(const Board& board, const ImageParts& parts, ImageKind kind) {
    if (!board.has_memory_map()) refuse_usage(board.name + " has files: there the model is not part of an image");
    const Firmware firmware = read_firmware(parts.firmware, parts.firmware_name);
    check_fit(board, firmware, parts);
    switch (kind) {
        case ImageKind::bin: return make_bin(board, firmware, parts.model);
        case ImageKind::hex: return make_hex(board, firmware, parts.model);
        case ImageKind::elf: break;
    }
    return add_segment(firmware, board.model_origin, parts.model, parts.firmware_name);
}

}  // namespace mote::tools
