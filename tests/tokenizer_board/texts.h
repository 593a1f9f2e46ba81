// texts: what texts_for_board writes and tokenizer_board reads at the board's address for models.
#pragma once

#include <stdint.h>

namespace mote::board_test {

constexpr uint32_t texts_magic = 0x74786574;

/// Followed by the tokenizer section, at a multiple of 16, and then by the texts: a u32 of bytes, the bytes, zeros up to a multiple of 4.
struct TextsHeader {
    uint32_t magic;
    uint32_t section_bytes;
    uint32_t texts;
    uint32_t parse_special;  // 1: control tokens are found in texts
};
static_assert(sizeof(TextsHeader) == 16);

}  // namespace mote::board_test
