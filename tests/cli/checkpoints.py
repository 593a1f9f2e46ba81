"""checkpoints: files of weights written by hand, each by its format's own description; and read again. Python's standard library only."""

import collections
import io
import json
import pickle
import struct
import sys
import types
import zipfile

TINY = {"model_type": "llama", "hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "num_key_value_heads": 1,
        "intermediate_size": 12, "vocab_size": 10, "max_position_embeddings": 16, "rms_norm_eps": 1e-5, "rope_theta": 10000.0,
        "hidden_act": "silu", "tie_word_embeddings": False}
SHAPES = {"model.embed_tokens.weight": [10, 8], "model.norm.weight": [8], "lm_head.weight": [10, 8],
          "model.layers.0.input_layernorm.weight": [8], "model.layers.0.post_attention_layernorm.weight": [8],
          "model.layers.0.self_attn.q_proj.weight": [8, 8], "model.layers.0.self_attn.k_proj.weight": [4, 8],
          "model.layers.0.self_attn.v_proj.weight": [4, 8], "model.layers.0.self_attn.o_proj.weight": [8, 8],
          "model.layers.0.mlp.gate_proj.weight": [12, 8], "model.layers.0.mlp.up_proj.weight": [12, 8],
          "model.layers.0.mlp.down_proj.weight": [8, 12]}
PARAMETERS = sum(shape[0] * (shape[1] if len(shape) > 1 else 1) for shape in SHAPES.values())


def count(shape):
    total = 1
    for n in shape:
        total *= n
    return total


def tiny_llama():
    """{name: (shape, floats)}; no two elements are alike."""
    tensors, next_value = {}, 0
    for name, shape in SHAPES.items():
        tensors[name] = (shape, [(next_value + i) / 4096 for i in range(count(shape))])
        next_value += count(shape)
    return tensors


# ---- safetensors

PACKED = {"F32": lambda values: struct.pack(f"<{len(values)}f", *values), "F16": lambda values: struct.pack(f"<{len(values)}e", *values),
          "BF16": lambda values: b"".join(struct.pack("<f", v)[2:] for v in values)}


def write_safetensors(path, tensors, dtype="F32"):
    header, data = {}, b""
    for name, (shape, values) in tensors.items():
        packed = PACKED[dtype](values)
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(data), len(data) + len(packed)]}
        data += packed
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def read_safetensors(path):
    """{name: (shape, floats)} of a file of float32, held to the format's rules: the header is JSON padded to a multiple of 8; tensors
    begin where the one before ends, and the last at the end of the file."""
    data = path.read_bytes()
    length = struct.unpack_from("<Q", data)[0]
    assert length % 8 == 0 and data[8:9] == b"{", data[:16]
    header = json.loads(data[8:8 + length])
    metadata = header.pop("__metadata__")
    assert metadata == {"format": "pt"}, metadata  # transformers refuses others
    end, tensors = 0, {}
    for name, entry in sorted(header.items(), key=lambda item: item[1]["data_offsets"]):
        assert entry["dtype"] == "F32" and entry["data_offsets"] == [end, end + 4 * count(entry["shape"])], (name, entry)
        tensors[name] = (entry["shape"], list(struct.unpack_from(f"<{count(entry['shape'])}f", data, 8 + length + end)))
        end = entry["data_offsets"][1]
    assert 8 + length + end == len(data)
    return tensors


def write_folder(folder, tensors, config=None, shards=1, dtype="F32"):
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(config or TINY))
    if shards == 1:
        return write_safetensors(folder / "model.safetensors", tensors, dtype)
    index = {}
    for shard in range(shards):
        file = f"model-{shard + 1:05}-of-{shards:05}.safetensors"
        part = {name: tensor for i, (name, tensor) in enumerate(tensors.items()) if i % shards == shard}
        write_safetensors(folder / file, part, dtype)
        index.update({name: file for name in part})
    (folder / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": index}))


# ---- PyTorch: a zip file, not compressed, of a pickle that names its storages, and of the storages

class Storage:
    def __init__(self, key, elements):
        self.id = ("storage", global_named("torch", "FloatStorage"), key, "cpu", elements)


def global_named(module, name):
    """Something that is pickled as module.name."""
    parent = sys.modules.setdefault(module, types.ModuleType(module))
    if not hasattr(parent, name):
        setattr(parent, name, type(name, (), {"__module__": module, "__qualname__": name}))
    return getattr(parent, name)


class Tensor:
    def __init__(self, key, shape, elements):
        self.arguments = (Storage(key, elements), 0, tuple(shape), tuple(count(shape[d + 1:]) for d in range(len(shape))), False,
                          collections.OrderedDict())

    def __reduce__(self):
        return global_named("torch._utils", "_rebuild_tensor_v2"), self.arguments


class Pickler(pickle.Pickler):
    def persistent_id(self, value):
        return value.id if isinstance(value, Storage) else None


def write_torch(path, tensors, wrap=lambda state: state):
    """`wrap` puts the dictionary of tensors into what a training script saves."""
    state = collections.OrderedDict((name, Tensor(str(i), shape, len(values))) for i, (name, (shape, values)) in enumerate(tensors.items()))
    text = io.BytesIO()
    Pickler(text, protocol=2).dump(wrap(state))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as file:
        file.writestr("archive/data.pkl", text.getvalue())
        file.writestr("archive/byteorder", "little")
        for i, (shape, values) in enumerate(tensors.values()):
            file.writestr(f"archive/data/{i}", PACKED["F32"](values))
        file.writestr("archive/version", "3\n")


# ---- GGUF, version 3

def text(value):
    return struct.pack("<Q", len(value.encode())) + value.encode()


def u32(key, value):
    return text(key) + struct.pack("<II", 4, value)


GGUF_NAMES = {"model.embed_tokens": "token_embd", "model.norm": "output_norm", "lm_head": "output", "input_layernorm": "attn_norm",
              "post_attention_layernorm": "ffn_norm", "q_proj": "attn_q", "k_proj": "attn_k", "v_proj": "attn_v", "o_proj": "attn_output",
              "gate_proj": "ffn_gate", "up_proj": "ffn_up", "down_proj": "ffn_down"}


def gguf_name(name):
    plain = name[:-len(".weight")]
    return f"{GGUF_NAMES[plain]}.weight" if plain in GGUF_NAMES else f"blk.0.{GGUF_NAMES[plain.split('.')[-1]]}.weight"


def write_gguf(path, tensors, keys):
    infos, data = b"", b""
    for name, (shape, values) in tensors.items():
        infos += text(gguf_name(name)) + struct.pack("<I", len(shape)) + struct.pack(f"<{len(shape)}Q", *reversed(shape))
        infos += struct.pack("<IQ", 0, len(data))
        data += PACKED["F32"](values)
        data += bytes(-len(data) % 32)
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(keys)) + b"".join(keys) + infos
    path.write_bytes(head + bytes(-len(head) % 32) + data)


def llama_keys():
    sizes = {"embedding_length": 8, "block_count": 1, "attention.head_count": 2, "attention.head_count_kv": 1, "feed_forward_length": 12,
             "context_length": 16, "vocab_size": 10}
    keys = [u32("llama." + key, value) for key, value in sizes.items()]
    return [text("general.architecture") + struct.pack("<I", 8) + text("llama"), *keys,
            text("llama.attention.layer_norm_rms_epsilon") + struct.pack("<If", 6, 1e-5)]


def write_split_gguf(folder, tensors, parts):
    """Returns the first file."""
    for part in range(parts):
        split = [text("split.no") + struct.pack("<IH", 2, part), text("split.count") + struct.pack("<IH", 2, parts),
                 text("split.tensors.count") + struct.pack("<Ii", 5, len(tensors))]
        mine = {name: tensor for i, (name, tensor) in enumerate(tensors.items()) if i % parts == part}
        write_gguf(folder / f"m-{part + 1:05}-of-{parts:05}.gguf", mine, (llama_keys() if part == 0 else []) + split)
    return f"m-00001-of-{parts:05}.gguf"
