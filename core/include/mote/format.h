// format: the numbers and records of a .mote file, as SPEC.md describes them. Shared by the reader (core) and the writer.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace mote {

constexpr uint8_t file_magic[8] = {'M', 'O', 'T', 'E', '\r', '\n', 0x1a, '\n'};
constexpr uint16_t file_version_major = 2;
constexpr uint16_t file_version_minor = 0;
constexpr uint32_t file_endian_tag = 0x01020304;

constexpr size_t image_alignment = 16;    // bytes; of the image in memory and of every section in the file
constexpr size_t tensor_alignment = 64;   // bytes; of every tensor in the file
constexpr uint32_t no_token = 0xffffffff;

// Limits, so that products of two of them fit 64 bits and index arithmetic in kernels fits 32.
constexpr uint32_t max_dim = 1u << 15;       // dim, and heads * head_dim
constexpr uint32_t max_hidden = 1u << 17;    // int8 x int8 sums stay below 2^31 up to 133 000 columns
constexpr uint32_t max_layers = 1u << 10;
constexpr uint32_t max_head_dim = 512;       // int8 dot times an 8-bit scale stays below 2^31
constexpr uint32_t max_vocab = 1u << 24;
constexpr uint32_t max_context = 65535;      // 16-bit softmax weights sum to less than 2^32
constexpr uint32_t max_tensors = 1u << 15;
constexpr uint32_t max_blocks = 4;
constexpr uint32_t max_sublayers = 3;

/// How a tensor's numbers are stored (SPEC 5).
enum class Format : uint8_t { f32 = 0, f16 = 1, q8 = 2, q4 = 3, u32 = 4 };

/// What a tensor is for. The number is the code in the file; shapes are (rows, cols).
enum class Role : uint16_t {
    token_embedding = 1,     // (vocab, dim)
    position_embedding = 2,  // (context, dim)
    rope_frequencies = 3,    // (1, rope_dim / 2) u32: turns a position, as a fraction of 2^32
    final_norm = 4,          // (1, dim) f32
    final_norm_bias = 5,
    head = 6,                // (vocab, dim); absent: the token embedding serves

    attention_norm = 16,     // (1, dim) f32
    attention_norm_bias = 17,
    q = 18,                  // (heads * head_dim, dim)
    q_bias = 19,
    k = 20,                  // (kv_heads * head_dim, dim)
    k_bias = 21,
    v = 22,
    v_bias = 23,
    o = 24,                  // (dim, heads * head_dim)
    o_bias = 25,
    q_norm = 26,             // (1, head_dim) f32: RMS norm of each query head
    k_norm = 27,

    ffn_norm = 32,           // (1, dim) f32
    ffn_norm_bias = 33,
    gate = 34,               // (hidden, dim)
    gate_bias = 35,
    up = 36,                 // (hidden, dim)
    up_bias = 37,
    down = 38,               // (dim, hidden)
    down_bias = 39,
};
constexpr uint32_t role_limit = 64;  // one more than any role this version knows

enum class Work : uint8_t { none = 0, self_attention = 1, dense = 2, gated = 3, cross_attention = 4, latent_attention = 5, experts = 6 };
enum class Input : uint8_t { normed = 0, stream = 1, same = 2 };
enum class Output : uint8_t { add = 0, norm_add = 1, add_norm = 2 };
enum class Norm : uint8_t { rms = 0, layer = 1 };
enum class Activation : uint8_t { silu = 0, gelu_tanh = 1, gelu_erf = 2, relu = 3 };
enum class Position : uint8_t { none = 0, learned = 1, rope = 2, sinusoidal = 3, bucketed_bias = 4 };
enum class RopePairing : uint8_t { interleaved = 0, halves = 1 };
enum class Mask : uint8_t { causal = 0, none = 1, prefix = 2, window = 3, chunk = 4, strided = 5 };
/// How activations are quantized in front of q8 and q4 matrices: one scale a vector, or a power of two for each 32 columns.
enum class ActivationScale : uint8_t { vector = 0, group = 1 };

/// SPEC 2. The first 64 bytes.
struct FileHeader {
    uint8_t magic[8];
    uint16_t version_major;
    uint16_t version_minor;
    uint32_t endian_tag;
    uint64_t total_bytes;
    uint32_t required_features;  // a bit that a reader does not know means: refuse
    uint32_t architecture_offset;
    uint32_t architecture_bytes;
    uint32_t directory_offset;
    uint32_t directory_count;
    uint32_t tokenizer_offset;   // 0: the file has no tokenizer
    uint32_t tokenizer_bytes;
    uint32_t payload_crc;        // CRC-32 of [64, total_bytes)
    uint32_t reserved;           // 0
    uint32_t header_crc;         // CRC-32 of [0, 60)
};
static_assert(sizeof(FileHeader) == 64);

struct SubLayer {
    Work work;
    Input input;
    Output output;
    uint8_t reserved;
};

/// SPEC 3. An architecture as data; followed by one byte a layer: the index of its block.
struct Architecture {
    uint32_t dim;
    uint32_t layers;
    uint32_t heads;
    uint32_t kv_heads;
    uint32_t head_dim;
    uint32_t hidden;
    uint32_t vocab;
    uint32_t context;            // tokens; the longest the model was made for
    Norm norm;
    Activation activation;
    Position position;
    RopePairing rope_pairing;
    Mask mask;
    ActivationScale activation_scale;
    uint8_t blocks;              // rows of `block` in use
    uint8_t reserved0;
    float norm_eps;
    float attention_scale;       // multiplies q k; 1 / sqrt(head_dim) in most families
    uint32_t rope_dim;           // leading elements of each head that rotate; 0: none
    uint32_t reserved1[3];
    SubLayer block[max_blocks][max_sublayers];
    uint32_t reserved2[4];
};
static_assert(sizeof(Architecture) == 128);

/// SPEC 4. One tensor. The directory is sorted by role, then layer, then expert; data follows in the same order.
struct TensorRecord {
    Role role;
    uint16_t layer;              // 0 for tensors that belong to no layer
    Format format;
    uint8_t reserved;
    uint16_t expert;             // 0 outside a bank of experts
    uint32_t rows;
    uint32_t cols;
    uint64_t offset;             // from the start of the file
    uint64_t bytes;
};
static_assert(sizeof(TensorRecord) == 32);

enum class TokenizerKind : uint32_t { bpe = 1, wordpiece = 2, unigram = 3 };

/// SPEC 6.1. How a text is cut into words: up to six of these, each within the pieces of the one before, five bits each, the first lowest.
enum class PreTokenizer : uint32_t {
    none = 0,
    gpt2 = 1,
    llama3 = 2,
    qwen2 = 3,
    newline = 4,
    letters = 5,
    punctuation = 6,
    trailing_space = 7,
    ideographs = 8,
    digit = 9,
    digits = 10,
    up_to_three_digits = 11,
    marks = 12,
    byte_digits = 13,
    three_digits = 14,
    each_space = 15,   // every space begins a word
    first_space = 16,  // a space that follows none begins a word, and a line end is one
};
constexpr uint32_t pre_tokenizer_bits = 5, max_pre_tokenizers = 6, known_pre_tokenizers = 17;

/// What a character is, as far as the rules above ask; bits. The source of the tokenizer decides which characters have which.
enum class CharClass : uint8_t {
    other = 0,
    letter = 1,
    number = 2,
    space = 4,
    punctuation = 8,
    symbol = 16,
    mark = 32,
    ideograph = 64,
    newline = 128,
};

constexpr uint32_t tokenizer_add_bos = 1;          // encode puts bos in front
constexpr uint32_t tokenizer_add_eos = 2;          // encode puts eos behind
constexpr uint32_t tokenizer_prefix_space = 4;     // a space goes before the text, and decode takes it away again
constexpr uint32_t tokenizer_fold_space = 8;       // U+2581 in the text counts as a space
constexpr uint32_t tokenizer_fuse_unk = 16;        // neighbouring unknown characters make one unknown token
constexpr uint32_t tokenizer_prefix_every = 32;    // the space goes behind every control token, too
constexpr uint32_t tokenizer_prefix_missing = 64;  // the space goes only where none is
constexpr uint32_t tokenizer_prefix_kept = 128;    // decode does not take the space away
constexpr uint32_t tokenizer_whole_words = 256;    // a word that is a token is that token, whatever the merges; see `characters`
constexpr uint32_t tokenizer_squeeze_spaces = 512; // spaces at both ends are left out, and runs of them become one
constexpr uint32_t tokenizer_space_behind = 1024;  // the space of tokenizer_prefix_space goes behind the text
constexpr uint32_t tokenizer_keep_ends = 2048;     // with tokenizer_squeeze_spaces: those at the ends become one as well, and not two with the one in front
constexpr uint32_t tokenizer_known_flags = 4095;

/// SPEC 6. The tokenizer section; offsets are from its start. `id` arrays have elements of `id_bytes` (2 or 4).
struct TokenizerHeader {
    TokenizerKind kind;
    uint32_t vocab;
    uint32_t flags;
    PreTokenizer pre_tokenizer;
    uint32_t bos, eos, unk;      // no_token where absent
    uint32_t id_bytes;
    uint32_t piece_offsets;      // u32[vocab + 1] into the piece bytes
    uint32_t piece_bytes;        // offset of the bytes of all pieces, in order of id
    uint32_t piece_bytes_count;
    uint32_t byte_ids;           // id[256]: the token of a single byte, or the all-ones id
    uint32_t characters;         // id[characters_count]: tokens of one character (or of whole words), sorted by their bytes
    uint32_t characters_count;
    uint32_t merge_first;        // id[vocab + 1]: where the merges with this left part begin
    uint32_t merges;             // {id right, id merged, id rank}[merges_count], sorted by left, then right
    uint32_t merges_count;
    uint32_t classes;            // u32[classes_count]: first code point << 8 | CharClass bits, ascending
    uint32_t classes_count;
    uint32_t specials;           // id[specials_count]: control tokens, ascending; never made from plain text
    uint32_t specials_count;
    uint32_t added;              // id[added_count]: tokens that are looked for in every text before it is cut, ascending
    uint32_t added_count;
    uint32_t normalizer;         // NormalizerTables; 0: text is taken as it is
    uint32_t lexicon;            // LexiconTables; 0: pieces come from merges alone
    uint32_t chat;               // ChatTables; 0: no chat template
    uint32_t normal_form;        // NormalFormTables; 0: text is not brought into one of Unicode's forms
    uint32_t whole;              // WholeTables; 0: control and added tokens are found by their pieces, in the text as it is
    uint32_t reserved[4];
};
static_assert(sizeof(TokenizerHeader) == 128);

/// SPEC 6.5. The texts around what a conversation says; a turn is prefix, content, suffix.
enum class ChatPart : uint32_t {
    begin = 0,           // in front of everything
    without_system = 1,  // where no system text is given
    system_prefix = 2,
    system_suffix = 3,
    user_prefix = 4,
    user_suffix = 5,
    assistant_prefix = 6,
    assistant_suffix = 7,
    generation = 8,      // behind the turns: the assistant speaks next
};
constexpr uint32_t chat_parts = 9;

constexpr uint32_t chat_system_inside = 1;   // the system's text goes between the first user_prefix and what the user says
constexpr uint32_t chat_trims_turns = 2;     // white space around what user and assistant say is left out
constexpr uint32_t chat_trims_system = 4;    // and around the system's text
constexpr uint32_t chat_refuses_system = 8;  // the model was made without system texts
constexpr uint32_t chat_refused = 16;        // there is no template: the text says why the model's own could not be taken in
constexpr uint32_t chat_known_flags = 31;

/// SPEC 6.5. A chat template as data; offsets are from the start of the tokenizer section.
struct ChatTables {
    uint32_t text;               // the bytes of all parts, in order
    uint32_t ends[chat_parts];   // where each part ends in them, ascending
    uint32_t flags;
    uint32_t stops;              // id[stops_count]: tokens that end the assistant's turn
    uint32_t stops_count;
    uint32_t reserved[3];
};
static_assert(sizeof(ChatTables) == 64);

// A unit of a trie (SPEC 6.4): a label of 9 bits, two flags, and the place of its children or, in a leaf, its value.
constexpr uint32_t trie_label = 511;      // byte + 1; 0 holds a value, 511 is free
constexpr uint32_t trie_valued = 1 << 9;  // a string ends here, and longer ones go on: the value is the child with label 0
constexpr uint32_t trie_leaf = 1 << 10;   // a string ends here, and none goes on
constexpr uint32_t trie_shift = 11;
constexpr uint32_t max_trie_units = 1u << (32 - trie_shift);

constexpr uint32_t max_piece_bytes = 1024;     // of a piece that a lexicon finds, and of the text of a rule
constexpr uint32_t max_growth = 255;

constexpr uint32_t replace_by_itself = 0;        // values of a normalizer's trie; others are offsets of replacements
constexpr uint32_t replace_by_itself_alone = 1;  // with a space on both sides

/// SPEC 6.2. What text becomes before it is cut into tokens.
struct NormalizerTables {
    uint32_t units;              // u32[units_count], a trie from text to replacements
    uint32_t units_count;
    uint32_t longest;            // bytes of the longest text in it
    uint32_t replacements;       // {u8 count, count bytes}, each where a value says
    uint32_t replacements_count; // bytes
    uint32_t growth;             // bytes of normalized text for one byte of text, at most
    uint32_t invalid;            // value for a byte that is not of a UTF-8 character
    uint32_t reserved;
};
static_assert(sizeof(NormalizerTables) == 32);

constexpr uint32_t normal_form_composed = 1;    // NFC and NFKC: what was taken apart is joined again
constexpr uint32_t normal_form_compatible = 2;  // NFKC and NFKD: characters are taken apart for compatibility, too
constexpr uint32_t normal_form_rules = 4;       // no form of Unicode: the rules are applied as those of the normalizer, before them
constexpr uint32_t normal_form_known_flags = 7;

/// SPEC 6.6. A normalization form of Unicode, which text takes on before anything else.
struct NormalFormTables {
    NormalizerTables rules;      // a character to its parts, two characters to the one that they make
    uint32_t classes;            // u32[classes_count]: first code point << 8 | class, ascending: 0 stays, 1 to 254 are combining classes,
    uint32_t classes_count;      // 255 is another starter that changes or joins what is in front of it
    uint32_t flags;
    uint32_t unicode;            // the version of the data: major << 8 | minor
};
static_assert(sizeof(NormalFormTables) == 48);

constexpr uint32_t whole_single_word = 1;   // only where no word character stands on either side
constexpr uint32_t whole_strips_left = 2;   // white space in front of it is left out
constexpr uint32_t whole_strips_right = 4;  // and behind it
constexpr uint32_t whole_known_flags = 7;

/// Texts that tokens are found by.
struct WholeTrie {
    uint32_t units;              // u32[units_count], a trie from text to an index into the tokens
    uint32_t units_count;
    uint32_t longest;            // bytes of the longest text in it; 0: there is none
};

/// SPEC 6.7. How control and added tokens are found, where that takes more than their pieces.
struct WholeTables {
    WholeTrie given;             // in the text as it is
    WholeTrie normalized;        // in normalized text; no control tokens
    uint32_t tokens;             // u32[tokens_count]: id << 8 | flags
    uint32_t tokens_count;
    uint32_t words;              // u32[words_count]: first code point << 8 | 1 for characters of words, ascending; for whole_single_word
    uint32_t words_count;
    uint32_t reserved[2];
};
static_assert(sizeof(WholeTables) == 48);

/// SPEC 6.3. Pieces that are found by their text.
struct LexiconTables {
    uint32_t units;              // u32[units_count], a trie from text to ids
    uint32_t units_count;
    uint32_t longest;            // bytes of the longest text in it
    uint32_t scores;             // unigram: f32[vocab]; NaN for user-defined symbols
    float lowest_score;          // of a piece; a character that no piece covers has 10 less
    float highest_score;         // of user-defined symbols, for each byte
    uint32_t sum_bytes;          // 4: sums of scores are rounded to f32, as in SentencePiece; 8: f64, as in Hugging Face's tokenizers
    union {
        uint32_t word_characters;  // wordpiece: longer words are unknown
        uint32_t seams;            // unigram: 1 if no text has an ASCII letter before a visible ASCII character that is none, else 0
    };
};
static_assert(sizeof(LexiconTables) == 32);

/// Columns of one row as stored: q8 pads to 16, q4 to 32, so that every instruction set reads whole chunks.
constexpr uint32_t padded_cols(Format format, uint32_t cols) {
    return format == Format::q8 ? (cols + 15u) & ~15u : format == Format::q4 ? (cols + 31u) & ~31u : cols;
}

/// Rows as stored: quantized formats interleave four rows.
constexpr uint32_t padded_rows(Format format, uint32_t rows) {
    return format == Format::q8 || format == Format::q4 ? (rows + 3u) & ~3u : rows;
}

constexpr uint32_t group_cols = 32;  // columns that share a group scale in q4, and an exponent in grouped activations

/// Where the parts of a packed matrix begin, in bytes from its start (SPEC 5).
struct MatrixLayout {
    uint64_t group_scales;  // q4: int8[padded_rows / 4][groups][4]
    uint64_t row_scales;    // q8, q4: bf16[padded_rows]
    uint64_t bytes;
};

/// The layout of a (rows, cols) matrix; dimensions are within the limits above, so that nothing overflows 64 bits.
constexpr MatrixLayout matrix_layout(Format format, uint32_t rows, uint32_t cols) {
    const uint64_t elements = uint64_t(padded_rows(format, rows)) * padded_cols(format, cols);
    switch (format) {
        case Format::f32:
        case Format::u32: return {0, 0, elements * 4};
        case Format::f16: return {0, 0, elements * 2};
        case Format::q8: return {0, elements, elements + 2u * uint64_t(padded_rows(format, rows))};
        case Format::q4: {
            const uint64_t scales = elements / 2;
            const uint64_t row_scales = scales + elements / group_cols;
            return {scales, row_scales, row_scales + 2u * uint64_t(padded_rows(format, rows))};
        }
    }
    return {0, 0, 0};
}

}  // namespace mote
