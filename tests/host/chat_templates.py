#!/usr/bin/env python3
"""chat_templates: chat templates of usual shapes, and what Jinja makes of them.

  chat_templates.py MOTE      MOTE is build/host/tools/mote

Writes chat_templates.json: for each template and conversation the text that Hugging Face's settings of Jinja render
(trim_blocks, lstrip_blocks, raise_exception); what MOTE writes for each template that it has packed, which must render to the
same; and why it refuses the others. Run by a developer; the test reads the result.
"""

import json
import pathlib
import subprocess
import sys
import tempfile

import jinja2.exceptions
import jinja2.sandbox

MOTE = str(pathlib.Path(sys.argv[1]).resolve())

GUARD = "{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('turns must alternate') }}{% endif %}"
END = "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
TURN = "{{'<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n'}}"
HEADER = "'<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n' + message['content'] | trim + '<|eot_id|>'"

REDUCED = {
    "chatml": "{% for message in messages %}" + TURN + END,
    "chatml, attributes and double quotes": '{%- for message in messages -%}\n{{- "<|im_start|>" + message.role + "\\n" + message.content + "<|im_end|>\\n" -}}\n'
    '{%- endfor -%}\n{%- if add_generation_prompt -%}\n  {{- "<|im_start|>assistant\\n" -}}\n{%- endif -%}\n',
    "chatml, several outputs": "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n" + END,
    "chatml, default system": "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}"
    "{{ '<|im_start|>system\\nBe kind.<|im_end|>\\n' }}{% endif %}" + TURN + END,
    "llama 3": "{% set loop_messages = messages %}{% for message in loop_messages %}{% set content = " + HEADER + " %}"
    "{% if loop.index0 == 0 %}{% set content = bos_token + content %}{% endif %}{{ content }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}{% endif %}",
    "llama 3, always a prompt": "{{ bos_token }}{% for message in messages %}{{ " + HEADER + " }}{% endfor %}"
    "{{ '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}",
    "llama 2": "{% if messages[0]['role'] == 'system' %}{% set loop_messages = messages[1:] %}{% set system_message = messages[0]['content'] %}"
    "{% else %}{% set loop_messages = messages %}{% set system_message = false %}{% endif %}{% for message in loop_messages %}" + GUARD +
    "{% if loop.index0 == 0 and system_message != false %}{% set content = '<<SYS>>\\n' + system_message + '\\n<</SYS>>\\n\\n' + message['content'] %}"
    "{% else %}{% set content = message['content'] %}{% endif %}{% if message['role'] == 'user' %}{{ bos_token + '[INST] ' + content.strip() + ' [/INST]' }}"
    "{% elif message['role'] == 'assistant' %}{{ ' ' + content.strip() + ' ' + eos_token }}{% endif %}{% endfor %}",
    "llama 2, a default that is off, and a branch for the system": "{% if messages[0]['role'] == 'system' %}{% set loop_messages = messages[1:] %}"
    "{% set system_message = messages[0]['content'] %}{% elif false == true and not '<<SYS>>' in messages[0]['content'] %}{% set loop_messages = messages %}"
    "{% set system_message = 'Be honest.' %}{% else %}{% set loop_messages = messages %}{% set system_message = false %}{% endif %}"
    "{% for message in loop_messages %}" + GUARD +
    "{% if loop.index0 == 0 and system_message != false %}{% set content = '<<SYS>>\\n' + system_message + '\\n<</SYS>>\\n\\n' + message['content'] %}"
    "{% else %}{% set content = message['content'] %}{% endif %}{% if message['role'] == 'user' %}{{ bos_token + '[INST] ' + content.strip() + ' [/INST]' }}"
    "{% elif message['role'] == 'system' %}{{ '<<SYS>>\\n' + content.strip() + '\\n<</SYS>>\\n\\n' }}"
    "{% elif message['role'] == 'assistant' %}{{ ' '  + content.strip() + ' ' + eos_token }}{% endif %}{% endfor %}",
    "llama 2, the system's text made first": "{% if messages[0]['role'] == 'system' %}{% set system_message = '<<SYS>>\\n' + messages[0]['content'] | trim + '\\n<</SYS>>\\n\\n' %}"
    "{% set messages = messages[1:] %}{% else %}{% set system_message = '' %}{% endif %}{% for message in messages %}" + GUARD +
    "{% if loop.index0 == 0 %}{% set content = system_message + message['content'] %}{% else %}{% set content = message['content'] %}{% endif %}"
    "{% if message['role'] == 'user' %}{{ bos_token + '[INST] ' + content | trim + ' [/INST]' }}"
    "{% elif message['role'] == 'assistant' %}{{ ' ' + content | trim + ' ' + eos_token }}{% endif %}{% endfor %}",
    "mistral, the system inside": "{%- if messages[0]['role'] == 'system' %}\n    {%- set system_message = messages[0]['content'] %}\n"
    "    {%- set loop_messages = messages[1:] %}\n{%- else %}\n    {%- set loop_messages = messages %}\n{%- endif %}\n\n{{- bos_token }}\n"
    "{%- for message in loop_messages %}\n    {%- if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}\n"
    "        {{- raise_exception('turns must alternate') }}\n    {%- endif %}\n    {%- if message['role'] == 'user' %}\n"
    "        {%- if loop.first and system_message is defined %}\n            {{- ' [INST] ' + system_message + '\\n\\n' + message['content'] + ' [/INST]' }}\n"
    "        {%- else %}\n            {{- ' [INST] ' + message['content'] + ' [/INST]' }}\n        {%- endif %}\n"
    "    {%- elif message['role'] == 'assistant' %}\n        {{- ' ' + message['content'] + eos_token}}\n    {%- else %}\n"
    "        {{- raise_exception('no such role') }}\n    {%- endif %}\n{%- endfor %}\n",
    "gemma": "{{ bos_token }}{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}{% for message in messages %}" + GUARD +
    "{% if (message['role'] == 'assistant') %}{% set role = 'model' %}{% else %}{% set role = message['role'] %}{% endif %}"
    "{{ '<start_of_turn>' + role + '\\n' + message['content'] | trim + '<end_of_turn>\\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{'<start_of_turn>model\\n'}}{% endif %}",
    "phi 3": "{{ bos_token }}{% for message in messages %}{% if (message['role'] == 'user') %}{{'<|user|>' + '\\n' + message['content'] + '<|end|>' + '\\n' + '<|assistant|>' + '\\n'}}"
    "{% elif (message['role'] == 'assistant') %}{{message['content'] + '<|end|>' + '\\n'}}{% endif %}{% endfor %}",
    "a quote, a backslash, a tag": "{% for message in messages %}{{ \"it's \\\\n {{ %} \" + message['role'] + '\\t' + message['content'] + '}}\\r' }}{% endfor %}",
    "mistral": "{{ bos_token }}{% for message in messages %}" + GUARD + "{% if message['role'] == 'user' %}{{ '[INST] ' + message['content'] + ' [/INST]' }}"
    "{% elif message['role'] == 'assistant' %}{{ message['content'] + eos_token + ' ' }}{% else %}{{ raise_exception('no such role') }}{% endif %}{% endfor %}",
    "zephyr": "{% for message in messages %}\n{% if message['role'] == 'user' %}\n{{ '<|user|>\\n' + message['content'] + eos_token }}\n"
    "{% elif message['role'] == 'system' %}\n{{ '<|system|>\\n' + message['content'] + eos_token }}\n"
    "{% elif message['role'] == 'assistant' %}\n{{ '<|assistant|>\\n' + message['content'] + eos_token }}\n{% endif %}\n"
    "{% if loop.last and add_generation_prompt %}\n{{ '<|assistant|>' }}\n{% endif %}\n{% endfor %}",
    "qwen 2.5": """{%- if tools %}
    {{- '<|im_start|>system\\n' }}
    {%- if messages[0]['role'] == 'system' %}
        {{- messages[0]['content'] }}
    {%- else %}
        {{- 'Be of help.' }}
    {%- endif %}
    {%- for tool in tools %}
        {{- "\\n" }}
        {{- tool | tojson }}
    {%- endfor %}
    {{- "\\n</tools><|im_end|>\\n" }}
{%- else %}
    {%- if messages[0]['role'] == 'system' %}
        {{- '<|im_start|>system\\n' + messages[0]['content'] + '<|im_end|>\\n' }}
    {%- else %}
        {{- '<|im_start|>system\\nBe of help.<|im_end|>\\n' }}
    {%- endif %}
{%- endif %}
{%- for message in messages %}
    {%- if (message.role == "user") or (message.role == "system" and not loop.first) or (message.role == "assistant" and not message.tool_calls) %}
        {{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>' + '\\n' }}
    {%- elif message.role == "assistant" %}
        {{- '<|im_start|>' + message.role }}
        {%- if message.content %}
            {{- '\\n' + message.content }}
        {%- endif %}
        {%- for tool_call in message.tool_calls %}
            {%- if tool_call.function is defined %}
                {%- set tool_call = tool_call.function %}
            {%- endif %}
            {{- '\\n<tool_call>\\n{"name": "' + tool_call.name + '", "arguments": ' }}
            {{- tool_call.arguments | tojson }}
        {%- endfor %}
        {{- '<|im_end|>\\n' }}
    {%- elif message.role == "tool" %}
        {%- if (loop.index0 == 0) or (messages[loop.index0 - 1].role != "tool") %}
            {{- '<|im_start|>user' }}
        {%- endif %}
        {{- '\\n<tool_response>\\n' + message.content }}
        {%- if loop.last or (messages[loop.index0 + 1].role != "tool") %}
            {{- '<|im_end|>\\n' }}
        {%- endif %}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
{%- endif %}
""",
    "the system in front, trimmed, and branches that are never reached": "{{ bos_token }}{% if tools %}{{ tools | upper }}{% elif messages[0]['role'] == 'system' %}"
    "{{ '[' + messages[0]['content'] | trim + ']' }}{% endif %}{% for message in messages %}{% if message['role'] != 'assistant' and not message['role'] == 'system' %}"
    "{% if not tools %}{{ 'U' + message['content'] }}{% else %}{{ x | upper }}{% endif %}{% elif not (message['role'] == 'user' or loop.first) %}"
    "{{ 'A' + message['content'] + eos_token }}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ 'A' }}{% endif %}",
    "a role twice": "{% for message in messages %}{% if message['role'] == 'user' %}{{ message['content'] }}{% elif message['role'] == 'user' %}"
    "{{ 'x' + message['content'] }}{% elif message['role'] == 'assistant' %}{{ message['content'] }}{% endif %}{% endfor %}",
    "alpaca": "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}{{ 'Do as you are told.\\n\\n' }}{% endif %}"
    "{% if message['role'] == 'system' %}{{ message['content'] + '\\n\\n' }}{% elif message['role'] == 'user' %}"
    "{{ '### Instruction:\\n' + message['content'] + '\\n\\n' }}{% elif message['role'] == 'assistant' %}"
    "{{ '### Response:\\n' + message['content'] + '\\n\\n' }}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ '### Response:\\n' }}{% endif %}",
}

REFUSED = {
    "a loop over tools": "{% for tool in tools %}{{ tool }}{% endfor %}{% for message in messages %}" + TURN + END,
    "another filter": "{% for message in messages %}{{ '<' + message['role'] + '>' + message['content'] | upper + '\\n' }}{% endfor %}",
    "trims some roles": "{% for message in messages %}{% if message['role'] == 'user' %}{{ 'U' + message['content'] | trim }}"
    "{% elif message['role'] == 'assistant' %}{{ 'A' + message['content'] }}{% endif %}{% endfor %}",
    "the content twice": "{% for message in messages %}{{ message['role'] + message['content'] + message['content'] }}{% endfor %}",
    "the last turn differs": "{% for message in messages %}{% if loop.last %}{{ '!' }}{% endif %}" + TURN + END,
    "something behind": "{% for message in messages %}" + TURN + END + "{{ 'x' }}",
    "a tag that does not end": "{% for message in messages %}" + TURN + "{% endfor",
    "a string that does not end": "{% for message in messages %}{{ 'x }}{% endfor %}",
    "the system in front and in its turn": "{% if messages[0]['role'] == 'system' %}{{ messages[0]['content'] }}{% endif %}{% for message in messages %}" + TURN + END,
    "the system in front and in its branch": "{% if messages[0]['role'] == 'system' %}{{ messages[0]['content'] }}{% endif %}{% for message in messages %}"
    "{% if message['role'] == 'assistant' %}{{ 'A' + message['content'] }}{% else %}{{ 'U' + message['content'] }}{% endif %}{% endfor %}",
    "the first turn of the user differs": "{% for message in messages %}{% if message['role'] == 'user' and loop.first %}{{ '!' + message['content'] }}"
    "{% else %}{{ message['role'] + message['content'] }}{% endif %}{% endfor %}",
    "a branch within a branch": "{% for message in messages %}{% if message['role'] == 'user' %}{% if x %}{{ '!' }}{% endif %}{{ message['content'] }}"
    "{% else %}{{ 'A' + message['content'] }}{% endif %}{% endfor %}",
    "no branch for the assistant": "{% for message in messages %}{% if message['role'] == 'user' %}{{ message['content'] }}{% endif %}{% endfor %}",
    "a loop over calls of tools that ends elsewhere": "{% for message in messages %}{% if message['role'] == 'user' %}{{ message['content'] }}{% endfor %}",
    "nothing": "",
    "llama 2, a default that is on": "{% if messages[0]['role'] == 'system' %}{% set loop_messages = messages[1:] %}{% set system_message = messages[0]['content'] %}"
    "{% elif true == true and not '<<SYS>>' in messages[0]['content'] %}{% set loop_messages = messages %}{% set system_message = 'Be honest.' %}{% endif %}",
}

CONVERSATIONS = [
    [("user", "Hello there")],
    [("system", "Answer briefly."), ("user", "Hello there")],
    [("system", "  Two words. \n"), ("user", "\n  What now?  "), ("assistant", " Nothing at all. "), ("user", "And\nthen?\t")],
    [("system", "Be kind."), ("user", " \n "), ("assistant", "Yes?"), ("user", "")],
    [("user", "one"), ("assistant", "two"), ("user", " three "), ("assistant", "four"), ("user", "f\u00fcnf \u2028")],
]


def refuse(text):
    raise jinja2.exceptions.TemplateError(text)


def render(template, turns):
    environment = jinja2.sandbox.ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
    environment.globals["raise_exception"] = refuse
    messages = [{"role": role, "content": content} for role, content in turns]
    try:
        return environment.from_string(template).render(messages=messages, bos_token="<s>", eos_token="</s>", add_generation_prompt=True)
    except jinja2.exceptions.TemplateError:
        return None  # the template refuses the conversation


def pack(folder, template):
    folder.joinpath("t.jinja").write_text(template, newline="")
    return subprocess.run([MOTE, "pack", "--random", "llama:dim=16,layers=1,heads=2,hidden=24,vocab=259,context=32", "-o", "m.mote", "--force",
                           "--chat-template", "t.jinja"], cwd=folder, stderr=subprocess.PIPE, text=True)


def written(template):
    """The Jinja text in what MOTE exports from a model that it has packed with the template."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        pack(folder, template).check_returncode()
        subprocess.run([MOTE, "export", "m.mote", "--to", "hf", "-o", "out"], cwd=folder, check=True, stderr=subprocess.PIPE)
        return json.loads(folder.joinpath("out/tokenizer_config.json").read_text())["chat_template"]


def reduced(name, template):
    text, rendered = written(template), [render(template, turns) for turns in CONVERSATIONS]
    for turns, wanted in zip(CONVERSATIONS, rendered):
        drops_system = turns[0][0] == "system" and turns[0][1].strip() not in (wanted or "")  # what is written raises an exception then
        if render(text, turns) != (None if drops_system else wanted):
            raise SystemExit("%s: what is written renders to %r, not to %r" % (name, render(text, turns), wanted))
    return {"name": name, "template": template, "written": text, "rendered": rendered}


def refused(name, template):
    with tempfile.TemporaryDirectory() as folder:
        done = pack(pathlib.Path(folder), template)
    if done.returncode != 3:
        raise SystemExit("%s: is not refused" % name)
    return {"name": name, "template": template, "why": done.stderr.split("of no shape that is known: ", 1)[1].rsplit("; take one of", 1)[0]}


def main():
    conversations = [[{"role": role, "content": content} for role, content in turns] for turns in CONVERSATIONS]
    out = {"conversations": conversations, "reduced": [reduced(*one) for one in REDUCED.items()], "refused": [refused(*one) for one in REFUSED.items()]}
    pathlib.Path(__file__).with_name("chat_templates.json").write_text(json.dumps(out, indent=1) + "\n")


main()
