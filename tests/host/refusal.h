// refusal: that a call is refused, and says why in one line.
#pragma once

#include <gtest/gtest.h>
#include <initializer_list>
#include <string>

#include "base/error.h"

namespace mote::testing {

/// The call throws a Failure with that code, whose one line has all the parts.
template <class Call>
void expect_refusal(const std::string& code, std::initializer_list<const char*> parts, Call call) {
    try {
        call();
        ADD_FAILURE() << "nothing was refused; expected " << code;
    } catch (const tools::Failure& failure) {
        const std::string line = failure.what();
        EXPECT_EQ(failure.code(), code) << line;
        EXPECT_EQ(line.find('\n'), std::string::npos) << line;
        for (const char* part : parts) EXPECT_NE(line.find(part), std::string::npos) << "no \"" << part << "\" in: " << line;
    }
}

}  // namespace mote::testing
