// harness: see harness.h.
#include "harness.h"

namespace mote::board_test {

uint8_t* Pieces::take(size_t bytes, size_t align) {
    // At a multiple of `align` and of nothing larger, so that a kernel that assumes more than it was promised is caught.
    size_t begin = (used_ + guard + 2 * align - 1) / (2 * align) * (2 * align) + align;
    if (align == 16) begin -= align;
    const size_t end = begin + bytes;
    if (count_ == most || end + guard > memory_.bytes) {
        print("kernels_board: out of memory\n");
        port::stop(1);
    }
    for (size_t i = used_; i < begin; i++) memory_.data[i] = pattern;
    for (size_t i = end; i < end + guard; i++) memory_.data[i] = pattern;
    pieces_[count_++] = {begin, end};
    used_ = end + guard;
    return memory_.data + begin;
}

bool Pieces::intact() const {
    size_t at = 0;
    for (size_t p = 0; p <= count_; p++) {
        const size_t begin = p < count_ ? pieces_[p].begin : used_;
        for (; at < begin; at++)
            if (memory_.data[at] != pattern) return false;
        at = p < count_ ? pieces_[p].end : at;
    }
    return true;
}

void print(const char* text) {
    size_t count = 0;
    while (text[count]) count++;
    port::write(port::Channel::text, text, count);
}

void print(uint32_t value) {
    char digits[11];
    uint32_t at = 10;
    digits[10] = 0;
    do digits[--at] = char('0' + value % 10);
    while (value /= 10);
    print(digits + at);
}

}  // namespace mote::board_test
