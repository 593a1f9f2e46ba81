// json: a builder for nlohmann's parser that refuses what the parser lets pass.
#include "base/json.h"

#include <vector>

#include "base/error.h"
#include "base/files.h"

namespace mote::tools {
namespace {

constexpr size_t max_depth = 64;

// One printable line out of the parser's message, which quotes bytes of the file.
std::string printable(std::string text) {
    const size_t prefix = text.find("] ");
    if (prefix != std::string::npos) text.erase(0, prefix + 2);
    for (char& c : text)
        if (c < ' ' || c > '~') c = '?';
    return text;
}

std::string in_quotes(const std::string& text) { return "\"" + printable(text) + "\""; }

class Builder : public nlohmann::json_sax<Json> {
public:
    Builder(const std::string& file, uint64_t first_byte, size_t bytes) : file_(file), first_byte_(first_byte), bytes_(bytes) {}

    Json take() { return std::move(root_); }

    bool null() override { return put(nullptr); }
    bool boolean(bool value) override { return put(value); }
    bool number_integer(number_integer_t value) override { return put(value); }
    bool number_unsigned(number_unsigned_t value) override { return put(value); }
    bool number_float(number_float_t value, const string_t&) override { return put(value); }
    bool string(string_t& value) override { return put(std::move(value)); }
    bool binary(binary_t&) override { return false; }  // not in text
    bool start_object(std::size_t) override { return open(Json::object()); }
    bool start_array(std::size_t) override { return open(Json::array()); }
    bool end_object() override { return close(); }
    bool end_array() override { return close(); }

    bool key(string_t& name) override {
        if (open_.back()->contains(name)) refuse("E_DUP", file_, "key " + in_quotes(name) + " stands twice in one object");
        key_ = std::move(name);
        return true;
    }

    bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception& error) override {
        const std::string what = error.what();
        const bool cut = position > bytes_;  // within a character, too
        const bool text = !cut && (what.find("UTF-8") != std::string::npos || what.find("surrogate") != std::string::npos);
        constexpr int out_of_range = 406;
        refuse_at(error.id == out_of_range ? "E_RANGE"
                  : text                   ? "E_UTF8"
                                           : "E_SYNTAX",
                  file_, first_byte_ + position, printable(what));
    }

private:
    // Where the value now lies. Its parent does not change while the value is open, so the address holds.
    Json* place(Json value) {
        if (open_.empty()) {
            root_ = std::move(value);
            return &root_;
        }
        Json& parent = *open_.back();
        if (parent.is_array()) {
            parent.push_back(std::move(value));
            return &parent.back();
        }
        return &(parent[key_] = std::move(value));
    }
    bool put(Json value) {
        place(std::move(value));
        return true;
    }
    bool open(Json value) {
        if (open_.size() == max_depth) refuse("E_DEPTH", file_, "JSON nested deeper than " + std::to_string(max_depth) + " levels");
        open_.push_back(place(std::move(value)));
        return true;
    }
    bool close() {
        open_.pop_back();
        return true;
    }

    const std::string& file_;
    uint64_t first_byte_;
    size_t bytes_;
    Json root_;
    std::vector<Json*> open_;
    std::string key_;
};

}  // namespace

Json parse_json(std::string_view text, const std::string& file, uint64_t first_byte) {
    if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) refuse("E_EMPTY", file, "is empty where JSON is expected");
    Builder builder(file, first_byte, text.size());
    Json::sax_parse(text.begin(), text.end(), &builder);
    return builder.take();
}

Json read_json(const std::string& file, uint64_t max_bytes) {
    const MappedFile mapped(file);
    if (mapped.size() > max_bytes)
        refuse("E_LIMIT", file, std::to_string(mapped.size()) + " bytes; at most " + std::to_string(max_bytes) + " are read");
    return parse_json(mapped.text(), file);
}

JsonView JsonView::at(const std::string& key) const {
    const Json::const_iterator member = object().find(key);
    if (member == value_->end()) refuse("E_MISSING", "has no " + in_quotes(key));
    return {*member, file_, place_.empty() ? printable(key) : place_ + "." + printable(key)};
}

std::optional<JsonView> JsonView::find(const std::string& key) const {
    const Json::const_iterator member = object().find(key);
    if (member == value_->end() || member->is_null()) return std::nullopt;
    return at(key);
}

JsonView JsonView::element(size_t index) const { return {array().at(index), file_, place_ + "[" + std::to_string(index) + "]"}; }

const Json& JsonView::object() const {
    if (!value_->is_object()) refuse_type("an object");
    return *value_;
}

const Json& JsonView::array() const {
    if (!value_->is_array()) refuse_type("an array");
    return *value_;
}

const std::string& JsonView::text() const {
    if (!value_->is_string()) refuse_type("a string");
    return value_->get_ref<const std::string&>();
}

bool JsonView::boolean() const {
    if (!value_->is_boolean()) refuse_type("true or false");
    return value_->get<bool>();
}

double JsonView::number() const {
    if (!value_->is_number()) refuse_type("a number");
    return value_->get<double>();
}

uint64_t JsonView::integer(uint64_t max) const {
    if (!value_->is_number_integer()) refuse_type("an integer");
    if (!value_->is_number_unsigned() || value_->get<uint64_t>() > max)
        refuse("E_RANGE", value_->dump() + " is not in [0, " + std::to_string(max) + "]");
    return value_->get<uint64_t>();
}

void JsonView::refuse(const std::string& code, const std::string& text) const {
    tools::refuse(code, file_, place_.empty() ? text : place_ + ": " + text);
}

void JsonView::refuse_type(const char* wanted) const {
    refuse("E_TYPE", std::string("is ") + value_->type_name() + ", must be " + wanted);
}

bool flag(const JsonView& object, const char* key, bool otherwise) {
    const std::optional<JsonView> found = object.find(key);
    return found ? found->boolean() : otherwise;
}

}  // namespace mote::tools
