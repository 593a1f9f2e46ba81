// tokenizer_section: every rule of SPEC 6, broken one at a time.
#include <gtest/gtest.h>

#include <functional>

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
    Section() : bytes(tools::pack_tokenizer(full_model(), uint32_t(full_model().pieces.size()), "test")) {}

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
    EXPECT_ERROR(unsupported, h.kind = TokenizerKind::wordpiece);
    EXPECT_ERROR(unsupported, h.kind = TokenizerKind::unigram);
    EXPECT_ERROR(type, h.kind = TokenizerKind(4));
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
    EXPECT_ERROR(range, h.reserved[8] = 1);
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

}  // namespace
}  // namespace mote
