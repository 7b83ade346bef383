"""Derives the file that is served from a sentence-transformers folder: int8 or float32 ONNX.

``python -m bot.encoder.export models/encoder`` writes ``models/serve/encoder``, and does nothing if
that is up to date. int8 means: weights of the dense layers in blocks of 128 with a scale each (ONNX
Runtime's MatMulNBits, which scales activations by blocks too), token vectors row by row. Plain
dynamic quantisation, one scale for all activations of a batch, moved vectors to cosine 0.992 of
float32; this keeps 0.999.
"""

from __future__ import annotations

import argparse
import json
import logging
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from bot.encoder.base import EncoderError
from bot.encoder.loading import read_manifest, served_folder, source_hash
from bot.encoder.onnx_encoder import MANIFEST_FILE, MODEL_FILE, TOKENIZER_FILE

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

logger = logging.getLogger(__name__)

Precision = Literal["int8", "float32"]

_FORMAT = 1  # raise it when the same weights give another file
_OPSET = 17
_BLOCK = 128  # weights that share a scale: 32 is nearer to float32 (0.9996) but a fifth slower
_ZERO = 128  # what MatMulNBits takes for zero in 8 bits
_INT8_ACTIVATIONS = 4  # accuracy_level: activations in int8, with a scale for each block


def _blocks(weight: NDArray[np.float32]) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Quantises a (K, N) weight to MatMulNBits' layout: (N, K / block, block) and its scales."""
    k, n = weight.shape
    parts = weight.T.reshape(n, k // _BLOCK, _BLOCK)
    scale = np.abs(parts).max(axis=2, keepdims=True) / 127
    scale = np.where(scale == 0, 1, scale).astype(np.float32)
    quantised = np.rint(parts / scale) + _ZERO
    return quantised.astype(np.uint8), scale.reshape(-1)


def quantise(model: onnx.ModelProto) -> None:
    """Makes dense layers and the table of token vectors int8, in place."""
    graph = model.graph
    weights = {tensor.name: tensor for tensor in graph.initializer}
    largest = max(weights.values(), key=lambda tensor: int(np.prod(tensor.dims)))
    nodes: list[onnx.NodeProto] = []
    done: set[str] = set()
    for node in graph.node:
        if node.op_type == "MatMul" and node.input[1] in weights:
            name = node.input[1]
            weight = numpy_helper.to_array(weights[name])
            quantised, scale = _blocks(weight)
            if name not in done:
                graph.initializer.append(numpy_helper.from_array(quantised, f"{name}_q"))
                graph.initializer.append(numpy_helper.from_array(scale, f"{name}_s"))
            nodes.append(
                helper.make_node(
                    "MatMulNBits",
                    [node.input[0], f"{name}_q", f"{name}_s"],
                    list(node.output),
                    node.name,
                    domain="com.microsoft",
                    K=weight.shape[0],
                    N=weight.shape[1],
                    bits=8,
                    block_size=_BLOCK,
                    accuracy_level=_INT8_ACTIVATIONS,
                )
            )
            done.add(name)
        elif node.op_type == "Gather" and node.input[0] == largest.name:
            table = numpy_helper.to_array(largest)
            scale = np.abs(table).max(axis=1, keepdims=True) / 127
            scale = np.where(scale == 0, 1, scale).astype(np.float32)
            rows = np.rint(table / scale).astype(np.int8)
            graph.initializer.append(numpy_helper.from_array(rows, "tokens_q"))
            graph.initializer.append(numpy_helper.from_array(scale, "tokens_s"))
            ids, out = node.input[1], node.output[0]
            nodes += [
                helper.make_node("Gather", ["tokens_q", ids], ["token_rows"]),
                helper.make_node("Cast", ["token_rows"], ["token_floats"], to=TensorProto.FLOAT),
                helper.make_node("Gather", ["tokens_s", ids], ["token_scales"]),
                helper.make_node("Mul", ["token_floats", "token_scales"], [out]),
            ]
            done.add(largest.name)
        else:
            nodes.append(node)
    del graph.node[:]
    graph.node.extend(nodes)
    for name in done:
        graph.initializer.remove(weights[name])
    model.opset_import.append(helper.make_opsetid("com.microsoft", 1))


def _trace(model: SentenceTransformer, path: Path) -> None:
    """Writes transformer, pooling and normalisation as one float32 ONNX graph."""
    import torch

    transformer = cast("torch.nn.Module", model[0].auto_model)
    pooling: dict[str, Any] = cast(Any, model[1]).get_config_dict()
    first_token = pooling.get("pooling_mode") == "cls" or bool(
        pooling.get("pooling_mode_cls_token")
    )

    class Sentence(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.transformer = transformer

        def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
            hidden = self.transformer(input_ids=input_ids, attention_mask=attention_mask)[0]
            if first_token:
                vector = hidden[:, 0]
            else:
                weight = attention_mask[..., None].to(hidden.dtype)
                vector = (hidden * weight).sum(1) / weight.sum(1)
            return torch.nn.functional.normalize(vector, dim=1)

    sample = torch.ones(2, 7, dtype=torch.long)
    text = {0: "text", 1: "token"}
    with torch.inference_mode():
        torch.onnx.export(
            Sentence().eval(),
            (sample, sample),
            str(path),
            input_names=["input_ids", "attention_mask"],
            output_names=["vectors"],
            dynamic_axes={"input_ids": text, "attention_mask": text, "vectors": {0: "text"}},
            opset_version=_OPSET,
            dynamo=False,
        )


def export(source: str, out: Path, precision: Precision = "int8", force: bool = False) -> bool:
    """Writes ``model.onnx``, ``tokenizer.json`` and a manifest.

    Args:
        source: name or folder of a sentence-transformers model: a transformer with mean or
            first-token pooling.
        out: folder to write.
        precision: of the weights.
        force: write even what is up to date.

    Returns:
        Whether anything was written.

    Raises:
        EncoderError: the model has a kind of layer that we cannot derive a file from.
    """
    wanted = {"source": source_hash(source), "precision": precision, "format": _FORMAT}
    manifest = out / MANIFEST_FILE
    if not force and (out / MODEL_FILE).is_file() and read_manifest(out) == wanted:
        return False
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(source, device="cpu", model_kwargs={"attn_implementation": "eager"})
    kinds = [type(module).__name__ for module in model]
    if kinds[:2] != ["Transformer", "Pooling"] or set(kinds[2:]) - {"Normalize"}:
        raise EncoderError(
            f"Expected Transformer, Pooling and Normalize in {source}, got {', '.join(kinds)}. "
            "Use the model without a derived file (encoder setting: its name)."
        )
    model = model.float()
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out) as folder:
        traced = Path(folder) / MODEL_FILE
        _trace(model, traced)
        if precision == "int8":
            graph = onnx.load(traced)
            quantise(graph)
            onnx.save(graph, traced)
        manifest.unlink(missing_ok=True)
        traced.replace(out / MODEL_FILE)
    if (Path(source) / TOKENIZER_FILE).is_file():
        shutil.copyfile(Path(source) / TOKENIZER_FILE, out / TOKENIZER_FILE)
    else:
        model.tokenizer.backend_tokenizer.save(str(out / TOKENIZER_FILE))
    manifest.write_text(json.dumps(wanted, indent=2) + "\n", encoding="utf-8")
    return True


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m bot.encoder.export")
    parser.add_argument("source", help="name or folder of a sentence-transformers model")
    parser.add_argument("--out", type=Path, help="default: serve/NAME beside the model folder")
    parser.add_argument("--precision", choices=("int8", "float32"), default="int8")
    parser.add_argument("--force", action="store_true")
    args = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    out = args.out or served_folder(Path(args.source))
    written = export(args.source, out, args.precision, args.force)
    logger.info("%s %s", "Wrote" if written else "Up to date:", out)


if __name__ == "__main__":
    main()
