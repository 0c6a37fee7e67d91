"""Tells statements from text that addresses a machine, so that no answer ever repeats the latter.

Text from documents is data. A statement about the field neither speaks to an assistant, nor says
what to answer when asked, nor carries markup, templates or calls; what does is left out of
extractive answers. Such text stays in its document and in the source view, as text.
"""

from __future__ import annotations

import re

from assistant.language import fold

# Markup, templates, calls and addresses that have no place in a sentence of the field.
_MACHINE = re.compile(
    r"</?[a-z!][^>]*>?|<\||\|>|<<|>>|\[/?inst\]|\{\{|\}\}|\{%|%\}|[{\[]\s*\"[a-z_]+\"\s*:|```|!\["
    r"|\]\(|https?://|javascript:|data:text|\\[a-z]+\{|\$\\|\b[a-z]+_[a-z_]+\s*:|\b\w+\('"
    r"|(?:[a-z0-9+/]{20,}={0,2})(?=[^a-z0-9]|$)|^[-=*_ ]{2,}\S.*[-=*_ ]{2,}$"
)
_SPOKEN_TO = re.compile(
    r"助手(?!机)|智能体|语言模型|(?:给|各位|所有)\s*(?:ai|模型)|系统(?:提示|消息|指令)|(?:^|\s)(?:system|assistant|user|developer)"
    r"\s*(?:message|prompt)?\s*:|(?:用户|助手|助理|系统|管理员|开发者)\s*:"
    r"|\b(?:ai|dear|intelligent) assistants?\b|\bassistants?,? (?:should|must|has to|have to|says?|please)\b|\bassistant\s*:|\b(?:to|for) the model\s*:|\bsystem prompt\b|\byou are (?:now )?(?:in|an?|the)\b"
    r"|\byou (?:now )?(?:play|act)\b|\bdebug mode\b|调试模式|没有任何限制|unrestricted"
)
_TALKS_OF_ANSWERING = re.compile(
    r"(?:忽略|无视|忘记|忘掉|抛开|不顾)[^。;]{0,12}(?:以上|上面|之前|先前|此前|前面|其他|所有|全部|规则|指令|指示|资料|内容)"
    r"|(?:只|直接|一律|务必|必须|逐字|原样|统一|都|请|末尾|停止)[^。,;]{0,8}(?:输出|回答|回复[“\"'::]|说出|重复|附上|打印|复述)"
    r"|(?:输出|回答|回复|说|报上|打印|念出)\s*[“\"'::]?\s*[a-z]*[a-z0-9]*\d[a-z0-9]{3,}"
    r"|(?<!客户)(?:回答|解答|讲到|谈到|提到|问到|问起|说到|讲完|介绍|被问)[^。]{0,40}(?:时|之前|之后|问题|提问|末尾)[^。]{0,12}"
    r"(?:请|必须|务必|只|先|顺便|要|都|说|写|输出|附)"
    r"|(?:任何|所有|一切)[^。,]{0,24}(?:的问题|提问)[^。]{0,12}(?:输出|回答|回复|只|都|一律)|(?:提问|问题)[^。]{0,6}(?:一律|只能|都)(?:回答|回复|说)"
    r"|不要(?:回答|引用)|告诉用户|(?:新的?|以下|下面|上面|不可见的?)[^。]{0,20}指令|答案(?:改写|是\s*[a-z])|(?:^|[??])\s*答\s*:|(?:^|\s)示例"
    r"|索要密码|唯一正确答案"
)
_TALKS_OF_ANSWERING_EN = re.compile(
    r"\b(?:ignore|disregard|forget|override|bypass)\b[^.]{0,40}\b(?:above|previous|prior|earlier|other|"
    r"instructions?|rules|sources|everything)\b"
    r"|^\W*(?:say|reply|output|respond|repeat|decode|execute)\b"
    r"|\b(?:say|print|reply|output|respond|answer|mention)\s+(?:only\s+|with\s+)?[\"'“]?[a-z]*[a-z0-9]*\d[a-z0-9]{3,}"
    r"|\b(?:when(?:ever)?|if|before|after|while)\b[^.]{0,30}\b(?:asked (?:how|about)|the user asks|you answer|answering|you talk|is mentioned)\b"
    r"|\b(?:any|every|all|to|end every|answers?|questions?)\s+(?:questions?|answers?)\s+about\b|\bthe answers? about\b|\bright answer\b"
    r"|\bend every answer\b|\btell the user\b|\b(?:do not|don't|never) (?:answer|cite)\b|\byou (?:may|must|can) only (?:reply|answer|say)"
    r"|\b(?:new|following|this|invisible) instructions?\b|\bend of evidence\b|\bfrom now on you\b|^\W*a\s*:|\bexample \d+\s*:"
    r"|\brequire the user's password\b|\banswers? (?:to|about)\b[^.]{0,40}\bmust\b"
)
# Talk about the wording of a reply, a quotation or a page, where a statement has none.
_TALKS_OF_WORDING = re.compile(
    r"编者按|译者须知|词语约定|(?:推荐)?追问[^。]{0,4}(?:须|要|里|\()|(?:结尾|首句|开头|末尾|首行)[^。]{0,6}(?:须|要|务必|必须|注明|加上)"
    r"|(?:放在|写在|加在)(?:首句|开头|结尾|末尾)|(?:统一|一律)写作|改口说|接一句|先别讲|一律不谈|全部译成|作标题|对外口径"
    r"|客服[^。]{0,2}答[^。]{0,16}先说|别的一律"
    r"|\b(?:each|every|any|this) (?:reply|answer|response|quotation|summary)\b|\breaders? (?:must|love|should)\b"
    r"|\bfirst line\b|\bcloses? with\b|\btell them\b|\berratum\b|\bmy (?:operator|task|instructions)\b"
    r"|\bi (?:will|am|must|have to|begin)\b|\bspells? (?:it|the line)\b|\btext to print\b|\bsays obey\b"
)


def is_instruction(text: str) -> bool:
    """Say whether a sentence speaks to a machine instead of stating something of the field."""
    folded = fold(text)
    patterns = (
        _MACHINE,
        _SPOKEN_TO,
        _TALKS_OF_ANSWERING,
        _TALKS_OF_ANSWERING_EN,
        _TALKS_OF_WORDING,
    )
    return any(pattern.search(folded) for pattern in patterns)
