// The console's protocol: text and notes come apart, however the bytes are cut into pieces.
#include "board/notes.h"

#include <gtest/gtest.h>

#include <vector>

namespace mote::tools {
namespace {

struct Parts {
    std::string text;
    std::vector<std::string> notes;
};

Parts separate(const std::string& console, size_t piece) {
    Parts parts;
    NoteFilter filter([&](std::string_view t) { parts.text += t; }, [&](std::string_view n) { parts.notes.emplace_back(n); });
    for (size_t i = 0; i < console.size(); i += piece) filter.feed(std::string_view(console).substr(i, piece));
    filter.finish();
    return parts;
}

void expect(const std::string& console, const std::string& text, const std::vector<std::string>& notes) {
    for (size_t piece = 1; piece <= console.size() + 1; piece++) {
        const Parts parts = separate(console, piece);
        ASSERT_EQ(parts.text, text) << "pieces of " << piece;
        ASSERT_EQ(parts.notes, notes) << "pieces of " << piece;
    }
}

TEST(notes, text_stays_as_it_is) { expect("Once upon a time\nthere was\n", "Once upon a time\nthere was\n", {}); }

TEST(notes, a_note_takes_the_newline_before_it) { expect("Once\n[mote] 5 tokens\n", "Once", {"5 tokens"}); }

TEST(notes, text_that_ends_in_a_newline_keeps_it) { expect("Once\n\n[mote] 5 tokens\n", "Once\n", {"5 tokens"}); }

TEST(notes, a_note_may_come_first) { expect("[mote] error\nOnce", "Once", {"error"}); }

TEST(notes, notes_follow_each_other) { expect("a\n[mote] one\n[mote] two\n\n[mote] three\nb", "ab", {"one", "two", "three"}); }

TEST(notes, what_only_begins_like_a_note_is_text) {
    expect("\n[mote\n[mot] [mote] \n\n[m", "\n[mote\n[mot] [mote] \n\n[m", {});
    expect("x[mote] y", "x[mote] y", {});
}

TEST(notes, an_unfinished_note_is_a_note) { expect("a\n[mote] cut o", "a", {"cut o"}); }

TEST(notes, any_bytes_are_text) { expect(std::string("\0\xff\n\n", 4), std::string("\0\xff\n\n", 4), {}); }

}  // namespace
}  // namespace mote::tools
