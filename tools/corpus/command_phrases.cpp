// command_phrases: the words of a test phrase all stand in train phrases, in another order or with another device; the word that it
// begins with begins a train phrase too, as tokenizers tell such a word from one behind a space.
#include "corpus/command_phrases.h"

namespace mote::tools {

const std::vector<Room>& command_rooms() {
    static const std::vector<Room> rooms = {
        {"kitchen", "kitchen", "厨房"},   {"bedroom", "bedroom", "卧室"},         {"bathroom", "bathroom", "浴室"}, {"living_room", "living room", "客厅"},
        {"office", "office", "办公室"},   {"garage", "garage", "车库"},           {"hallway", "hallway", "走廊"},   {"workshop", "workshop", "工作间"},
        {"garden", "garden", "花园"},     {"cellar", "cellar", "地下室"},         {"attic", "attic", "阁楼"},       {"dining_room", "dining room", "餐厅"}};
    return rooms;
}

const std::vector<Device>& command_devices() {
    static const std::vector<Device> devices = {
        {"light", true,
         {{R"("action":"on")", {0, 0, 0},
           {{"turn on the light in the {room}", "turn the {room} light on", "switch on the {room} light", "switch the light in the {room} on", "make it bright in the {room}"},
            {"turn on the {room} light", "switch on the light in the {room}"}},
           {{"it is too dark in the {room}", "{room} light on", "I can not see anything in the {room}", "light on in the {room}"}, {"the {room} is too dark", "light in the {room} on"}},
           {{"打开{room}的灯", "开{room}的灯", "把{room}的灯打开", "{room}太暗了"}, {"{room}的灯打开", "把{room}的灯开开"}}},
          {R"("action":"off")", {0, 0, 0},
           {{"turn off the light in the {room}", "turn the {room} light off", "switch off the {room} light", "switch the light in the {room} off", "make it dark in the {room}"},
            {"turn off the {room} light", "switch off the light in the {room}"}},
           {{"nobody is in the {room} now, no light there", "{room} light off", "the {room} is too bright", "light off in the {room}"}, {"it is too bright in the {room}", "light in the {room} off"}},
           {{"关掉{room}的灯", "关{room}的灯", "把{room}的灯关掉", "{room}不用开灯了"}, {"{room}的灯关掉", "把{room}的灯关了"}}},
          {R"("action":"set","value":{value})", {5, 95, 5},
           {{"set the {room} light to {value} percent", "dim the light in the {room} to {value} percent", "put the {room} light at {value} percent"},
            {"set the light in the {room} to {value} percent", "dim the {room} light to {value} percent"}},
           {{"{room} light {value} percent", "light in the {room} at {value} percent"}, {"{room} light at {value} percent"}},
           {{"把{room}的灯调到百分之{value}", "{room}的灯调到百分之{value}", "灯光百分之{value}，{room}"}, {"把{room}的灯光调到百分之{value}", "{room}灯光百分之{value}"}}}}},
        {"heating", true,
         {{R"("action":"set","value":{value})", {15, 26, 1},
           {{"set the heating in the {room} to {value} degrees", "heat the {room} to {value} degrees", "set the {room} to {value} degrees", "make it {value} degrees in the {room}"},
            {"set the {room} heating to {value} degrees", "heat to {value} degrees in the {room}"}},
           {{"{room} heating {value} degrees", "I want {value} degrees in the {room}"}, {"{room} {value} degrees", "I want it {value} degrees in the {room}"}},
           {{"把{room}的暖气调到{value}度", "{room}{value}度", "{room}的温度调到{value}度"}, {"把{room}的温度调到{value}度", "{room}的暖气{value}度"}}},
          {R"("action":"off")", {0, 0, 0},
           {{"turn off the heating in the {room}", "turn the {room} heating off", "switch off the {room} heating", "stop the heating in the {room}"},
            {"turn off the {room} heating", "switch off the heating in the {room}"}},
           {{"it is too hot in the {room}", "{room} heating off"}, {"the {room} is too hot"}},
           {{"关掉{room}的暖气", "把{room}的暖气关掉", "{room}太热了"}, {"关{room}的暖气", "{room}的暖气关掉"}}},
          {R"("action":"on")", {0, 0, 0},
           {{"turn on the heating in the {room}", "turn the {room} heating on", "switch on the {room} heating", "start the heating in the {room}"},
            {"turn on the {room} heating", "switch on the heating in the {room}"}},
           {{"it is too cold in the {room}", "{room} heating on", "I am cold in the {room}"}, {"the {room} is too cold"}},
           {{"打开{room}的暖气", "把{room}的暖气打开", "{room}太冷了"}, {"开{room}的暖气", "{room}的暖气打开"}}}}},
        {"blind", true,
         {{R"("action":"open")", {0, 0, 0},
           {{"open the blinds in the {room}", "open the {room} blind", "pull up the blinds in the {room}", "let the sun into the {room}"}, {"open the {room} blinds", "pull up the {room} blind"}},
           {{"blinds up in the {room}", "{room} blinds open"}, {"{room} blinds up"}},
           {{"打开{room}的窗帘", "拉开{room}的窗帘", "把{room}的窗帘打开"}, {"把{room}的窗帘拉开", "{room}的窗帘打开"}}},
          {R"("action":"close")", {0, 0, 0},
           {{"close the blinds in the {room}", "close the {room} blind", "pull down the blinds in the {room}", "keep the sun out of the {room}"}, {"close the {room} blinds", "pull down the {room} blind"}},
           {{"blinds down in the {room}", "{room} blinds closed", "the sun is too bright in the {room}"}, {"{room} blinds down"}},
           {{"关上{room}的窗帘", "拉上{room}的窗帘", "把{room}的窗帘关上"}, {"把{room}的窗帘拉上", "{room}的窗帘关上"}}},
          {R"("action":"set","value":{value})", {10, 90, 10},
           {{"set the blinds in the {room} to {value} percent", "put the {room} blinds at {value} percent", "open the {room} blinds to {value} percent"},
            {"set the {room} blinds to {value} percent", "open the blinds in the {room} to {value} percent"}},
           {{"{room} blinds {value} percent"}, {"{room} blinds at {value} percent"}},
           {{"把{room}的窗帘调到百分之{value}", "{room}的窗帘百分之{value}"}, {"{room}的窗帘调到百分之{value}"}}}}},
        {"fan", true,
         {{R"("action":"on")", {0, 0, 0},
           {{"turn on the fan in the {room}", "turn the {room} fan on", "switch on the {room} fan", "start the fan in the {room}"}, {"turn on the {room} fan", "start the {room} fan"}},
           {{"the air is bad in the {room}", "{room} fan on", "fan in the {room} on"}, {"the {room} air is bad", "fan on in the {room}"}},
           {{"打开{room}的风扇", "把{room}的风扇打开", "{room}的空气不好"}, {"开{room}的风扇", "{room}的风扇打开"}}},
          {R"("action":"off")", {0, 0, 0},
           {{"turn off the fan in the {room}", "turn the {room} fan off", "switch off the {room} fan", "stop the fan in the {room}"}, {"turn off the {room} fan", "stop the {room} fan"}},
           {{"the fan in the {room} is too loud", "{room} fan off", "fan in the {room} off"}, {"the {room} fan is too loud", "fan off in the {room}"}},
           {{"关掉{room}的风扇", "把{room}的风扇关掉", "{room}的风扇太吵了"}, {"关{room}的风扇", "{room}的风扇关掉"}}},
          {R"("action":"set","value":{value})", {1, 5, 1},
           {{"set the fan in the {room} to speed {value}", "put the {room} fan at speed {value}", "run the {room} fan at speed {value}"}, {"set the {room} fan to speed {value}", "run the fan in the {room} at speed {value}"}},
           {{"{room} fan speed {value}", "fan in the {room} at speed {value}"}, {"fan speed {value} in the {room}"}},
           {{"把{room}的风扇调到{value}档", "{room}的风扇{value}档"}, {"{room}的风扇调到{value}档"}}}}},
        {"socket", true,
         {{R"("action":"on")", {0, 0, 0},
           {{"turn on the socket in the {room}", "switch the {room} socket on", "give power to the socket in the {room}"}, {"turn the {room} socket on", "give power to the {room} socket"}},
           {{"{room} socket on", "power on in the {room}", "socket in the {room} on"}, {"socket on in the {room}"}},
           {{"打开{room}的插座", "把{room}的插座打开"}, {"开{room}的插座"}}},
          {R"("action":"off")", {0, 0, 0},
           {{"turn off the socket in the {room}", "switch the {room} socket off", "cut the power of the socket in the {room}"}, {"turn the {room} socket off", "cut the power of the {room} socket"}},
           {{"{room} socket off", "power off in the {room}", "socket in the {room} off"}, {"socket off in the {room}"}},
           {{"关掉{room}的插座", "把{room}的插座关掉"}, {"关{room}的插座"}}}}},
        {"music", true,
         {{R"("action":"play")", {0, 0, 0},
           {{"play music in the {room}", "start the music in the {room}", "play some music in the {room}", "turn the {room} music on"}, {"start some music in the {room}", "turn on the music in the {room}"}},
           {{"{room} music on", "music in the {room}", "I want to hear music in the {room}", "it is too quiet in the {room}"}, {"music on in the {room}", "the {room} is too quiet"}},
           {{"在{room}放音乐", "{room}放点音乐", "打开{room}的音乐"}, {"在{room}放点音乐", "开{room}的音乐"}}},
          {R"("action":"stop")", {0, 0, 0},
           {{"stop the music in the {room}", "turn off the music in the {room}", "turn the {room} music off", "no more music in the {room}"}, {"stop the {room} music", "turn off the {room} music"}},
           {{"{room} music off", "music in the {room} off", "the music in the {room} is too loud"}, {"music off in the {room}", "the {room} music is too loud"}},
           {{"关掉{room}的音乐", "{room}不要放音乐了", "把{room}的音乐关掉"}, {"关{room}的音乐", "{room}的音乐关掉"}}},
          {R"("action":"volume","value":{value})", {0, 100, 5},
           {{"set the volume in the {room} to {value}", "set the {room} music to volume {value}", "put the volume in the {room} at {value}"}, {"set the {room} volume to {value}", "put the {room} music at volume {value}"}},
           {{"{room} volume {value}", "volume {value} in the {room}"}, {"{room} music volume {value}"}},
           {{"把{room}的音量调到{value}", "{room}音量{value}"}, {"{room}的音量调到{value}"}}}}},
        {"sensor", true,
         {{R"("action":"read","value":"temperature")", {0, 0, 0},
           {{"tell me the temperature in the {room}", "read the {room} temperature", "read me the temperature of the {room}"}, {"tell me the {room} temperature", "read the temperature in the {room}"}},
           {{"how warm is it in the {room}?", "what is the temperature in the {room}?", "is it cold in the {room}?"}, {"how cold is it in the {room}?", "what is the {room} temperature?"}},
           {{"{room}多少度？", "{room}的温度是多少？", "告诉我{room}的温度"}, {"{room}是多少度？", "{room}温度多少？"}}},
          {R"("action":"read","value":"humidity")", {0, 0, 0},
           {{"tell me the humidity in the {room}", "read the {room} humidity", "read me the humidity of the {room}"}, {"tell me the {room} humidity", "read the humidity in the {room}"}},
           {{"how humid is it in the {room}?", "what is the humidity in the {room}?", "is it humid in the {room}?"}, {"how humid is the {room}?", "what is the {room} humidity?"}},
           {{"{room}的湿度是多少？", "告诉我{room}的湿度"}, {"{room}湿度多少？", "{room}湿度是多少？"}}}}},
        {"door", true,
         {{R"("action":"lock")", {0, 0, 0},
           {{"lock the {room} door", "lock the door of the {room}", "close and lock the {room}"}, {"lock the {room}", "close and lock the {room} door"}},
           {{"{room} door locked", "nobody comes into the {room}"}, {"nobody comes into the {room} now"}},
           {{"锁上{room}的门", "把{room}的门锁上"}, {"{room}的门锁上"}}},
          {R"("action":"unlock")", {0, 0, 0},
           {{"unlock the {room} door", "unlock the door of the {room}", "unlock and open the {room}"}, {"unlock the {room}", "unlock and open the {room} door"}},
           {{"{room} door unlocked", "let me into the {room}"}, {"let me into the {room} now"}},
           {{"打开{room}的门", "把{room}的门打开"}, {"{room}的门打开"}}}}},
        {"timer", false,
         {{R"("action":"start","minutes":{value})", {1, 60, 1},
           {{"set a timer for {value} minutes", "start a timer of {value} minutes", "wake me in {value} minutes", "tell me when {value} minutes are over"}, {"set a timer of {value} minutes", "start a timer for {value} minutes"}},
           {{"timer {value} minutes", "{value} minutes from now"}, {"{value} minutes timer"}},
           {{"定时{value}分钟", "{value}分钟后叫我", "设一个{value}分钟的定时"}, {"定时一个{value}分钟", "{value}分钟的定时"}}},
          {R"("action":"stop")", {0, 0, 0},
           {{"stop the timer", "turn off the timer", "cut the timer", "turn the timer off"}, {"switch off the timer", "switch the timer off"}},
           {{"no more timer", "timer off"}, {"no timer now"}},
           {{"关掉定时", "把定时关掉", "不要定时了"}, {"不用定时了", "定时关掉"}}}}}};
    return devices;
}

const Phrases& english_ways() {
    static const Phrases ways = {{"{order}", "please {order}", "{order} please", "could you {order}", "can you {order} please", "hey, {order}", "{order} now", "I want you to {order}",
                                  "would you please {order}?", "hello, can you {order}?", "{order}, thanks"},
                                 {"could you please {order}?", "hey, can you {order}", "please {order} now", "hello, {order}, thanks"}};
    return ways;
}

const Phrases& chinese_ways() {
    static const Phrases ways = {{"{order}", "请{order}", "帮我{order}", "麻烦你{order}", "{order}，谢谢", "你好，{order}"}, {"请帮我{order}", "麻烦你{order}，谢谢", "你好，请{order}"}};
    return ways;
}

std::string number_word(int value) {
    static const char* const small[] = {"zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
                                        "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"};
    static const char* const tens[] = {"", "", "twenty", "thirty", "forty", "fifty", "sixty"};
    if (value < 20) return small[value];
    return std::string(tens[value / 10]) + (value % 10 ? std::string("-") + small[value % 10] : "");
}

}  // namespace mote::tools
