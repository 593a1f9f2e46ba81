// tokenizer_section: every rule of SPEC 6, broken one at a time.
#include <gtest/gtest.h>

#include <functional>
#include <limits>

#include "support/exercise.h"
#include "support/tokenizers.h"

namespace mote {
namespace {

using testing::add_merge;
using testing::AlignedBytes;
using testing::ExactBytes;
using testing::model_of_pieces;
using tools::TokenizerModel;

// A tokenizer with something in every table.
TokenizerModel full_model() {
    TokenizerModel m = model_of_pieces({"<unk>", "<s>", "</s>", "a", "b", "c", " ", "é"});
    m.unk = 0, m.bos = 1, m.eos = 2;
    m.specials = {0, 1, 2};
    m.added = {6, 7};
    m.characters = {3, 4, 5, 6, 7};
    m.byte_ids['a'] = 3;
    add_merge(m, 3, 4);
    add_merge(m, 3, 5);
    add_merge(m, 4, 5);
    m.flags = tokenizer_add_bos;
    m.pre_tokenizer = PreTokenizer::gpt2;
    return m;
}

struct Section {
    explicit Section(const TokenizerModel& model = full_model()) : bytes(tools::pack_tokenizer(model, uint32_t(model.pieces.size()), "test")) {}

    AlignedBytes bytes;
    TokenizerHeader& header() { return *reinterpret_cast<TokenizerHeader*>(bytes.data()); }
    uint32_t* words(uint32_t offset) { return reinterpret_cast<uint32_t*>(bytes.data() + offset); }
    uint16_t* ids(uint32_t offset) { return reinterpret_cast<uint16_t*>(bytes.data() + offset); }
};

Error error_of(const std::function<void(Section&, TokenizerHeader&)>& damage) {
    Section s;
    damage(s, s.header());
    return open_tokenizer(s.bytes.data(), s.bytes.size()).fault.error;
}

#define EXPECT_ERROR(error, damage) \
    EXPECT_STREQ(error_code(error_of([]([[maybe_unused]] Section& s, [[maybe_unused]] TokenizerHeader& h) { damage; })), error_code(Error::error))

TEST(tokenizer_section, that_is_sound_opens) { EXPECT_ERROR(none, (void)0); }

TEST(tokenizer_section, that_is_nothing_misaligned_or_short_is_refused) {
    Section s;
    EXPECT_EQ(open_tokenizer(nullptr, 1000).fault.error, Error::argument);
    for (size_t offset = 1; offset < 16; offset++) EXPECT_EQ(open_tokenizer(s.bytes.data() + offset, 200).fault.error, Error::alignment);
    for (size_t size = 0; size < s.bytes.size(); size++) {
        const ExactBytes cut(s.bytes.data(), size);
        const Error e = open_tokenizer(cut.data(), size).fault.error;
        // Up to 15 bytes of padding may go.
        ASSERT_TRUE(e == Error::truncated || e == Error::range || (e == Error::none && s.bytes.size() - size < 16)) << size;
    }
}

TEST(tokenizer_section, with_a_header_out_of_range_is_refused) {
    EXPECT_ERROR(type, h.kind = TokenizerKind(0));
    EXPECT_ERROR(type, h.kind = TokenizerKind(4));
    EXPECT_ERROR(missing, h.kind = TokenizerKind::wordpiece);  // without a lexicon
    EXPECT_ERROR(missing, h.kind = TokenizerKind::unigram);
    EXPECT_ERROR(limit, h.vocab = 0);
    EXPECT_ERROR(limit, h.vocab = max_vocab + 1);
    EXPECT_ERROR(limit, h.vocab = 0xffffffff);
    EXPECT_ERROR(unsupported, h.flags = tokenizer_known_flags + 1);
    EXPECT_ERROR(unsupported, h.flags = 0x80000000);
    EXPECT_ERROR(unsupported, h.pre_tokenizer = PreTokenizer(known_pre_tokenizers));
    EXPECT_ERROR(unsupported, h.pre_tokenizer = PreTokenizer(1u << pre_tokenizer_bits));            // no first stage
    EXPECT_ERROR(unsupported, h.pre_tokenizer = PreTokenizer(1u | 1u << 2 * pre_tokenizer_bits));   // no second
    EXPECT_ERROR(unsupported, h.pre_tokenizer = PreTokenizer(1u | 1u << 30));
    EXPECT_ERROR(type, h.id_bytes = 0);
    EXPECT_ERROR(type, h.id_bytes = 1);
    EXPECT_ERROR(type, h.id_bytes = 3);
    EXPECT_ERROR(type, h.id_bytes = 8);
    EXPECT_ERROR(type, h.vocab = 0xffff);         // beyond what two bytes count
    EXPECT_ERROR(type, h.merges_count = 0xffff);
    EXPECT_ERROR(token, h.bos = 11);
    EXPECT_ERROR(token, h.eos = 0xfffffffe);
    EXPECT_ERROR(token, h.unk = 0x80000000);
    EXPECT_ERROR(missing, h.bos = no_token);
    EXPECT_ERROR(missing, h.flags = tokenizer_add_eos; h.eos = no_token);
    EXPECT_ERROR(range, h.reserved[0] = 1);
    EXPECT_ERROR(range, h.reserved[3] = 1);
}

Error error_of_chat(const std::function<void(Section&, ChatTables&)>& damage) {
    TokenizerModel model = full_model();
    model.chat.emplace();
    for (std::string& part : model.chat->parts) part = "<s>a";
    Section s(model);
    damage(s, *reinterpret_cast<ChatTables*>(s.words(s.header().chat)));
    return open_tokenizer(s.bytes.data(), s.bytes.size()).fault.error;
}

#define EXPECT_CHAT_ERROR(error, damage) \
    EXPECT_STREQ(error_code(error_of_chat([]([[maybe_unused]] Section& s, [[maybe_unused]] ChatTables& c) { damage; })), error_code(Error::error))

TEST(tokenizer_section, with_a_damaged_chat_template_is_refused) {
    EXPECT_CHAT_ERROR(none, (void)0);
    EXPECT_CHAT_ERROR(none, s.header().chat = 0);
    EXPECT_CHAT_ERROR(alignment, s.header().chat += 2);
    EXPECT_CHAT_ERROR(range, s.header().chat = 64);  // within the header
    EXPECT_CHAT_ERROR(range, s.header().chat = 0xfffffffc);
    EXPECT_CHAT_ERROR(range, c.ends[3] = c.ends[2] - 1);
    EXPECT_CHAT_ERROR(range, c.ends[0] = c.ends[1] + 1);
    EXPECT_CHAT_ERROR(range, c.ends[8] = 0xffffffff);
    EXPECT_CHAT_ERROR(range, c.text = 0xffffffff);
    EXPECT_CHAT_ERROR(range, c.text = 0);
    EXPECT_CHAT_ERROR(unsupported, c.flags = chat_known_flags + 1);
    EXPECT_CHAT_ERROR(range, c.stops_count = 0x80000000);
    EXPECT_CHAT_ERROR(alignment, c.stops += 1);
    EXPECT_CHAT_ERROR(token, s.ids(c.stops)[0] = 11);
    EXPECT_CHAT_ERROR(range, c.reserved[0] = 1);
    EXPECT_CHAT_ERROR(range, c.reserved[2] = 1);
}

TEST(tokenizer_section, with_an_array_out_of_place_is_refused) {
    uint32_t TokenizerHeader::*const offsets[] = {&TokenizerHeader::piece_offsets, &TokenizerHeader::piece_bytes, &TokenizerHeader::byte_ids,
                                                  &TokenizerHeader::characters, &TokenizerHeader::merge_first, &TokenizerHeader::merges,
                                                  &TokenizerHeader::classes, &TokenizerHeader::specials, &TokenizerHeader::added};
    for (size_t i = 0; i < 9; i++) {
        const auto error_at = [&](uint32_t offset) { return error_of([&](Section&, TokenizerHeader& h) { h.*offsets[i] = offset; }); };
        EXPECT_EQ(error_at(0), Error::range) << i;
        EXPECT_EQ(error_at(124), Error::range) << i;  // inside the header
        EXPECT_EQ(error_at(0xfffffff0), Error::range) << i;
        EXPECT_EQ(error_at(uint32_t(Section().bytes.size())), Error::range) << i;
        if (i != 1) {
            EXPECT_EQ(error_at(129), Error::alignment) << i;
        }
    }
    uint32_t TokenizerHeader::*const counts[] = {&TokenizerHeader::piece_bytes_count, &TokenizerHeader::characters_count, &TokenizerHeader::classes_count,
                                                 &TokenizerHeader::specials_count, &TokenizerHeader::added_count};
    for (const auto count : counts) {
        EXPECT_EQ(error_of([&](Section&, TokenizerHeader& h) { h.*count = 0xffffffff; }), Error::range);
        EXPECT_EQ(error_of([&](Section&, TokenizerHeader& h) { h.*count = 0x40000000; }), Error::range);
    }
    EXPECT_ERROR(type, h.merges_count = 0xffffffff);
    EXPECT_ERROR(range, h.merges_count = 0xfffe);
}

TEST(tokenizer_section, with_pieces_that_do_not_ascend_is_refused) {
    EXPECT_ERROR(range, s.words(h.piece_offsets)[0] = 1);
    EXPECT_ERROR(range, s.words(h.piece_offsets)[3] = 0xffffffff);
    EXPECT_ERROR(range, s.words(h.piece_offsets)[3] = 0);
    EXPECT_ERROR(range, s.words(h.piece_offsets)[h.vocab] += 1);
    EXPECT_ERROR(range, s.words(h.piece_offsets)[h.vocab] -= 1);
    EXPECT_ERROR(range, h.piece_bytes_count -= 1);
}

TEST(tokenizer_section, with_an_id_outside_the_vocabulary_is_refused) {
    EXPECT_ERROR(token, s.ids(h.byte_ids)[0] = 11);
    EXPECT_ERROR(token, s.ids(h.byte_ids)[255] = 0xfffe);
    EXPECT_ERROR(token, s.ids(h.characters)[4] = 11);
    EXPECT_ERROR(token, s.ids(h.characters)[0] = 0xffff);
    EXPECT_ERROR(token, s.ids(h.specials)[2] = 11);
    EXPECT_ERROR(token, s.ids(h.specials)[0] = 0xffff);
    EXPECT_ERROR(token, s.ids(h.added)[1] = 11);
    EXPECT_ERROR(token, s.ids(h.merges)[0] = 11);
    EXPECT_ERROR(token, s.ids(h.merges)[0] = 0xffff);
    EXPECT_ERROR(token, s.ids(h.merges)[1] = 11);
    EXPECT_ERROR(token, s.ids(h.merges)[7] = 0xffff);
}

TEST(tokenizer_section, with_a_table_out_of_order_is_refused) {
    EXPECT_ERROR(range, std::swap(s.ids(h.characters)[0], s.ids(h.characters)[1]));
    EXPECT_ERROR(range, s.ids(h.characters)[1] = s.ids(h.characters)[0]);
    EXPECT_ERROR(range, std::swap(s.ids(h.specials)[0], s.ids(h.specials)[1]));
    EXPECT_ERROR(range, s.ids(h.specials)[1] = s.ids(h.specials)[0]);
    EXPECT_ERROR(range, std::swap(s.ids(h.added)[0], s.ids(h.added)[1]));
    EXPECT_ERROR(range, std::swap(s.ids(h.merges)[0], s.ids(h.merges)[3]));
    EXPECT_ERROR(range, s.ids(h.merges)[3] = s.ids(h.merges)[0]);
    EXPECT_ERROR(range, s.ids(h.merge_first)[0] = 1);
    EXPECT_ERROR(range, s.ids(h.merge_first)[5] = 0);
    EXPECT_ERROR(range, s.ids(h.merge_first)[4] = 4);
    EXPECT_ERROR(range, s.ids(h.merge_first)[h.vocab] = 2);
    EXPECT_ERROR(range, s.ids(h.merge_first)[h.vocab] = 0xffff);
}

TEST(tokenizer_section, with_character_classes_that_do_not_cover_all_in_order_is_refused) {
    EXPECT_ERROR(missing, h.classes_count = 0);
    EXPECT_ERROR(range, s.words(h.classes)[0] += 256);
    EXPECT_ERROR(range, std::swap(s.words(h.classes)[1], s.words(h.classes)[2]));
    EXPECT_ERROR(range, s.words(h.classes)[2] = s.words(h.classes)[1]);
}

// ---- tokens found whole

TokenizerModel whole_model() {
    TokenizerModel m = full_model();
    m.whole = {{1, whole_strips_left, false, "<s>"}, {6, whole_single_word | whole_strips_right, false, "ab"}, {7, 0, true, "\xc3\xa9"}};
    return m;
}

struct WholeSection : Section {
    WholeSection() : Section(whole_model()) {}

    WholeTables& whole() { return *reinterpret_cast<WholeTables*>(bytes.data() + header().whole); }
};

Error whole_error(const std::function<void(WholeSection&, WholeTables&)>& damage) {
    WholeSection s;
    damage(s, s.whole());
    return open_tokenizer(s.bytes.data(), s.bytes.size()).fault.error;
}

#define EXPECT_WHOLE_ERROR(error, damage) \
    EXPECT_STREQ(error_code(whole_error([]([[maybe_unused]] WholeSection& s, [[maybe_unused]] WholeTables& w) { damage; })), error_code(Error::error))

TEST(whole_section, that_is_sound_opens) { EXPECT_WHOLE_ERROR(none, (void)0); }

TEST(whole_section, with_a_table_elsewhere_is_refused) {
    EXPECT_WHOLE_ERROR(alignment, s.header().whole += 2);
    EXPECT_WHOLE_ERROR(range, s.header().whole = 4);
    EXPECT_WHOLE_ERROR(range, s.header().whole = 0xfffffffc);
    EXPECT_WHOLE_ERROR(alignment, w.given.units += 1);
    EXPECT_WHOLE_ERROR(range, w.given.units = 0x7ffffffc);
    EXPECT_WHOLE_ERROR(range, w.normalized.units_count = 0xffffffff);
    EXPECT_WHOLE_ERROR(limit, w.given.units_count = 1);
    EXPECT_WHOLE_ERROR(limit, w.given.longest = 1025);
    EXPECT_WHOLE_ERROR(limit, w.normalized.longest = 0xffffffff);
    EXPECT_WHOLE_ERROR(range, w.tokens = 0x7ffffffc);
    EXPECT_WHOLE_ERROR(range, w.tokens_count = 0xffffffff);
    EXPECT_WHOLE_ERROR(alignment, w.words += 2);
    EXPECT_WHOLE_ERROR(range, w.words_count = 0x40000000);
    EXPECT_WHOLE_ERROR(range, w.reserved[0] = 1);
    EXPECT_WHOLE_ERROR(range, w.reserved[1] = 1);
}

TEST(whole_section, with_a_token_that_is_none_is_refused) {
    EXPECT_WHOLE_ERROR(token, s.words(w.tokens)[0] = 11 << 8);
    EXPECT_WHOLE_ERROR(unsupported, s.words(w.tokens)[0] |= 8);
    EXPECT_WHOLE_ERROR(token, w.tokens_count = 2);                  // of which the second trie names the third
    EXPECT_WHOLE_ERROR(token, s.words(w.tokens)[2] = 1 << 8);       // a control token in normalized text
    EXPECT_WHOLE_ERROR(missing, w.words_count = 0);
    EXPECT_WHOLE_ERROR(range, s.words(w.words)[0] += 256);
    EXPECT_WHOLE_ERROR(range, s.words(w.words)[2] = s.words(w.words)[1]);
}

TEST(whole_section, of_normalized_text_goes_with_merges_alone) {
    TokenizerModel m = full_model();
    m.kind = TokenizerKind::wordpiece;
    m.lexicon.entries = {{"a", 3}};
    m.whole = {{7, 0, false, "x"}};
    Section s(m);
    EXPECT_EQ(open_tokenizer(s.bytes.data(), s.bytes.size()).fault.error, Error::none);
    WholeTables& w = *reinterpret_cast<WholeTables*>(s.bytes.data() + s.header().whole);
    w.normalized = w.given;
    EXPECT_EQ(open_tokenizer(s.bytes.data(), s.bytes.size()).fault.error, Error::unsupported);
}

// ---- normalizer and lexicon

// Scores, rules of every form, and a piece that begins another.
TokenizerModel unigram_model() {
    TokenizerModel m = model_of_pieces({"<unk>", " ", "a", "ab", "abc", "é"});
    m.kind = TokenizerKind::unigram;
    m.unk = 0;
    m.specials = {0};
    for (const uint32_t id : {1u, 2u, 3u, 4u, 5u}) m.lexicon.entries.push_back({m.pieces[id], id});
    m.lexicon.scores = {0.0f, -1.0f, -2.0f, -3.0f, -4.0f, -5.0f};
    m.lexicon.lowest_score = -5.0f;
    m.normalizer.present = true;
    m.normalizer.rules = {{"A", "a"}, {"Ab", "a b"}, {"x", "", tools::NormalizationRule::To::itself_alone}};
    m.normalizer.ranges = {{0x4e00, 0x9fff, {"", "\xc3\xa9"}}};
    return m;
}

struct UnigramSection : Section {
    UnigramSection() : Section(unigram_model()) {}

    NormalizerTables& normalizer() { return *reinterpret_cast<NormalizerTables*>(bytes.data() + header().normalizer); }
    LexiconTables& lexicon() { return *reinterpret_cast<LexiconTables*>(bytes.data() + header().lexicon); }
    // A unit that is not free, from the second on.
    uint32_t& unit(uint32_t units, const std::function<bool(uint32_t)>& wanted) {
        uint32_t i = 1;
        while (words(units)[i] == trie_label || !wanted(words(units)[i])) i++;
        return words(units)[i];
    }
};

Error unigram_error(const std::function<void(UnigramSection&)>& damage) {
    UnigramSection s;
    damage(s);
    return open_tokenizer(s.bytes.data(), s.bytes.size()).fault.error;
}

#define EXPECT_UNIGRAM_ERROR(error, damage) \
    EXPECT_STREQ(error_code(unigram_error([]([[maybe_unused]] UnigramSection& s) { damage; })), error_code(Error::error))

bool is_leaf(uint32_t unit) { return unit & trie_leaf; }
bool is_inner(uint32_t unit) { return !(unit & trie_leaf) && (unit & trie_label) != 0; }

TEST(unigram_section, that_is_sound_opens) { EXPECT_UNIGRAM_ERROR(none, (void)0); }

TEST(unigram_section, without_what_its_kind_needs_is_refused) {
    EXPECT_UNIGRAM_ERROR(missing, s.header().unk = no_token);
    EXPECT_UNIGRAM_ERROR(missing, s.header().lexicon = 0);
    EXPECT_UNIGRAM_ERROR(none, s.header().normalizer = 0);
}

TEST(unigram_section, with_a_record_or_array_out_of_place_is_refused) {
    const std::function<uint32_t&(UnigramSection&)> fields[] = {
        [](UnigramSection& s) -> uint32_t& { return s.header().normalizer; }, [](UnigramSection& s) -> uint32_t& { return s.header().lexicon; },
        [](UnigramSection& s) -> uint32_t& { return s.normalizer().units; },  [](UnigramSection& s) -> uint32_t& { return s.lexicon().units; },
        [](UnigramSection& s) -> uint32_t& { return s.lexicon().scores; },    [](UnigramSection& s) -> uint32_t& { return s.normalizer().replacements; }};
    for (size_t i = 0; i < 6; i++) {
        const auto error_at = [&](uint32_t offset) { return unigram_error([&](UnigramSection& s) { fields[i](s) = offset; }); };
        EXPECT_EQ(error_at(92), Error::range) << i;
        EXPECT_EQ(error_at(0xfffffff0), Error::range) << i;
        EXPECT_EQ(error_at(uint32_t(UnigramSection().bytes.size())), Error::range) << i;
        if (i != 5) {
            EXPECT_EQ(error_at(97), Error::alignment) << i;
        }
    }
    EXPECT_UNIGRAM_ERROR(range, s.normalizer().units_count = 0x40000000);
    EXPECT_UNIGRAM_ERROR(range, s.lexicon().units_count = 0xffffffff);
    EXPECT_UNIGRAM_ERROR(range, s.normalizer().replacements_count = 0xffffffff);
}

TEST(unigram_section, with_a_number_out_of_range_is_refused) {
    EXPECT_UNIGRAM_ERROR(limit, s.normalizer().longest = max_piece_bytes + 1);
    EXPECT_UNIGRAM_ERROR(limit, s.normalizer().growth = 0);
    EXPECT_UNIGRAM_ERROR(limit, s.normalizer().growth = max_growth + 1);
    EXPECT_UNIGRAM_ERROR(range, s.normalizer().reserved = 1);
    EXPECT_UNIGRAM_ERROR(range, s.normalizer().invalid = 0x1fffff);
    EXPECT_UNIGRAM_ERROR(limit, s.lexicon().longest = 0);
    EXPECT_UNIGRAM_ERROR(limit, s.lexicon().longest = max_piece_bytes + 1);
    EXPECT_UNIGRAM_ERROR(type, s.lexicon().sum_bytes = 0);
    EXPECT_UNIGRAM_ERROR(type, s.lexicon().sum_bytes = 5);
    EXPECT_UNIGRAM_ERROR(none, s.lexicon().seams = 0);
    EXPECT_UNIGRAM_ERROR(range, s.lexicon().seams = 2);
    EXPECT_UNIGRAM_ERROR(nonfinite, s.words(s.lexicon().scores)[5] = 0xff800000);
    EXPECT_UNIGRAM_ERROR(none, s.words(s.lexicon().scores)[5] = 0x7fc00000);  // a user-defined symbol
    EXPECT_UNIGRAM_ERROR(nonfinite, s.lexicon().lowest_score = std::numeric_limits<float>::quiet_NaN());
    EXPECT_UNIGRAM_ERROR(nonfinite, s.lexicon().highest_score = std::numeric_limits<float>::infinity());
}

// Small processors do not cut there, and do not look.
TEST(unigram_section, with_a_piece_across_its_seams_is_refused) {
    constexpr Error expected = sizeof(size_t) == 8 ? Error::mismatch : Error::none;
    for (const char* piece : {"a.", "ab.", "xZ!b", "a7", "k~"}) {
        TokenizerModel m = unigram_model();
        m.lexicon.entries.push_back({piece, 2});
        Section s(m);
        LexiconTables& lexicon = *reinterpret_cast<LexiconTables*>(s.bytes.data() + s.header().lexicon);
        EXPECT_EQ(lexicon.seams, 0u) << piece;
        EXPECT_EQ(open_tokenizer(s.bytes.data(), s.bytes.size()).fault.error, Error::none) << piece;
        lexicon.seams = 1;
        EXPECT_EQ(open_tokenizer(s.bytes.data(), s.bytes.size()).fault.error, expected) << piece;
    }
}

TEST(unigram_section, with_a_trie_that_leads_outside_is_refused) {
    EXPECT_UNIGRAM_ERROR(limit, s.lexicon().units_count = 511);
    EXPECT_UNIGRAM_ERROR(type, s.words(s.lexicon().units)[0] &= ~trie_label);
    EXPECT_UNIGRAM_ERROR(type, s.words(s.lexicon().units)[0] |= trie_leaf);
    EXPECT_UNIGRAM_ERROR(range, s.words(s.lexicon().units)[0] |= 0xffffu << trie_shift);
    EXPECT_UNIGRAM_ERROR(range, s.unit(s.lexicon().units, is_inner) |= 0xffffu << trie_shift);
    EXPECT_UNIGRAM_ERROR(token, s.unit(s.lexicon().units, is_leaf) |= 0xffffu << trie_shift);
    EXPECT_UNIGRAM_ERROR(type, s.unit(s.lexicon().units, is_leaf) |= trie_valued);
    EXPECT_UNIGRAM_ERROR(type, s.unit(s.lexicon().units, is_leaf) = 300);
    EXPECT_UNIGRAM_ERROR(mismatch, s.words(s.lexicon().units)[0] |= trie_valued);
    EXPECT_UNIGRAM_ERROR(token, s.unit(s.normalizer().units, is_leaf) |= 0xffffu << trie_shift);  // beyond the replacements
    EXPECT_UNIGRAM_ERROR(range, s.bytes.data()[s.normalizer().replacements + 2] = 0xff);          // U+FFFD, for invalid bytes
}

// Every bit of the first KiB, where the headers are, and every 37th behind it.
void flip_bits(AlignedBytes& bytes) {
    for (size_t bit = 0; bit < bytes.size() * 8; bit += bit < 8 * 1024 ? 1 : 37) {
        bytes.data()[bit / 8] ^= uint8_t(1u << bit % 8);
        const Result<Tokenizer> t = open_tokenizer(bytes.data(), bytes.size());
        if (t.ok()) {
            ASSERT_NE(testing::exercise_tokenizer(t.value), SIZE_MAX);
        }
        bytes.data()[bit / 8] ^= uint8_t(1u << bit % 8);
    }
}

TEST(unigram_section, with_any_flipped_bit_is_refused_or_works) {
    UnigramSection s;
    flip_bits(s.bytes);
}

// ---- normalization form

// Letters with a mark and with two, apart and, but for those with two, together.
TokenizerModel formed_model() {
    TokenizerModel m = full_model();
    m.normal_form.present = true;
    m.normal_form.flags = normal_form_composed;
    m.normal_form.rules = {{"\u00e9", "e\u0301"}, {"e\u0301", "\u00e9"}, {"\u1eb9", "e\u0323"}, {"e\u0323", "\u1eb9"}, {"\u1e69", "s\u0323\u0307"}};
    m.normal_form.classes = {0, 0x301 << 8 | 230, 0x302 << 8, 0x323 << 8 | 220, 0x324 << 8};
    return m;
}

struct FormedSection : Section {
    FormedSection() : Section(formed_model()) {}

    NormalFormTables& form() { return *reinterpret_cast<NormalFormTables*>(bytes.data() + header().normal_form); }
    uint32_t* classes() { return words(form().classes); }
};

Error formed_error(const std::function<void(FormedSection&)>& damage) {
    FormedSection s;
    damage(s);
    return open_tokenizer(s.bytes.data(), s.bytes.size()).fault.error;
}

#define EXPECT_FORM_ERROR(error, damage) \
    EXPECT_STREQ(error_code(formed_error([]([[maybe_unused]] FormedSection& s) { damage; })), error_code(Error::error))

TEST(formed_section, with_a_damaged_record_is_refused) {
    EXPECT_FORM_ERROR(none, (void)0);
    EXPECT_FORM_ERROR(none, s.header().normal_form = 0);
    EXPECT_FORM_ERROR(alignment, s.header().normal_form += 2);
    EXPECT_FORM_ERROR(range, s.header().normal_form = 64);  // within the header
    EXPECT_FORM_ERROR(range, s.header().normal_form = uint32_t(s.bytes.size()) - 32);
    EXPECT_FORM_ERROR(limit, s.form().rules.growth = 0);
    EXPECT_FORM_ERROR(limit, s.form().rules.longest = max_piece_bytes + 1);
    EXPECT_FORM_ERROR(range, s.form().rules.units_count = 0x40000000);
    EXPECT_FORM_ERROR(range, s.form().rules.replacements_count = 0xffffffff);
    EXPECT_FORM_ERROR(type, s.words(s.form().rules.units)[0] |= trie_leaf);
    EXPECT_FORM_ERROR(unsupported, s.form().flags = normal_form_known_flags + 1);
}

TEST(formed_section, with_damaged_classes_is_refused) {
    EXPECT_FORM_ERROR(missing, s.form().classes_count = 0);
    EXPECT_FORM_ERROR(none, s.form().classes_count = 1);
    EXPECT_FORM_ERROR(range, s.form().classes_count = 0x40000000);
    EXPECT_FORM_ERROR(range, s.form().classes = 0);
    EXPECT_FORM_ERROR(range, s.form().classes = 0xfffffff0);
    EXPECT_FORM_ERROR(alignment, s.form().classes += 1);
    EXPECT_FORM_ERROR(range, s.classes()[0] = 1 << 8);
    EXPECT_FORM_ERROR(range, s.classes()[0] = 255);        // ASCII stays
    EXPECT_FORM_ERROR(range, s.classes()[1] = 0x7f << 8);
    EXPECT_FORM_ERROR(none, s.classes()[1] = 0x80 << 8);
    EXPECT_FORM_ERROR(range, s.classes()[3] = 0x302 << 8);  // as the one before
    EXPECT_FORM_ERROR(range, s.classes()[4] = 0x10 << 8);
}

// A growth that is too small is found when a text needs more.
TEST(formed_section, with_too_little_growth_encodes_or_says_so) {
    FormedSection s;
    s.form().flags = 0;
    s.form().rules.growth = 1;
    const Result<Tokenizer> t = open_tokenizer(s.bytes.data(), s.bytes.size());
    ASSERT_TRUE(t.ok());
    const std::string text = "\u1e69\u0301\u1e69\u0301\u1e69\u0301";  // five bytes become seven, three times
    std::vector<uint32_t> scratch(encode_scratch(t.value, text.size()).value / 4), tokens(encode_limit(t.value, text.size()));
    const Result<size_t> count = encode(t.value, {text.data(), text.size()}, {}, {reinterpret_cast<uint8_t*>(scratch.data()), scratch.size() * 4}, {tokens.data(), tokens.size()});
    EXPECT_EQ(count.fault.error, Error::range);
    EXPECT_EQ(count.fault.where, s.header().normal_form);
}

TEST(formed_section, with_any_flipped_bit_is_refused_or_works) {
    FormedSection s;
    flip_bits(s.bytes);
}

}  // namespace
}  // namespace mote
