// conditions: three-valued logic over a few names, and one pass that leaves out branches.
#include "chat/conditions.h"

#include <optional>

namespace mote::tools {
namespace {

constexpr int max_depth = 64;  // of brackets

Truth from(bool value) { return value ? Truth::yes : Truth::no; }
Truth opposite(Truth t) { return t == Truth::open ? t : from(t == Truth::no); }
Truth either(Truth a, Truth b) { return a == Truth::yes || b == Truth::yes ? Truth::yes : a == Truth::no ? b : b == Truth::no ? a : Truth::open; }
Truth both(Truth a, Truth b) { return opposite(either(opposite(a), opposite(b))); }

struct Value {
    std::optional<std::string> text{};
    Truth truth = Truth::open;
};

// or, and, not, brackets, == and != of names and texts. Whatever else there is leaves the whole open.
class Condition {
public:
    Condition(const std::vector<JinjaTerm>& words, const Turn& turn) : words_(words), turn_(turn) {}

    Truth read() {
        const Truth truth = any();
        return at_ == words_.size() && known_ ? truth : Truth::open;
    }

private:
    bool take(const char* word) {
        const bool fits = at_ < words_.size() && !words_[at_].literal && words_[at_].text == word;
        at_ += fits;
        return fits;
    }
    Truth any() {
        Truth truth = all();
        while (take("or")) truth = either(truth, all());
        return truth;
    }
    Truth all() {
        Truth truth = negated();
        while (take("and")) truth = both(truth, negated());
        return truth;
    }
    Truth negated() {
        bool flips = false;
        while (take("not")) flips = !flips;
        const Truth truth = compared();
        return flips ? opposite(truth) : truth;
    }
    Truth compared() {
        if (take("(")) return bracketed();
        const Value value = operand();
        const bool same = take("==");
        if (!same && !take("!=")) return value.truth;
        const Value other = operand();
        return value.text && other.text ? from((*value.text == *other.text) == same) : Truth::open;
    }
    Truth bracketed() {
        if (++depth_ > max_depth) {
            known_ = false;
            return Truth::open;
        }
        const Truth truth = any();
        known_ = take(")") && known_;
        depth_--;
        return truth;
    }
    Value operand() {
        if (at_ == words_.size()) {
            known_ = false;
            return {};
        }
        const JinjaTerm& word = words_[at_++];
        if (word.literal) return {word.text, from(!word.text.empty())};
        if (word.text == "message.role" && !turn_.role.empty()) return {turn_.role, Truth::yes};
        if (word.text == "loop.first") return {std::nullopt, turn_.first};
        if (word.text == "tools" || word.text == "message.tool_calls") return {std::nullopt, Truth::no};
        return {};
    }

    const std::vector<JinjaTerm>& words_;
    const Turn& turn_;
    size_t at_ = 0;
    int depth_ = 0;
    bool known_ = true;
};

// A block that is open. Of an `if`: whether no later branch is reached, and whether what is left has an `if`.
struct Block {
    bool chain = false, done = false, written = false;
};

class Pruning {
public:
    std::vector<JinjaStatement> prune(const std::vector<JinjaStatement>& statements) {
        for (const JinjaStatement& s : statements) put(s);
        return std::move(out_);
    }

private:
    static bool begins(const std::string& head, const char* word) { return head.rfind(word, 0) == 0; }

    void put(const JinjaStatement& s) {
        const bool opens_if = begins(s.head, "if "), opens_for = begins(s.head, "for ");
        if (dead_) {
            skip(s, opens_if || opens_for);
        } else if (opens_if) {
            blocks_.push_back({true});
            branch(s, truth_of(s.words, {}));
        } else if (opens_for) {
            blocks_.push_back({});
            write(s);
        } else if (blocks_.empty()) {
            write(s);
        } else if (blocks_.back().chain && begins(s.head, "elif ")) {
            branch(s, truth_of(s.words, {}));
        } else if (blocks_.back().chain && s.head == "else") {
            branch(s, Truth::yes);
        } else {
            const bool ends = s.head == (blocks_.back().chain ? "endif" : "endfor");
            if (!ends || !blocks_.back().chain || blocks_.back().written) write(s);
            if (ends) blocks_.pop_back();
        }
    }

    // Within a branch that is not reached: up to what ends it.
    void skip(const JinjaStatement& s, bool opens) {
        if (opens) inner_++;
        if (inner_) {
            inner_ -= s.head == "endif" || s.head == "endfor";
        } else if (begins(s.head, "elif ") || s.head == "else" || s.head == "endif") {
            dead_ = false;
            put(s);
        }
    }

    // The branch of the innermost `if` that begins here.
    void branch(const JinjaStatement& s, Truth truth) {
        Block& block = blocks_.back();
        dead_ = block.done || truth == Truth::no;
        if (dead_) return;
        block.done = truth == Truth::yes;
        if (truth == Truth::open) write(block.written ? s : as_if(s));
        else if (block.written) write({"else", {}, {}});
        block.written = block.written || truth == Truth::open;
    }

    static JinjaStatement as_if(JinjaStatement s) {
        if (begins(s.head, "elif ")) s.head = s.head.substr(2);
        return s;
    }

    void write(const JinjaStatement& s) {
        if (s.head == "out" && !out_.empty() && out_.back().head == "out") {
            for (const JinjaTerm& term : s.sum) add_term(out_.back().sum, term);
        } else {
            out_.push_back(s);
        }
    }

    std::vector<JinjaStatement> out_;
    std::vector<Block> blocks_;
    bool dead_ = false;
    size_t inner_ = 0;  // blocks that were opened within a dead branch
};

}  // namespace

Truth truth_of(const std::vector<JinjaTerm>& words, const Turn& turn) { return Condition(words, turn).read(); }

std::vector<JinjaStatement> without_tools(const std::vector<JinjaStatement>& statements) { return Pruning().prune(statements); }

}  // namespace mote::tools
