// open_model: a .mote file mapped and opened, with every refusal explained.
#pragma once

#include <memory>
#include <string>

#include "base/files.h"
#include "mote/model.h"

namespace mote::tools {

/// A model and the file it lies in.
struct OpenModel {
    std::unique_ptr<MappedFile> file;
    Model model;
};

/// Maps and opens; throws Failure with file, byte, what was found and what is allowed.
OpenModel open_model(const std::string& path);

/// The sentence for a fault of core's `open` on the bytes of a file.
std::string explain(const Fault& fault, const uint8_t* bytes, size_t size);

/// Throws the Failure that corresponds to a fault of core, with `text` or else the error's own sentence and numbers.
[[noreturn]] void refuse_fault(const Fault& fault, const std::string& file, const std::string& text = "");

}  // namespace mote::tools
