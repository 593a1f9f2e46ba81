// family_of: a family is known by its roles and by how it norms, positions and feeds forward.
#include "export/family_of.h"

#include <cmath>
#include <set>
#include <string>

#include "import/rope.h"

namespace mote::tools {
namespace {

// Tensors that one key of config.json announces are all there or none, unless zeros may stand for them.
bool announced_together(const Family& family, const Weights& w) {
    if (family.optional_by_default) return true;
    for (const TensorRule& one : family.tensors)
        for (const TensorRule& other : family.tensors)
            if (one.exists_if && other.exists_if && std::string(one.exists_if) == other.exists_if &&
                w.tensors.count({one.role, 0}) != w.tensors.count({other.role, 0}))
                return false;
    return true;
}

bool is_of(const Family& family, const Weights& w) {
    const Architecture& a = w.architecture;
    std::set<Role> expected, present;
    for (const TensorRule& rule : family.tensors)
        if (!rule.exists_if || w.tensors.count({rule.role, 0})) expected.insert(rule.role);
    for (const auto& [key, tensor] : w.tensors)
        if (key.first != Role::head) present.insert(key.first);
    return a.norm == family.norm && a.position == family.position && a.block[0][1].work == family.feed_forward &&
           expected == present && announced_together(family, w) && (family.kv_heads || a.kv_heads == a.heads);
}

}  // namespace

const Family* family_of(const Weights& w) {
    for (const Family& family : families())
        if (is_of(family, w)) return &family;
    return nullptr;
}

RopeBase rope_base(const std::vector<uint32_t>& frequencies, uint32_t rope_dim) {
    RopeBase base;
    const size_t pairs = frequencies.size();
    const auto radians = [&](size_t pair) { return double(frequencies[pair]) * radians_of_one; };
    const double first = pairs ? radians(0) : 1;
    if (pairs > 1) base.theta = std::pow(radians(1) / first, -double(pairs));
    for (const double round : {std::round(base.theta / 1000) * 1000, std::round(base.theta)}) {
        if (!(round > 0) || rope_frequencies(rope_dim, round) != frequencies) continue;
        base.theta = round;
        return base;
    }
    if (rope_frequencies(rope_dim, base.theta) == frequencies) return base;
    if (std::abs(base.theta / (std::round(base.theta / 1000) * 1000) - 1) < 1e-4) base.theta = std::round(base.theta / 1000) * 1000;
    base.theta = double(float(base.theta));  // as files store it
    for (size_t pair = 0; pair < pairs; pair++)
        base.divisors.push_back(static_cast<float>(std::pow(base.theta, -double(pair) / double(pairs)) / radians(pair)));
    return base;
}

}  // namespace mote::tools
