// image: firmware and a model as one file to flash or to emulate.
#pragma once

#include <string>
#include <string_view>

#include "board/boards.h"

namespace mote::tools {

enum class ImageKind {
    elf,  // the firmware's ELF file with the model as one more segment
    bin,  // the bytes of flash from the start of the code's bank on; 0xff between firmware and model
    hex,  // Intel HEX
};

/// elf, bin or hex. Refuses other words with E_ARG.
ImageKind image_kind(const std::string& word);

/// What is joined; the names are for refusals.
struct ImageParts {
    std::string_view firmware, model;
    std::string firmware_name, model_name;
};

/// Refuses with E_LIMIT and the missing bytes if a board has a place for models, and this one is larger.
void require_room(const Board& board, uint64_t model_bytes, const std::string& model_name);

/// The joined file. The model's own contents are the caller's to check.
/// Refuses: an ELF file that is damaged or not of this board (E_RANGE: a segment outside the board's code), a model that does
/// not fit (require_room), a board without a memory map (E_ARG), a .bin whose parts lie in two banks (E_ARG).
std::string make_image(const Board& board, const ImageParts& parts, ImageKind kind);

}  // namespace mote::tools
