// result: the code and the sentence of every error.
#include "mote/result.h"

namespace mote {
namespace {

struct Text {
    const char* code;
    const char* sentence;
};

// In the order of Error.
constexpr Text texts[] = {
    {"OK", "no error"},
    {"E_ARG", "an argument is missing or impossible"},
    {"E_STATE", "the call does not fit what was called before"},
    {"E_TRUNC", "there are fewer bytes than the file says it has"},
    {"E_TRAILING", "there are more bytes than the file says it has"},
    {"E_MAGIC", "this is not a .mote file"},
    {"E_VERSION", "this .mote file has a version that is not supported"},
    {"E_ENDIAN", "the file was written with the other byte order"},
    {"E_ALIGN", "an address or offset is not aligned"},
    {"E_LIMIT", "a count or size is beyond the limit"},
    {"E_RANGE", "a value or offset lies outside its range"},
    {"E_OVERFLOW", "sizes add up to more than an address can hold"},
    {"E_DUP", "the same thing stands twice"},
    {"E_OVERLAP", "two parts of the file share bytes"},
    {"E_MISSING", "something required is absent"},
    {"E_TYPE", "a code is unknown or not allowed here"},
    {"E_SHAPE", "dimensions do not fit each other"},
    {"E_CRC", "the bytes were changed after they were written"},
    {"E_UNSUPPORTED", "the file needs a feature that this version does not have"},
    {"E_MISMATCH", "two parts disagree"},
    {"E_ARENA", "the arena is smaller than the plan"},
    {"E_CONTEXT", "the session has no room for the tokens"},
    {"E_TOKEN", "a token id is not in the vocabulary"},
    {"E_NONFINITE", "a logit is not a finite number"},
    {"E_BUFFER", "the buffer is too small for the result"},
};
static_assert(sizeof texts / sizeof texts[0] == size_t(Error::buffer_too_small) + 1);

const Text& text_of(Error error) {
    const size_t i = size_t(error);
    return texts[i < sizeof texts / sizeof texts[0] ? i : size_t(Error::state)];
}

}  // namespace

const char* error_code(Error error) { return text_of(error).code; }
const char* error_sentence(Error error) { return text_of(error).sentence; }

}  // namespace mote
