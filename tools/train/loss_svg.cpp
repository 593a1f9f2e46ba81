// loss_svg: axes with round numbers, and a line for each curve.
#include "train/loss_svg.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace mote::tools {
namespace {

constexpr double width = 720, height = 420, left = 60, right = 20, top = 24, bottom = 48;

// 1, 2 or 5 times a power of ten, so that there are about five of them in the range.
double round_step(double range) {
    const double raw = range / 5, power = std::pow(10.0, std::floor(std::log10(raw))), digit = raw / power;
    return power * (digit < 1.5 ? 1 : digit < 3.5 ? 2 : digit < 7.5 ? 5 : 10);
}

struct Axes {
    double last_step, low, high;

    double x(double step) const { return left + (width - left - right) * step / last_step; }
    double y(double loss) const { return top + (height - top - bottom) * (high - loss) / (high - low); }
};

template <class... Numbers>
void add(std::string& out, const char* format, Numbers... numbers) {
    char text[256];
    std::snprintf(text, sizeof text, format, numbers...);
    out += text;
}

Axes axes_of(const std::vector<LossPoint>& train, const std::vector<LossPoint>& validation) {
    Axes a{1, 1e30, -1e30};
    for (const std::vector<LossPoint>* curve : {&train, &validation})
        for (const LossPoint& p : *curve) {
            a.last_step = std::max(a.last_step, p.step);
            a.low = std::min(a.low, p.loss);
            a.high = std::max(a.high, p.loss);
        }
    if (a.high < a.low) a.low = 0, a.high = 1;
    const double step = round_step(std::max(a.high - a.low, 1e-3));
    a.low = std::floor(a.low / step) * step;
    a.high = std::max(std::ceil(a.high / step) * step, a.low + step);
    return a;
}

void add_axes(std::string& out, const Axes& a) {
    const double loss_step = round_step(a.high - a.low), step_step = round_step(a.last_step);
    for (double loss = a.low; loss <= a.high + loss_step / 2; loss += loss_step) {
        add(out, "<line x1='%.1f' x2='%.1f' y1='%.1f' y2='%.1f' stroke='#ddd'/>\n", left, width - right, a.y(loss), a.y(loss));
        add(out, "<text x='%.1f' y='%.1f' text-anchor='end'>%.4g</text>\n", left - 6, a.y(loss) + 4, loss);
    }
    for (double step = 0; step <= a.last_step; step += step_step) {
        add(out, "<line x1='%.1f' x2='%.1f' y1='%.1f' y2='%.1f' stroke='#ddd'/>\n", a.x(step), a.x(step), top, height - bottom);
        add(out, "<text x='%.1f' y='%.1f' text-anchor='middle'>%.0f</text>\n", a.x(step), height - bottom + 16, step);
    }
    add(out, "<text x='%.1f' y='%.1f' text-anchor='middle'>step</text>\n", (left + width - right) / 2, height - 10);
    add(out, "<text x='16' y='%.1f' text-anchor='middle' transform='rotate(-90 16 %.1f)'>loss, nats a token</text>\n", height / 2,
        height / 2);
}

void add_curve(std::string& out, const Axes& a, const std::vector<LossPoint>& curve, const char* color, const char* name,
               double label_y) {
    add(out, "<polyline fill='none' stroke='%s' stroke-width='1.5' points='", color);
    for (const LossPoint& p : curve) add(out, "%.1f,%.1f ", a.x(p.step), a.y(p.loss));
    out += "'/>\n";
    add(out, "<text x='%.1f' y='%.1f' text-anchor='end' fill='%s'>%s</text>\n", width - right - 8, label_y, color, name);
}

}  // namespace

std::string loss_svg(const std::vector<LossPoint>& train, const std::vector<LossPoint>& validation) {
    const Axes a = axes_of(train, validation);
    std::string out;
    add(out, "<svg xmlns='http://www.w3.org/2000/svg' width='%.0f' height='%.0f' font-family='sans-serif' font-size='12'>\n", width,
        height);
    add(out, "<rect width='%.0f' height='%.0f' fill='white'/>\n", width, height);
    add_axes(out, a);
    add_curve(out, a, train, "#9bb8d3", "training", top + 14);
    add_curve(out, a, validation, "#c0392b", "validation", top + 30);
    return out + "</svg>\n";
}

}  // namespace mote::tools
