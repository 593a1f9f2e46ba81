// command_phrases: rooms, devices, and what is said to them. Data only; commands.cpp puts it together.
#pragma once

#include <string>
#include <vector>

namespace mote::tools {

struct Room {
    const char *id, *english, *chinese;
};

/// Numbers that a command may name, in steps.
struct Range {
    int first, last, step;  // step 0: no number
};

/// An order can be asked for politely ("please ..."); a remark stands as it is, and so does a Chinese phrase that begins with a
/// name in braces. {room} and {value} are to be filled in.
struct Phrases {
    std::vector<const char*> train, test;
};

struct Action {
    const char* json;  // what follows the room: "action":"set","value":{value}
    Range values;
    Phrases orders, remarks, chinese;
};

struct Device {
    const char* id;
    bool has_room;
    std::vector<Action> actions;
};

const std::vector<Room>& command_rooms();
const std::vector<Device>& command_devices();

/// Ways to ask: {order} is to be filled in.
const Phrases& english_ways();
const Phrases& chinese_ways();

/// "twenty-one"; from 1 to 60.
std::string number_word(int value);

}  // namespace mote::tools
