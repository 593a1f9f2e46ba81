// models: small models made on the spot, and sessions with an arena of exactly the planned size.
#pragma once

#include <cstring>
#include <stdexcept>
#include <string>
#include <vector>

#include "mote/mote.h"
#include "pack/pack.h"
#include "pack/random_model.h"
#include "support/aligned.h"

namespace mote::testing {

struct TestModel {
    AlignedBytes image;
    Model model;
};

inline TestModel open_test_model(const std::vector<uint8_t>& file) {
    TestModel m{AlignedBytes(file), {}};
    const Result<Model> opened = open(m.image.data(), m.image.size());
    if (!opened.ok()) throw std::runtime_error(error_sentence(opened.fault.error));
    m.model = opened.value;
    return m;
}

inline std::vector<uint8_t> packed_file(const tools::Weights& weights, const std::string& formats = "q8") {
    std::vector<std::string> notes;
    return tools::pack_model(weights, tools::parse_formats(formats), notes);
}

inline TestModel make_model(const std::string& shape, const std::string& formats = "q8", uint64_t seed = 1) {
    return open_test_model(packed_file(tools::random_model(shape, seed), formats));
}

/// Makes the checksums fit the bytes again, so that a damage gets past the door.
inline void reseal(uint8_t* image, size_t bytes) {
    const uint32_t payload = crc32(0, image + sizeof(FileHeader), bytes - sizeof(FileHeader));
    std::memcpy(image + offsetof(FileHeader, payload_crc), &payload, 4);
    const uint32_t header = crc32(0, image, offsetof(FileHeader, header_crc));
    std::memcpy(image + offsetof(FileHeader, header_crc), &header, 4);
}

/// A session and its arena. The model stays where it is.
struct TestSession {
    AlignedBytes arena;
    Session session;
};

inline TestSession start_test_session(const Model& model, const Options& options) {
    const Result<Plan> planned = plan(model, options);
    if (!planned.ok()) throw std::runtime_error(error_sentence(planned.fault.error));
    TestSession s{AlignedBytes(planned.value.total), {}};
    const Result<Session> started = start(model, planned.value, s.arena.data(), s.arena.size());
    if (!started.ok()) throw std::runtime_error(error_sentence(started.fault.error));
    s.session = started.value;
    return s;
}

/// The bits of the logits after `tokens`.
inline std::vector<uint32_t> step_bits(Session& session, const std::vector<uint32_t>& tokens) {
    const Result<Span<float>> logits = step(session, tokens.data(), tokens.size());
    if (!logits.ok()) throw std::runtime_error(error_sentence(logits.fault.error));
    std::vector<uint32_t> bits(logits.value.count);
    std::memcpy(bits.data(), logits.value.data, logits.value.count * 4);
    return bits;
}

}  // namespace mote::testing
