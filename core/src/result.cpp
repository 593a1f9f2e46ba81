// result: the code and the sentence of every error.
#include "mote/result.h"

namespace mote {
namespace {

struct Text {
    const char* code;
    const char* sentence;
};

// A build for little flash says codes alone.
#ifdef MOTE_NO_SENTENCES
constexpr Text text(const char* code, const char*) { return {code, ""}; }
#else
constexpr Text text(const char* code, const char* sentence) { return {code, sentence}; }
#endif

// In the order of Error.
constexpr Text texts[] = {
    text("OK", "no error"),
    text("E_ARG", "an argument is missing or impossible"),
    text("E_STATE", "the call does not fit what was called before"),
    text("E_TRUNC", "there are fewer bytes than the file says it has"),
    text("E_TRAILING", "there are more bytes than the file says it has"),
    text("E_MAGIC", "this is not a .mote file"),
    text("E_VERSION", "this .mote file has a version that is not supported"),
    text("E_ENDIAN", "the file was written with the other byte order"),
    text("E_ALIGN", "an address or offset is not aligned"),
    text("E_LIMIT", "a count or size is beyond the limit"),
    text("E_RANGE", "a value or offset lies outside its range"),
    text("E_OVERFLOW", "sizes add up to more than an address can hold"),
    text("E_DUP", "the same thing stands twice"),
    text("E_OVERLAP", "two parts of the file share bytes"),
    text("E_MISSING", "something required is absent"),
    text("E_TYPE", "a code is unknown or not allowed here"),
    text("E_SHAPE", "dimensions do not fit each other"),
    text("E_CRC", "the bytes were changed after they were written"),
    text("E_UNSUPPORTED", "the file needs a feature that this version does not have"),
    text("E_LEFT_OUT", "the program was built without a format or part that this needs"),
    text("E_MISMATCH", "two parts disagree"),
    text("E_ARENA", "the arena is smaller than the plan"),
    text("E_CONTEXT", "the session has no room for the tokens"),
    text("E_TOKEN", "a token id is not in the vocabulary"),
    text("E_NONFINITE", "a logit is not a finite number"),
    text("E_BUFFER", "the buffer is too small for the result"),
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
