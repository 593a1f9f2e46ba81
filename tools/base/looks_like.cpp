// looks_like: a table of beginnings.
#include "base/looks_like.h"

namespace mote::tools {
namespace {

struct Beginning {
    std::string_view bytes;
    const char* what;
};

using namespace std::string_view_literals;
constexpr Beginning beginnings[] = {
    {"MOTE\r\n\x1a\n"sv, "a .mote file"},
    {"GGUF"sv, "a GGUF file"},
    {"version https://git-lfs.github.com/spec"sv, "a Git LFS pointer (the file itself was never downloaded: `git lfs pull`)"},
    {"24ka"sv, "a llama2.c checkpoint"},
    {"PK\x03\x04"sv, "a zip file (PyTorch's .pt and .pth are such)"},
    {"\x80\x02"sv, "a Python pickle (PyTorch wrote such before version 1.6: load it there and save it again)"},
    {"\x80\x03"sv, "a Python pickle (PyTorch wrote such before version 1.6: load it there and save it again)"},
    {"\x80\x04"sv, "a Python pickle (PyTorch wrote such before version 1.6: load it there and save it again)"},
    {"\x80\x05"sv, "a Python pickle (PyTorch wrote such before version 1.6: load it there and save it again)"},
    {"\x1f\x8b"sv, "a gzip file"},
    {"<!DOCTYPE html"sv, "an HTML page"},
    {"<!doctype html"sv, "an HTML page"},
    {"<html"sv, "an HTML page"},
    {"\x7f"
     "ELF"sv,
     "an ELF program"},
    {"{"sv, "JSON text"},
    {"["sv, "JSON text"},
};

bool is_safetensors(std::string_view b) { return b.size() > 8 && b[5] == 0 && b[6] == 0 && b[7] == 0 && b[8] == '{'; }

bool is_text(std::string_view b) {
    for (const char c : b.substr(0, 256))
        if (static_cast<unsigned char>(c) < 9 || (static_cast<unsigned char>(c) > 13 && static_cast<unsigned char>(c) < 32)) return false;
    return !b.empty();
}

}  // namespace

std::string looks_like(std::string_view bytes) {
    if (is_safetensors(bytes)) return "a safetensors file";
    for (const Beginning& b : beginnings)
        if (bytes.substr(0, b.bytes.size()) == b.bytes) return b.what;
    return is_text(bytes) ? "a text file" : "";
}

}  // namespace mote::tools
