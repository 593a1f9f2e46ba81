#!/usr/bin/env python3
"""chat_templates: chat templates of usual shapes, and what Jinja makes of them.

Writes chat_templates.json: for each template and conversation the text that Hugging Face's settings of Jinja render
(trim_blocks, lstrip_blocks, raise_exception). Run by a developer; the test reads the result.
"""

import json
import pathlib

import jinja2.exceptions
import jinja2.sandbox

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
    "mistral": "{{ bos_token }}{% for message in messages %}" + GUARD + "{% if message['role'] == 'user' %}{{ '[INST] ' + message['content'] + ' [/INST]' }}"
    "{% elif message['role'] == 'assistant' %}{{ message['content'] + eos_token + ' ' }}{% else %}{{ raise_exception('no such role') }}{% endif %}{% endfor %}",
    "zephyr": "{% for message in messages %}\n{% if message['role'] == 'user' %}\n{{ '<|user|>\\n' + message['content'] + eos_token }}\n"
    "{% elif message['role'] == 'system' %}\n{{ '<|system|>\\n' + message['content'] + eos_token }}\n"
    "{% elif message['role'] == 'assistant' %}\n{{ '<|assistant|>\\n' + message['content'] + eos_token }}\n{% endif %}\n"
    "{% if loop.last and add_generation_prompt %}\n{{ '<|assistant|>' }}\n{% endif %}\n{% endfor %}",
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
    "a role twice": "{% for message in messages %}{% if message['role'] == 'user' %}{{ message['content'] }}{% elif message['role'] == 'user' %}"
    "{{ 'x' + message['content'] }}{% elif message['role'] == 'assistant' %}{{ message['content'] }}{% endif %}{% endfor %}",
    "something behind": "{% for message in messages %}" + TURN + END + "{{ 'x' }}",
    "a tag that does not end": "{% for message in messages %}" + TURN + "{% endfor",
    "a string that does not end": "{% for message in messages %}{{ 'x }}{% endfor %}",
    "nothing": "",
}

CONVERSATIONS = [
    [("user", "Hello there")],
    [("system", "Answer briefly."), ("user", "Hello there")],
    [("system", "  Two words. \n"), ("user", "\n  What now?  "), ("assistant", " Nothing at all. "), ("user", "And\nthen?\t")],
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


def main():
    reduced = [{"name": name, "template": template, "rendered": [render(template, turns) for turns in CONVERSATIONS]} for name, template in REDUCED.items()]
    refused = [{"name": name, "template": template} for name, template in REFUSED.items()]
    conversations = [[{"role": role, "content": content} for role, content in turns] for turns in CONVERSATIONS]
    out = {"conversations": conversations, "reduced": reduced, "refused": refused}
    pathlib.Path(__file__).with_name("chat_templates.json").write_text(json.dumps(out, indent=1) + "\n")


main()
