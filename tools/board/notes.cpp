// notes: a matcher for "\n[mote] ", which holds back no more than a beginning of it.
#include "board/notes.h"

namespace mote::tools {
namespace {

constexpr std::string_view mark = "\n[mote] ";

}  // namespace

void NoteFilter::feed_byte(char c) {
    if (in_note_) {
        if (c != '\n') {
            line_ += c;
            return;
        }
        note_(line_);
        line_.clear();
        in_note_ = false;
        line_start_ = true;
        return;
    }
    // `held_` is the mark's beginning; at a line's start without the newline.
    const auto continues = [&] {
        const size_t skipped = line_start_ && (held_.empty() ? c : held_[0]) != '\n' ? 1 : 0;
        return mark[held_.size() + skipped] == c;
    };
    if (!held_.empty() && !continues()) {
        pending_ += held_;  // no beginning of the mark occurs again within it, so only `c` can begin one
        held_.clear();
        line_start_ = false;
    }
    if (!continues()) {
        pending_ += c;
        line_start_ = false;
        return;
    }
    held_ += c;
    const bool whole = held_ == mark || (line_start_ && held_ == mark.substr(1));
    if (!whole) return;
    held_.clear();
    text_(pending_);
    pending_.clear();
    in_note_ = true;
}

void NoteFilter::feed(std::string_view bytes) {
    for (const char c : bytes) feed_byte(c);
    if (!pending_.empty()) text_(pending_);
    pending_.clear();
}

void NoteFilter::finish() {
    if (in_note_) note_(line_);
    else if (!held_.empty()) text_(held_);
    held_.clear();
    line_.clear();
}

}  // namespace mote::tools
