"""The wording of documents: sentences that end, no stray blanks, reasons that say something."""

import re
from typing import Any

from qualwatch.procedure.transitions import CannotStep
from qualwatch.wording import gettext as _

CJK = "\u3000-\u303f\u3400-\u4dbf\u4e00-\u9fff\uff01-\uff5e"
# blanks between two Chinese characters or between one and a digit
STRAY_BLANKS = re.compile(
    rf"(?<=[{CJK}])[ \t\u00a0]+(?=[{CJK}0-9])|(?<=[0-9])[ \t\u00a0]+(?=[{CJK}])"
)
ENDS_A_SENTENCE = "。！？"
CLOSING_MARKS = "”」』》）"
OPEN_ENDS = "，、；：,.;: \t\u3000"
# What a decision says already; a reason made of these words alone gives none.
WORDS_OF_DECISIONS = re.compile(
    "期满|届满|逾期|黄牌|红牌|预警|仍然|仍|未|不|达标|达到|符合|资质标准|标准|要求|经|核查|复核|复查|"
    "公示|核实|属实|认定|决定|撤回|同意|支持|予以|不予|应当|依法|该项|资质|后|为|的|应|予|本|该|情况|整改|延长|申请|"
    r"[\s\W_]"
)


def sentence(text: str) -> str:
    """What somebody typed, as sentences: each paragraph ends with 。; '' stays ''."""
    paragraphs = [_ended(line) for line in text.splitlines()]
    return "\n".join(paragraph for paragraph in paragraphs if paragraph)


def clause(text: str) -> str:
    """What somebody typed as part of a sentence: without a mark at its end."""
    return " ".join(text.split()).rstrip(OPEN_ENDS + ENDS_A_SENTENCE)


def _ended(line: str) -> str:
    text = line.strip().rstrip(OPEN_ENDS)
    if not text or text.rstrip(CLOSING_MARKS).endswith(tuple(ENDS_A_SENTENCE)):
        return text
    return f"{text}。"


def without_stray_blanks(value: Any) -> Any:
    """A template's values without blanks inside Chinese text, however deep they stand."""
    if isinstance(value, str):
        return STRAY_BLANKS.sub("", value)
    if isinstance(value, dict):
        return {key: without_stray_blanks(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [without_stray_blanks(part) for part in value]
    return value


def repeats_decision(text: str) -> bool:
    """Whether a reason only repeats the decision: nothing but a decision's own words."""
    return not WORDS_OF_DECISIONS.sub("", text)


def require_reason(text: str) -> None:
    """CannotStep where a reason is missing or only repeats the decision."""
    if not text.strip():
        raise CannotStep("because", _("请写明理由"))
    if repeats_decision(text):
        raise CannotStep(
            "because", _("理由只重复了决定本身，请写明查到的事实：谁、何时、什么情况、凭什么认定")
        )
