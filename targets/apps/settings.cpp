// settings: a walk over the arguments. Numbers are read by hand: there is no strtoul without a C library.
#include "settings.h"

#include "port.h"
#include "print.h"

namespace mote::app {
namespace {

bool same(const char* a, const char* b) {
    while (*a && *a == *b) a++, b++;
    return *a == *b;
}

size_t length(const char* text) {
    size_t count = 0;
    while (text[count]) count++;
    return count;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool read_u64(const char* text, uint64_t& value) {
    if (!is_digit(*text)) return false;
    value = 0;
    for (; is_digit(*text); text++) {
        const uint64_t digit = uint64_t(*text - '0');
        if (value > (UINT64_MAX - digit) / 10) return false;
        value = value * 10 + digit;
    }
    return *text == '\0';
}

bool read_u32(const char* text, uint32_t& value) {
    uint64_t wide;
    if (!read_u64(text, wide) || wide > UINT32_MAX) return false;
    value = uint32_t(wide);
    return true;
}

// Up to seven significant digits: then digits and power of ten are exact floats, and the quotient is correctly rounded, so
// that every target reads the same bits. Further digits are dropped.
bool read_float(const char* text, float& value) {
    uint32_t digits = 0, scale = 1;
    bool any = false, point = false;
    for (; is_digit(*text) || (*text == '.' && !point); text++) {
        if (*text == '.') {
            point = true;
            continue;
        }
        any = true;
        if (digits >= 1000000) {
            if (!point) return false;
            continue;
        }
        digits = digits * 10 + uint32_t(*text - '0');
        if (point) scale *= 10;
        if (scale > 100000000) return false;  // 0.0000000001 and the like
    }
    value = float(digits) / float(scale);
    return any && *text == '\0';
}

int hex_digit(char c) {
    if (is_digit(c)) return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

// In place: the bytes are half as many as their digits.
bool decode_hex(Span<char>& text) {
    if (text.count % 2) return false;
    for (size_t i = 0; i < text.count; i += 2) {
        const int high = hex_digit(text[i]), low = hex_digit(text[i + 1]);
        if (high < 0 || low < 0) return false;
        text[i / 2] = char(high * 16 + low);
    }
    text.count /= 2;
    return true;
}

bool read_format(const char* text, Format& format) {
    if (same(text, "f32")) format = Format::f32;
    else if (same(text, "f16")) format = Format::f16;
    else if (same(text, "q8")) format = Format::q8;
    else return false;
    return true;
}

bool* flag_of(Settings& s, const char* name) {
    if (same(name, "--ids")) return &s.ids;
    if (same(name, "--digest")) return &s.digest;
    if (same(name, "--special")) return &s.special;
    if (same(name, "--no-bos")) return &s.no_bos;
    if (same(name, "--ignore-eos")) return &s.ignore_eos;
    return nullptr;
}

uint32_t* number_of(Settings& s, const char* name) {
    if (same(name, "-n")) return &s.count;
    if (same(name, "-c")) return &s.options.context;
    if (same(name, "--tile")) return &s.options.tile;
    if (same(name, "--top-k")) return &s.sampler.top_k;
    return nullptr;
}

float* real_of(Settings& s, const char* name) {
    if (same(name, "--temp")) return &s.sampler.temperature;
    if (same(name, "--top-p")) return &s.sampler.top_p;
    if (same(name, "--min-p")) return &s.sampler.min_p;
    return nullptr;
}

// An option with a value. False: the value is wrong. `known` says whether there is such an option.
bool read_option(Settings& s, const char* name, char* value, bool& known) {
    if (uint32_t* number = number_of(s, name)) return read_u32(value, *number);
    if (float* real = real_of(s, name)) return read_float(value, *real);
    if (same(name, "-s")) return read_u64(value, s.sampler.seed);
    if (same(name, "--kv")) return read_format(value, s.options.kv);
    if (same(name, "-m")) {
        s.model = value;
        return true;
    }
    if (same(name, "--prompt-ids")) {
        s.prompt_ids = value;
        return true;
    }
    if (same(name, "-p") || same(name, "--prompt-hex")) {
        s.prompt = Span<char>(value, length(value));
        s.prompt_from_console = name[1] == 'p' && same(value, "-");
        return name[1] == 'p' || decode_hex(s.prompt);
    }
    known = false;
    return false;
}

}  // namespace

int read_settings(Span<uint8_t> memory, Settings& s, size_t& used) {
    char* const text = reinterpret_cast<char*>(memory.data);
    used = port::arguments(text, memory.count);
    if (used > memory.count) return report_usage("arguments", "do not fit the arena");
    for (size_t at = 0; at < used;) {
        const char* const name = text + at;
        at += length(name) + 1;
        if (bool* flag = flag_of(s, name)) {
            *flag = true;
            continue;
        }
        if (at >= used) return report_usage(name, "is not an option, or lacks its value");
        char* const value = text + at;
        at += length(value) + 1;
        bool known = true;
        if (!read_option(s, name, value, known))
            return report_usage(name, known ? "has a value that it cannot have" : "is not an option");
    }
    if (s.prompt_from_console) {
        s.prompt = Span<char>(text + used, port::read_line(text + used, memory.count - used));
        used += s.prompt.count;
    }
    return 0;
}

bool next_id(const char*& list, uint32_t& id) {
    if (!is_digit(*list)) return false;
    uint64_t value = 0;
    for (; is_digit(*list); list++) {
        value = value * 10 + uint64_t(*list - '0');
        if (value > UINT32_MAX) return false;
    }
    id = uint32_t(value);
    if (*list == '\0') return true;
    return *list++ == ',' && is_digit(*list);
}

}  // namespace mote::app
