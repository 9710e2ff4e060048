"""Which code page a text is likeliest in, where neither a mark nor UTF-8 tells.

Each candidate's reading is weighed by how often its letters occur in the language that suits it
best, whether capitals stand where capitals do, and whether signs touch letters. Short texts are
what counts: a list of two people has a dozen letters that tell.

The orders of letters are those of ordinary texts of each language; the signs of Chinese,
Japanese and Korean are those of common names and places.
"""

import math
import re
import unicodedata
from collections import Counter
from functools import cache
from itertools import pairwise

from webapp.reading.labels import named

WEIGHED_BYTES = 8_192  # of the lines with other signs than ASCII
LABELS = 40  # of the first line

# The letters beside ASCII's, commonest first.
LATIN = {
    "western": (
        "éèçêàôëâîïûùœæ", "üäößé", "íóáéñúü", "ãçéáóíâõêúôà", "àèòùìé", "àèéóòíçïúü", "øåæéäö",
        "öäåéü", "äöåé", "áíóðéúýöþæ", "éëïöüèê", "íóéáúï",
    ),
    "central": (
        "łóąęśżńćź", "íáéěščřžýůúťňďó", "áíčéšýžúľťóňôäďŕĺ", "áéöóőüíúű", "čšž", "čćšžđ", "ăîâșțşţ",
    ),
    "southern": ("ışçüğöiâ", "əışçüöğ", "ħżġċ"),  # noqa: RUF001
    "baltic": ("ėšžąūųįčę", "āšīēžņūķļčģ", "õäüöšž"),
    "vietnamese": ("đưôơâêăáàảãạéèẻẽẹíìịóòọúùụýế",),
}  # fmt: skip
CYRILLIC = (
    "аоиенрвтслкмдпуяыьгзбчйхжшюцщэфъё", "аоинівретслкудмпязьгбйчхїшжюцщєґф",
    "аніеросклвтудмяыпзькўгйбчхцёжюшэф", "аиеотнрсвлкдпмзъгуябщчцжшхйюьф",
    "аиоенрсјтукдвмлпзгбшћњчцжхљђфџ", "аоиетнрсвкдлупјмзгбчшцжхќѓѕљњџф",
)  # fmt: skip
OTHERS = (
    "αοιετσνηυρπκλμςωδγχθφβάίέόήύώξζψϊϋΐΰ", "יוהלאמרבתנשםדקחפטגעכסצזןךףץ",
    "ايلمنرتبةعدسفهكقحجشطصخأزضذثغئءىإآظؤ", "ایرندهمتوسبشکزگفلخعجپقحآچصغطضظثذژئ",
    "านรอกงเมยลวดทสตะปบคิีหัแพชขไจใโ้่็์ซธณถภผศูุึืษฝฟฐญฉอำฮฬฎฏฒ",
)  # fmt: skip
HAN = {
    "gb18030": (
        "李王张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶"
        "阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文"
        "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀英华平刚桂兰红梅玉建国志海晓小春雪霞飞鹏波辉宇浩欣怡梦婷佳雨子"
        "姓名电话邮箱手机地址公司城市客户联系人部门职务备注单位省区路号北京上海广州深圳天津重庆成都杭州南西安"
        "东中大学有限科技贸易商集团邮编女男先生新长青福建山河湖四川云贵宁内蒙古"
    ),
    "big5": (
        "陳林黃張李王吳劉蔡楊許鄭謝郭洪曾邱廖賴周徐蘇葉莊呂江何羅高蕭潘簡朱鍾游詹沈彭胡余盧趙施顏柯翁魏孫戴方"
        "范宋鄧杜侯曹溫薛丁馬蔣唐卓藍馮姚石董紀歐程連古汪湯田康鄒白涂尤巫韓龔嚴袁志明俊傑建宏家豪淑芬美玲雅婷怡"
        "君宗翰冠宇欣惠麗秀英華玉珍國文雄春金福德榮成龍台北中南高雄新竹桃園嘉義市縣區路街號姓名電話郵件地址公"
        "司城市客戶聯絡人部門職稱備註手機股份有限企業行女男先生小姐香港九龍大學東西花蓮屏基隆宜"
    ),
    "shift_jis": (
        "佐藤鈴木高橋田中伊渡辺山本村小林加吉山口松井清水崎池阿部森石川前岡長谷青坂近遠後原斎福西三太金子野竹内"
        "和一二大内上島谷宮今丸河安平菊千葉久保新谷桜市杉増関浅土屋星北横江東京都府県区市町村郡名古阪神戸札幌仙台"
        "広岐静熊鹿児沖縄奈良滋賀埼玉栃群馬茨城梨形秋岩手姓名氏前会社電話番号住所郵便部署役職株式有限備考勤務先"
        "様携帯生年月日由美子恵真理香優奈陽翔太郎健次直樹智裕洋介拓也大輔翼愛彩花咲結衣明哲雄正義和弘浩隆誠学"
        "幸雅秀光春夏秋冬海空"
    ),
    "euc_kr": (
        "김이박최정강조윤장임한오서신권황안송전홍유고문양손배조백허남심노하곽성차주우구민류나진지엄채원천방공현함변염여추"
        "도소석선설마길연위표명기반라왕금옥육인맹제모탁국서은준영수민지현우진혜경미숙희정순자동상철호성재훈태승원"
        "용규하윤아예주은채린빈빛나래솔별이름성명전화번호주소회사이메일도시직책부서메모고객담당자휴대폰업체서울부산대구인천"
        "광주대전울산세종경기강원충청전라경상제주시군구동로길역남북한국산업식품전자무역상사물산건설"
    ),
}  # fmt: skip
# The candidates, with how much evidence it takes to prefer them to cp1252, in powers of e.
PRIORS = {
    "cp1252": 0.0, "cp1251": -1.0, "cp1250": -1.5, "cp932": -1.0, "gb18030": -1.0, "big5": -1.5,
    "euc_kr": -1.5, "euc_jp": -2.5, "cp1253": -1.0, "cp1254": -1.2, "cp1255": -1.0, "cp1256": -1.0,
    "cp1257": -2.0, "cp1258": -3.0, "cp874": -1.5, "iso8859-2": -2.5, "iso8859-15": -2.5,
    "koi8-r": -1.5, "koi8-u": -2.0, "cp866": -2.0, "cp855": -4.5, "iso8859-5": -2.5, "mac-cyrillic": -3.0,
    "iso8859-7": -2.5, "mac-roman": -2.0, "mac-latin2": -3.5, "cp850": -2.0, "cp437": -2.5,
    "cp852": -3.0, "cp857": -3.0, "cp737": -3.0, "mac-greek": -4.0, "mac-turkish": -4.0, "cp862": -3.0,
    "iso8859-4": -3.5, "iso8859-13": -3.5, "iso8859-16": -3.5,
}  # fmt: skip
# The codec whose name the person knows, where another one reads more.
NAMES = {"cp932": "shift_jis"}

RARE, STRANGE, LOST, IMPOSSIBLE = -9.0, -7.0, -9.5, -30.0
SMALL_SIGNS = "’‘“”„–—…«»°€·•´º¹²³½®©№±§£×¿¡„‚‹›\xa0\xad、。・「」（）：；，！？　～〒－"  # noqa: RUF001
QUOTES = "’‘“”„«»‚‹›¿¡"  # noqa: RUF001


def best(raw: bytes) -> str:
    """The likeliest encoding of a text that is not UTF-8. It may always be another one."""
    lines = [line for line in raw.splitlines() if not line.isascii()]
    text = b"\n".join(lines)[:WEIGHED_BYTES]
    if len(lines) > 1:
        text = text[: text.rfind(b"\n")] if len(text) == WEIGHED_BYTES else text

    found = max(PRIORS, key=lambda codec: _weight(codec, text))
    return NAMES.get(found, found)


def is_likely(text: str, *, also_short: bool = True) -> bool:
    """Whether a text that is UTF-8 by its bytes is so by its letters: of two or three signs, a
    code page may have written the same bytes.
    """
    others = [c for c in text if not c.isascii()]
    if len(others) >= SURE_SIGNS:
        return True
    if not others:
        return also_short
    return all(c in SMALL_SIGNS or _is_letter_of_any(c) for c in others)


SURE_SIGNS = 6


def _is_letter_of_any(sign: str) -> bool:
    low = sign.lower()
    return (
        any(low in letters for group in LATIN.values() for letters in group)
        or any(low in letters for letters in (*CYRILLIC, *OTHERS))
        or _is_kana(sign)
        or any(sign in signs for signs in HAN.values())
        or sign == "\x85"
        or unicodedata.category(sign) in {"So", "Zs", "Zl", "Zp", "Cf"}
    )


def _weight(codec: str, raw: bytes) -> float:
    try:
        text = raw.decode(codec)
    except UnicodeDecodeError:
        text = raw.decode(codec, "replace")
        lost = text.count("\ufffd") * (IMPOSSIBLE if codec in HAN_OF else LOST)
    else:
        lost = 0.0

    labels = 3.0 * sum(
        1
        for cell in re.split("[,;\t|^]", text.split("\n", 1)[0])[:LABELS]
        if not cell.isascii() and named(cell.strip('"\r'))
    )
    if codec in HAN_OF:
        return PRIORS[codec] + lost + labels + _weight_of_signs(HAN_OF[codec], text)
    return PRIORS[codec] + lost + labels + _weight_of_letters(text)


HAN_OF = {
    "cp932": "shift_jis", "euc_jp": "shift_jis", "gb18030": "gb18030", "big5": "big5", "euc_kr": "euc_kr",
}  # fmt: skip


@cache
def _ranks(letters: str) -> dict[str, float]:
    """The logarithm of how often each letter occurs, by its place."""
    weights = [1 / (place + 2) for place in range(len(letters))]
    whole = sum(weights)
    return {c: math.log(w / whole) for c, w in zip(letters, weights, strict=True)}


def _weight_of_letters(text: str) -> float:
    """Of a code page of single bytes: signs, places of capitals, and letters."""
    weight = 0.0
    letters: Counter[str] = Counter()

    for before, sign, after in _with_neighbours(text):
        if sign.isalpha() or unicodedata.combining(sign):
            letters[sign.lower() if len(sign.lower()) == 1 else sign] += 1
            weight += _weight_of_place(before, sign, after)
        else:
            weight += _weight_of_sign(before, sign, after)

    if not letters:
        return weight

    languages = [*(s for group in LATIN.values() for s in group), *CYRILLIC, *OTHERS]
    return weight + max(
        sum(_ranks(language).get(c, RARE) * times for c, times in letters.items())
        for language in languages
    )


def _with_neighbours(text: str) -> list[tuple[str, str, str]]:
    padded = f" {text} "
    return [
        (padded[at - 1], sign, padded[at + 1])
        for at, sign in enumerate(padded)
        if not sign.isascii() and sign != "\ufffd"
    ]


def _weight_of_place(before: str, sign: str, after: str) -> float:
    weight = 0.0
    # A small letter, then a capital: hardly ever one word.
    if sign.isupper() and before.islower():
        weight += STRANGE
    if sign.islower() and before.isupper() and after.isupper():
        weight += STRANGE
    if sign.isupper() and after.islower() and before.isupper():
        weight += STRANGE / 2

    if after.isdigit() and not before.isalpha():
        weight -= 3.0
    for neighbour in (before, after):
        if neighbour.isalpha() and _script(neighbour) != _script(sign):
            weight += STRANGE / 2
    # Words of Latin letters have few in a row that are not ASCII's.
    if _script(sign) == "L" and not before.isascii() and before.isalpha():
        weight -= 2.0

    return weight


def _script(sign: str) -> str:
    if sign < "\u0250" or "\u1e00" <= sign < "\u1f00":
        return "L"
    return "C" if "\u0400" <= sign < "\u0530" else "G" if sign < "\u0400" else sign[0] and "O"


def _weight_of_sign(before: str, sign: str, after: str) -> float:
    if unicodedata.category(sign) in {"Cc", "Cn", "Co"}:
        return IMPOSSIBLE
    if before.isalpha() and after.isalpha():
        return -2.0 if sign in "’·…–—" else STRANGE - 2  # noqa: RUF001
    if sign in SMALL_SIGNS:
        return -3.5 if sign in QUOTES or not after.isalpha() else -5.0
    return STRANGE if before.isalpha() or after.isalpha() else STRANGE + 1


def _weight_of_signs(language: str, text: str) -> float:
    """Of an encoding of two bytes a sign. Each sign stands for two letters of a code page."""
    common, weight = HAN[language], 0.0
    others = [c for c in text if not c.isascii()]

    for sign in others:
        if language == "shift_jis" and _is_kana(sign):
            weight += -4.0 if sign < "\uff00" else -4.4
        elif sign in SMALL_SIGNS:
            weight += -6.0
        elif sign in common:
            weight += -5.0
        elif _is_usual(sign, language):
            weight += -7.5
        elif "\u4e00" <= sign < "\ua000" or "\uac00" <= sign < "\ud7a4":
            weight += -11.0
        else:
            weight += -14.0

    # A sign that stands between Latin letters is half of a word.
    for before, after in pairwise(text):
        if before.isascii() != after.isascii() and before.isalpha() and after.isalpha():
            weight += STRANGE / 2

    return weight


def _is_kana(sign: str) -> bool:
    return "\u3041" <= sign < "\u3100" or "\uff66" <= sign < "\uffa0"


def _is_usual(sign: str, language: str) -> bool:
    """Whether a sign is of the first level of its standard, which is by how often it is used."""
    codec = {"shift_jis": "euc_jp", "gb18030": "gb2312"}.get(language, language)
    try:
        lead = sign.encode(codec)[0]
    except UnicodeEncodeError:
        return False
    return {"euc_jp": 0xB0, "gb2312": 0xB0, "euc_kr": 0xB0, "big5": 0xA4}[codec] <= lead <= {
        "euc_jp": 0xCF, "gb2312": 0xD7, "euc_kr": 0xC8, "big5": 0xC6
    }[codec]  # fmt: skip
