// notes: takes a board's console apart into text and notes (targets/README.md says how they are marked).
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace mote::tools {

/// Fed with pieces of a console's output of any size; hands on text at once, and notes as whole lines without the mark.
class NoteFilter {
public:
    using Sink = std::function<void(std::string_view)>;

    NoteFilter(Sink text, Sink note) : text_(std::move(text)), note_(std::move(note)) {}
    void feed(std::string_view bytes);
    void finish();

private:
    void feed_byte(char c);

    Sink text_, note_;
    std::string held_;         // what may yet turn out to be the mark
    std::string pending_;      // text of the current piece
    std::string line_;         // the note so far
    bool in_note_ = false;
    bool line_start_ = true;   // at the start of the output, or right behind a note: the mark needs no newline
};

}  // namespace mote::tools
