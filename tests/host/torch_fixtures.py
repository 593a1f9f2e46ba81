#!/usr/bin/env python3
"""torch_fixtures: files written by PyTorch's own torch.save, and the numbers it reads from them.

    /usr/bin/python3 torch_fixtures.py      writes torch/*.pt and torch/expected.json (Debian's python3-torch)

What PyTorch packs into its files may differ between versions; expected.json says which one wrote these.
"""

import collections
import json
import pathlib
import sys

import torch

FOLDER = pathlib.Path(__file__).resolve().parent / "torch"


def tensors():
    """Files that are read: name of the file, what is saved, the state dict in it, and options of torch.save."""
    torch.manual_seed(1)
    plain = {"w": torch.randn(3, 2), "b": torch.randn(3)}
    floats = {"f64": torch.randn(2, 2, dtype=torch.float64), "f32": torch.randn(4), "f16": torch.randn(3).half(),
              "bf16": torch.randn(2, 3).bfloat16(), "f16.edges": torch.tensor([6e-8, 65504.0, -0.0, 6.1e-5]).half(),
              "f64.beyond": torch.tensor([1e-50, 1.0 + 2.0**-40, 16777217.0], dtype=torch.float64)}
    base = torch.arange(24, dtype=torch.float32).reshape(4, 6)
    views = {"whole": base, "turned": base.t(), "columns": base[:, 1::2], "rows": base[1:3], "corner": base[2:, 3:5].t(),
             "three": base.reshape(2, 3, 4).permute(2, 0, 1), "one": base[3, 5], "row": base[2]}
    shapes = {"none": torch.empty(0, 4), "scalar": torch.tensor(2.5), "ones": torch.randn(1, 1, 3), "five": torch.randn(1, 2, 1, 2, 3)}
    parameters = collections.OrderedDict((n, torch.nn.Parameter(t)) for n, t in plain.items())
    linear = torch.nn.Linear(3, 2)
    optimizer = torch.optim.AdamW(linear.parameters())
    linear(torch.randn(1, 3)).sum().backward()
    optimizer.step()
    state = {name: value.detach().clone() for name, value in linear.state_dict().items()}
    wrapped = collections.OrderedDict(("module." + n, t) for n, t in plain.items())
    yield "floats", floats, floats, {}
    yield "views", views, views, {}
    yield "shapes", shapes, shapes, {}
    yield "parameters", parameters, plain, {}
    yield "state", linear.state_dict(), state, {}
    yield "protocol4", plain, plain, {"pickle_protocol": 4}
    yield "protocol5", plain, plain, {"pickle_protocol": 5}
    yield "model", {"model": plain, "optimizer": optimizer.state_dict(), "model_args": {"n_layer": 1, "bias": False, "dropout": 0.1},
                    "iter_num": 70000000000, "best_val_loss": torch.tensor(1.5)}, plain, {}
    yield "state_dict", {"epoch": 3, "state_dict": wrapped, "hyper_parameters": {"lr": 1e-3}}, wrapped, {}


def refused():
    """Files that are not read: what is saved, the code, and a word of the refusal."""
    torch.manual_seed(2)
    plain = {"w": torch.randn(3, 2)}
    yield "legacy", plain, {"_use_new_zipfile_serialization": False}, "E_UNSUPPORTED", "before version 1.6"
    yield "module", torch.nn.Linear(3, 2), {}, "E_UNSUPPORTED", "torch.nn.modules.linear Linear"
    yield "repeated", {"w": torch.randn(1, 2).expand(3, 2)}, {}, "E_RANGE", "repeated"
    yield "sparse", {"w": torch.eye(3).to_sparse()}, {}, "E_UNSUPPORTED", "_rebuild_sparse_tensor"
    yield "quantized", {"w": torch.quantize_per_tensor(torch.randn(3), 0.1, 0, torch.qint8)}, {}, "E_UNSUPPORTED", "_rebuild_qtensor"
    yield "list", [torch.randn(2)], {}, "E_TYPE", "dictionary"
    yield "numbers", {"iteration": 3}, {}, "E_MISSING", "iteration"


def values(tensor):
    return {"shape": list(tensor.shape), "values": tensor.detach().to(torch.float32).contiguous().flatten().tolist()}


def main():
    FOLDER.mkdir(exist_ok=True)
    expected = {"torch": torch.__version__, "python": sys.version.split()[0], "read": {}, "refused": {}}
    for name, saved, state, options in tensors():
        torch.save(saved, FOLDER / f"{name}.pt", **options)
        expected["read"][name] = {tensor: values(value) for tensor, value in state.items()}
    for name, saved, options, code, word in refused():
        torch.save(saved, FOLDER / f"{name}.pt", **options)
        expected["refused"][name] = {"code": code, "says": word}
    torch.jit.save(torch.jit.script(torch.nn.Linear(2, 1)), str(FOLDER / "script.pt"))
    expected["refused"]["script"] = {"code": "E_UNSUPPORTED", "says": "TorchScript"}
    (FOLDER / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")


if __name__ == "__main__":
    main()
