// pickle: a stack machine with a memo. An opcode that is no row of its table is refused, and so is a global.
#include "import/pickle.h"

#include <cstdio>
#include <cstring>
#include <unordered_map>

#include "base/bytes.h"
#include "base/error.h"
#include "base/utf8.h"

namespace mote::tools {
namespace {

using Kind = PickleValue::Kind;

constexpr size_t max_values = 1 << 20;  // a checkpoint has about thirty for a tensor
constexpr size_t max_stack = 1 << 20;

// What calling a global makes here. Python would import and call it.
enum class Effect : uint8_t { dictionary, tensor, first_argument, nothing };

struct Global {
    const char* name;
    Effect effect;
};
constexpr Global globals[] = {
    {"collections OrderedDict", Effect::dictionary},
    {"torch._utils _rebuild_tensor_v2", Effect::tensor},
    {"torch._utils _rebuild_parameter", Effect::first_argument},
    {"torch Size", Effect::first_argument},
    {"torch DoubleStorage", Effect::nothing},
    {"torch FloatStorage", Effect::nothing},
    {"torch HalfStorage", Effect::nothing},
    {"torch BFloat16Storage", Effect::nothing},
    {"torch LongStorage", Effect::nothing},
    {"torch IntStorage", Effect::nothing},
    {"torch ShortStorage", Effect::nothing},
    {"torch CharStorage", Effect::nothing},
    {"torch ByteStorage", Effect::nothing},
    {"torch BoolStorage", Effect::nothing},
    {"torch ComplexFloatStorage", Effect::nothing},
    {"torch float64", Effect::nothing},
    {"torch float32", Effect::nothing},
    {"torch float16", Effect::nothing},
    {"torch bfloat16", Effect::nothing},
};

const Global* find_global(std::string_view name) {
    for (const Global& global : globals)
        if (name == global.name) return &global;
    return nullptr;
}

class Machine {
public:
    Machine(std::string_view bytes, const std::string& file, uint64_t first_byte, std::deque<PickleValue>& values)
        : bytes_(bytes), file_(file), first_byte_(first_byte), values_(values) {}

    const PickleValue* run() {
        while (true) {
            opcode_ = at_;
            const uint8_t opcode = take<uint8_t>();
            if (opcode == '.') break;
            step(opcode);
        }
        const PickleValue* root = pop();
        if (!stack_.empty() || !marks_.empty()) fail("E_SYNTAX", "values are left on the stack at the end");
        if (at_ != bytes_.size()) fail("E_TRAILING", std::to_string(bytes_.size() - at_) + " bytes behind the end of the pickle");
        return root;
    }

private:
    [[noreturn]] void fail(const std::string& code, const std::string& text) const {
        refuse_at(code, file_, first_byte_ + opcode_, text);
    }

    // ---- bytes

    std::string_view take_bytes(uint64_t count) {
        if (count > bytes_.size() - at_) fail("E_TRUNC", "the pickle ends inside an operand");
        const std::string_view taken = bytes_.substr(at_, size_t(count));
        at_ += size_t(count);
        return taken;
    }
    template <class T>
    T take() {
        return number_at<T>(take_bytes(sizeof(T)), 0);
    }
    std::string_view take_line() {
        const size_t end = bytes_.find('\n', at_);
        if (end == std::string_view::npos) fail("E_TRUNC", "the pickle ends inside a line");
        const std::string_view line = bytes_.substr(at_, end - at_);
        at_ = end + 1;
        return line;
    }

    // ---- values

    PickleValue* make(Kind kind) {
        if (values_.size() == max_values) fail("E_LIMIT", "more than " + std::to_string(max_values) + " values");
        PickleValue& value = values_.emplace_back();
        value.kind = kind;
        value.byte = first_byte_ + opcode_;
        return &value;
    }
    void push(PickleValue* value) {
        if (stack_.size() == max_stack) fail("E_LIMIT", "more than " + std::to_string(max_stack) + " values on the stack");
        stack_.push_back(value);
    }
    void push_integer(Kind kind, int64_t integer) {
        PickleValue* value = make(kind);
        value->integer = integer;
        push(value);
    }
    void push_text(Kind kind, std::string_view text) {
        if (kind == Kind::text && !is_utf8(text)) fail("E_UTF8", "a string is not UTF-8");
        PickleValue* value = make(kind);
        value->text = text;
        push(value);
    }

    // ---- the stack; below a mark nothing is taken

    size_t floor() const { return marks_.empty() ? 0 : marks_.back(); }
    PickleValue* top() const {
        if (stack_.size() <= floor()) fail("E_SYNTAX", "the stack is empty");
        return stack_.back();
    }
    PickleValue* pop() {
        PickleValue* value = top();
        stack_.pop_back();
        return value;
    }
    std::vector<PickleValue*> pop_to_mark() {
        if (marks_.empty()) fail("E_SYNTAX", "there is no mark");
        const std::vector<PickleValue*> items(stack_.begin() + long(marks_.back()), stack_.end());
        stack_.resize(marks_.back());
        marks_.pop_back();
        return items;
    }
    PickleValue* top_of(Kind kind, const char* what) const {
        if (top()->kind != kind) fail("E_TYPE", std::string("what is extended is no ") + what);
        return top();
    }

    // ---- opcodes

    void push_list(std::vector<PickleValue*> items) {
        PickleValue* list = make(Kind::list);
        list->items = std::move(items);
        push(list);
    }
    void push_tuple(size_t count) {
        std::vector<PickleValue*> items(count);
        for (size_t i = count; i-- > 0;) items[i] = pop();
        push_list(std::move(items));
    }
    void append(const std::vector<PickleValue*>& items) {
        PickleValue* list = top_of(Kind::list, "list");
        list->items.insert(list->items.end(), items.begin(), items.end());
    }
    void set_items(const std::vector<PickleValue*>& items) {
        if (items.size() % 2 != 0) fail("E_SYNTAX", "a key has no value");
        PickleValue* dictionary = top_of(Kind::dictionary, "dictionary");
        dictionary->items.insert(dictionary->items.end(), items.begin(), items.end());
    }
    void push_long(std::string_view digits) {
        if (digits.size() > 8) fail("E_RANGE", "an integer of " + std::to_string(digits.size()) + " bytes; at most 8");
        uint64_t value = digits.empty() || !(digits.back() & 0x80) ? 0 : ~uint64_t{0};
        for (size_t i = digits.size(); i-- > 0;) value = value << 8 | uint8_t(digits[i]);
        push_integer(Kind::integer, int64_t(value));
    }
    void push_real() {
        uint64_t bits = __builtin_bswap64(take<uint64_t>());  // big-endian
        PickleValue* value = make(Kind::real);
        std::memcpy(&value->real, &bits, sizeof bits);
        push(value);
    }

    void push_global(const std::string& name) {
        const Global* known = find_global(name);
        if (!known)
            fail("E_UNSUPPORTED", "wants Python's \"" + name + "\", which is not needed for tensors; such a file is refused");
        PickleValue* value = make(Kind::global);
        value->text = known->name;
        push(value);
    }
    // Also a bound on what is copied: a long list is not copied by every opcode that follows it.
    void require_count(const PickleValue& list, size_t from, size_t to) const {
        if (list.items.size() < from || list.items.size() > to)
            fail("E_UNSUPPORTED", std::to_string(list.items.size()) + " arguments; PyTorch writes " + std::to_string(from));
    }
    void stack_global() {
        const PickleValue *name = pop(), *module = pop();
        if (name->kind != Kind::text || module->kind != Kind::text) fail("E_TYPE", "the name of a global is no string");
        push_global(std::string(module->text) + " " + std::string(name->text));
    }
    void reduce() {
        const PickleValue *arguments = pop(), *callable = pop();
        if (callable->kind != Kind::global || arguments->kind != Kind::list)
            fail("E_TYPE", "what is called is no function with arguments");
        const std::string name(callable->text);
        switch (find_global(callable->text)->effect) {
            case Effect::dictionary:
                if (!arguments->items.empty()) fail("E_UNSUPPORTED", name + " with arguments");
                return push(make(Kind::dictionary));
            case Effect::tensor: {
                require_count(*arguments, 6, 7);
                PickleValue* tensor = make(Kind::tensor);
                tensor->items = arguments->items;
                return push(tensor);
            }
            case Effect::first_argument:
                if (arguments->items.empty()) fail("E_SYNTAX", name + " without arguments");
                return push(arguments->items[0]);
            case Effect::nothing:
                fail("E_UNSUPPORTED", "\"" + name + "\" is called; it is only a name in checkpoints");
        }
    }
    // Attributes of an object: those of a dictionary (a state dict's _metadata) say nothing of tensors.
    void build() {
        pop();
        top_of(Kind::dictionary, "dictionary");
    }
    void push_persistent() {
        const PickleValue* id = pop();
        if (id->kind != Kind::list) fail("E_TYPE", "a persistent id is no tuple");
        require_count(*id, 5, 5);
        PickleValue* value = make(Kind::persistent);
        value->items = id->items;
        push(value);
    }

    void memoize(uint64_t place) { memo_[place] = top(); }
    void recall(uint64_t place) {
        const auto found = memo_.find(place);
        if (found == memo_.end()) fail("E_SYNTAX", "memo " + std::to_string(place) + " was never set");
        push(found->second);
    }

    void step(uint8_t opcode) {
        switch (opcode) {
            case 0x80:
                return check_protocol(take<uint8_t>());
            case 0x95:
                take<uint64_t>();
                return;  // FRAME: how much to read at once
            case '(':
                marks_.push_back(stack_.size());
                return;
            case '0':
                pop();
                return;
            case '1':
                pop_to_mark();
                return;
            case '2':
                return push(top());
            case 'N':
                return push(make(Kind::none));
            case 0x88:
                return push_integer(Kind::boolean, 1);
            case 0x89:
                return push_integer(Kind::boolean, 0);
            case 'K':
                return push_integer(Kind::integer, take<uint8_t>());
            case 'M':
                return push_integer(Kind::integer, take<uint16_t>());
            case 'J':
                return push_integer(Kind::integer, take<int32_t>());
            case 0x8a:
                return push_long(take_bytes(take<uint8_t>()));
            case 0x8b:
                return push_long(take_bytes(take<uint32_t>()));
            case 'G':
                return push_real();
            case 0x8c:
                return push_text(Kind::text, take_bytes(take<uint8_t>()));
            case 'X':
                return push_text(Kind::text, take_bytes(take<uint32_t>()));
            case 0x8d:
                return push_text(Kind::text, take_bytes(take<uint64_t>()));
            case 'C':
                return push_text(Kind::bytes, take_bytes(take<uint8_t>()));
            case 'B':
                return push_text(Kind::bytes, take_bytes(take<uint32_t>()));
            case 0x8e:
                return push_text(Kind::bytes, take_bytes(take<uint64_t>()));
            case 'U':
                return push_text(Kind::text, take_bytes(take<uint8_t>()));  // Python 2
            case 'T':
                return push_text(Kind::text, take_bytes(take<uint32_t>()));
            case ')':
            case ']':
                return push_list({});
            case 't':
            case 'l':
                return push_list(pop_to_mark());
            case 0x85:
                return push_tuple(1);
            case 0x86:
                return push_tuple(2);
            case 0x87:
                return push_tuple(3);
            case 'a':
                return append({pop()});
            case 'e':
                return append(pop_to_mark());
            case '}':
                return push(make(Kind::dictionary));
            case 's':
                return set_item();
            case 'u':
                return set_items(pop_to_mark());
            case 'q':
                return memoize(take<uint8_t>());
            case 'r':
                return memoize(take<uint32_t>());
            case 0x94:
                return memoize(memo_.size());
            case 'h':
                return recall(take<uint8_t>());
            case 'j':
                return recall(take<uint32_t>());
            case 'c':
                return take_global();
            case 0x93:
                return stack_global();
            case 'R':
                return reduce();
            case 'b':
                return build();
            case 'Q':
                return push_persistent();
            default:
                fail("E_UNSUPPORTED", "opcode " + std::to_string(opcode) + " of pickle, which no checkpoint of tensors needs");
        }
    }
    void check_protocol(uint8_t protocol) {
        if (protocol < 2 || protocol > 5) fail("E_VERSION", "pickle protocol " + std::to_string(protocol) + "; known are 2 to 5");
    }
    void set_item() {
        PickleValue *value = pop(), *key = pop();
        set_items({key, value});
    }
    void take_global() {
        const std::string module(take_line());
        push_global(module + " " + std::string(take_line()));
    }

    std::string_view bytes_;
    const std::string& file_;
    uint64_t first_byte_;
    std::deque<PickleValue>& values_;
    size_t at_ = 0, opcode_ = 0;
    std::vector<PickleValue*> stack_;
    std::vector<size_t> marks_;
    std::unordered_map<uint64_t, PickleValue*> memo_;
};

}  // namespace

Pickle::Pickle(std::string_view bytes, const std::string& file, uint64_t first_byte) {
    root_ = Machine(bytes, file, first_byte, values_).run();
}

}  // namespace mote::tools
