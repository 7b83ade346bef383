"""Makes the untrained student from the teacher, and writes a student as a model folder."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from opencc import OpenCC
from safetensors.torch import save_file
from tokenizers import Tokenizer
from transformers import BertModel

from bot.encoder.training import alignment, tokens
from bot.encoder.training.data import HAN, SHOP_SOURCES, Pair

MAX_TOKENS = 256

# Words of a shop that the corpora have too seldom to be chosen by frequency alone.
_SHOP_WORDS = """
退货 换货 退款 退换 发货 收货 到货 包邮 邮费 运费 快递 物流 顺丰 中通 圆通 韵达 签收 拒收 派送 配送 送货 揽收
下单 订单 订单号 单号 改单 取消订单 付款 支付 货到付款 微信 支付宝 花呗 分期 银联 银行卡 信用卡 余额 到账 扣款
发票 开票 专票 税号 抬头 保修 三包 维修 返修 质保 安装 上门 师傅 售后 售前 客服 人工 投诉 差评 好评 评价
优惠 优惠券 红包 满减 折扣 打折 便宜 讲价 价保 降价 差价 积分 会员 赠品 活动 双十一 尺码 尺寸 大码 偏大 偏小
颜色 色差 款式 面料 纯棉 起球 掉色 缩水 材质 质量 正品 假货 瑕疵 破损 少件 漏发 发错 错发 现货 缺货 预售 补货 库存
手机 手机壳 充电器 耳机 数据线 屏幕 电池 内存 型号 冰箱 洗衣机 空调 电视 热水器 电饭煲 吸尘器 风扇 衬衫 外套
裤子 裙子 毛衣 羽绒服 鞋子 内衣 商品 宝贝 亲 店铺 链接 购物车 收藏 地址 改地址 收件人 电话 手机号 验证码 账号 密码
催单 加急 什么时候 多久 多少钱 怎么 为什么 能不能 可以 可不可以 有没有 是不是 没有 不要 不想 不能 不是 无理由 七天
"""


def build_tokenizer(
    teacher_tokenizer: Tokenizer,
    pairs: Sequence[Pair],
    dictionary: Sequence[Pair],
    english: Sequence[str],
    n_characters: int,
    n_words: int,
) -> Tokenizer:
    """Chooses the vocabulary from the training texts (see `tokens.build`)."""
    simplify = OpenCC("t2s").convert
    prior: dict[str, float] = {}
    for pair in dictionary:
        word = simplify(pair.zh)
        if 2 <= len(word) <= 4 and all(HAN.match(c) for c in word):
            prior[word] = prior.get(word, 0.0) + 0.5
    for word in _SHOP_WORDS.split():
        if len(word) > 1:
            prior[word] = prior.get(word, 0.0) + 1000.0
    weighted = [
        (simplify(p.zh), 5.0 if p.source in SHOP_SOURCES or "massive" in p.source else 1.0)
        for p in pairs
    ]
    weighted += [(simplify(p.zh), 0.2) for p in dictionary]
    characters, words = tokens.choose_chinese(weighted, prior, n_characters, n_words)
    pieces = tokens.choose_pieces(teacher_tokenizer, [*english, *(p.en for p in dictionary)])
    return tokens.build(pieces, characters, words)


def begin(
    teacher: BertModel,
    teacher_tokenizer: Tokenizer,
    tokenizer: Tokenizer,
    pairs: Sequence[Pair],
    seed: int = 0,
) -> BertModel:
    """Copies the teacher with our vocabulary; Chinese rows come from `alignment`.

    Args:
        teacher: the English model.
        teacher_tokenizer: its tokenizer.
        tokenizer: the student's.
        pairs: translations and dictionary entries for the alignment.
        seed: of the rows that nothing is known of.
    """
    size = tokenizer.get_vocab_size()
    old = teacher.embeddings.word_embeddings.weight.detach().numpy()
    vectors = np.zeros((size, old.shape[1]), dtype=np.float32)
    known = np.zeros(size, dtype=bool)
    teacher_ids = teacher_tokenizer.get_vocab()
    for token, i in tokenizer.get_vocab().items():
        if token in teacher_ids and not HAN.search(token):
            vectors[i], known[i] = old[teacher_ids[token]], True

    by_character = tokens.without_words(tokenizer)
    short = [p for p in pairs if len(p.zh) <= 40 and len(p.en) <= 110]
    zh, en = [p.zh for p in short], [p.en for p in short]
    words = tokenizer.encode_batch(zh, add_special_tokens=False)
    chars = by_character.encode_batch(zh, add_special_tokens=False)
    targets = [e.ids for e in tokenizer.encode_batch(en, add_special_tokens=False)]
    for sources in ([e.ids for e in words], [e.ids for e in chars]):
        found = alignment.mean_vectors(*alignment.align(sources, targets, size), vectors)
        fresh = ~known & (np.abs(found).sum(axis=1) > 0)
        vectors[fresh] = found[fresh]
        known |= fresh
    spread = vectors[known].std(axis=0)
    noise = np.random.default_rng(seed).normal(size=(int((~known).sum()), old.shape[1]))
    vectors[~known] = vectors[known].mean(axis=0) + 0.5 * spread * noise.astype(np.float32)

    config = teacher.config
    config.vocab_size = size
    student = BertModel(config, add_pooling_layer=False)
    state = {k: v for k, v in teacher.state_dict().items() if not k.startswith("pooler")}
    state["embeddings.word_embeddings.weight"] = torch.from_numpy(vectors)
    student.load_state_dict(state)
    return student


def lexicon(
    tokenizer: Tokenizer, dictionary: Sequence[Pair], seed: int = 0
) -> tuple[dict[str, str], dict[str, str]]:
    """Returns (zh word -> English, English word -> zh) for sentences that mix both languages."""
    vocabulary = tokenizer.get_vocab()
    to_en: dict[str, str] = {}
    to_zh: dict[str, str] = {}
    entries = list(dictionary)
    random.Random(seed).shuffle(entries)  # noqa: S311 - no secret
    for pair in entries:
        gloss = pair.en.removeprefix("to ")
        if pair.zh in vocabulary and len(pair.zh) > 1 and " " not in gloss and ";" not in gloss:
            to_en.setdefault(pair.zh, gloss)
            to_zh.setdefault(gloss.lower(), pair.zh)
    return to_en, to_zh


def between(one: BertModel, other: BertModel, share: float) -> BertModel:
    """Moves ``other`` to the point ``share`` of the way from ``one`` to it, weight by weight.

    Such a mean keeps most of what both models know (Wortsman et al. 2022, "WiSE-FT").
    """
    known = one.state_dict()
    mixed = {
        name: known[name] + share * (w - known[name]) for name, w in other.state_dict().items()
    }
    other.load_state_dict(mixed)
    return other


def save(student: BertModel, tokenizer: Tokenizer, folder: Path, dtype: torch.dtype) -> None:
    """Writes a folder that ``SentenceTransformer(folder)`` opens.

    Args:
        student: weights and configuration.
        tokenizer: written as ``tokenizer.json``.
        folder: made if missing.
        dtype: of the weights on disk; they are loaded as float32.
    """
    (folder / "1_Pooling").mkdir(parents=True, exist_ok=True)
    config = student.config
    weights = dict(student.state_dict())
    # Unused, but a folder without a pooler would be opened with a random one and a warning.
    weights["pooler.dense.weight"] = torch.zeros(config.hidden_size, config.hidden_size)
    weights["pooler.dense.bias"] = torch.zeros(config.hidden_size)
    save_file(
        {k: v.detach().to(dtype).contiguous() for k, v in weights.items()},
        folder / "model.safetensors",
        metadata={"format": "pt"},
    )
    files = {
        "config.json": {
            "architectures": ["BertModel"],
            "model_type": "bert",
            "dtype": "float32",
            "vocab_size": config.vocab_size,
            "hidden_size": config.hidden_size,
            "intermediate_size": config.intermediate_size,
            "num_hidden_layers": config.num_hidden_layers,
            "num_attention_heads": config.num_attention_heads,
            "hidden_act": config.hidden_act,
            "layer_norm_eps": config.layer_norm_eps,
            "max_position_embeddings": config.max_position_embeddings,
            "type_vocab_size": config.type_vocab_size,
            "pad_token_id": 0,
        },
        "tokenizer_config.json": {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "model_max_length": MAX_TOKENS,
            "pad_token": "[PAD]",
            "unk_token": "[UNK]",
            "cls_token": "[CLS]",
            "sep_token": "[SEP]",
            "mask_token": "[MASK]",
            "model_input_names": ["input_ids", "attention_mask"],
        },
        "sentence_bert_config.json": {"max_seq_length": MAX_TOKENS, "do_lower_case": False},
        "modules.json": [
            {
                "idx": i,
                "name": str(i),
                "path": path,
                "type": f"sentence_transformers.models.{kind}",
            }
            for i, (path, kind) in enumerate(
                [("", "Transformer"), ("1_Pooling", "Pooling"), ("2_Normalize", "Normalize")]
            )
        ],
        "1_Pooling/config.json": {
            "word_embedding_dimension": config.hidden_size,
            "pooling_mode_mean_tokens": True,
        },
    }
    for name, content in files.items():
        (folder / name).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    (folder / "tokenizer.json").write_text(tokenizer.to_str(pretty=False), encoding="utf-8")
