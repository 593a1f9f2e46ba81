// loss_svg: a picture of a run: loss by step, of training and of validation.
#pragma once

#include <string>
#include <vector>

namespace mote::tools {

struct LossPoint {
    double step, loss;
};

std::string loss_svg(const std::vector<LossPoint>& train, const std::vector<LossPoint>& validation);

}  // namespace mote::tools
