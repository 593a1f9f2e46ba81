// aligned: bytes that begin at a multiple of 64, as a model in flash or an arena does.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <vector>

namespace mote::testing {

class AlignedBytes {
public:
    AlignedBytes() = default;
    explicit AlignedBytes(size_t size) : size_(size), data_(static_cast<uint8_t*>(std::aligned_alloc(64, (size + 64) / 64 * 64))) {
        if (!data_) throw std::bad_alloc();
        std::memset(data_.get(), 0, (size + 64) / 64 * 64);
    }
    explicit AlignedBytes(const std::vector<uint8_t>& bytes) : AlignedBytes(bytes.size()) {
        if (!bytes.empty()) std::memcpy(data_.get(), bytes.data(), bytes.size());
    }

    uint8_t* data() const { return data_.get(); }
    size_t size() const { return size_; }
    uint8_t& operator[](size_t i) const { return data_.get()[i]; }

private:
    struct Free {
        void operator()(uint8_t* p) const { std::free(p); }
    };
    size_t size_ = 0;
    std::unique_ptr<uint8_t, Free> data_;
};

/// A copy on the heap that ends where its allocation ends, so that a sanitizer sees the first byte read past it.
class ExactBytes {
public:
    ExactBytes(const uint8_t* bytes, size_t size) : size_(size), data_(static_cast<uint8_t*>(allocate(size))) {
        if (size) std::memcpy(data_.get(), bytes, size);
    }
    uint8_t* data() const { return data_.get(); }
    size_t size() const { return size_; }

private:
    static void* allocate(size_t size) {
        void* p = nullptr;
        if (posix_memalign(&p, 64, size ? size : 1) != 0) throw std::bad_alloc();
        return p;
    }
    struct Free {
        void operator()(uint8_t* p) const { std::free(p); }
    };
    size_t size_;
    std::unique_ptr<uint8_t, Free> data_;
};

}  // namespace mote::testing
