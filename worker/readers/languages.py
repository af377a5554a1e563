"""The language of a short text, from its most common words; no guess without evidence."""

from __future__ import annotations

import re
from collections import Counter

WORDS_MAX = 400

# Words that are frequent in one language and rare or absent in the others.
_COMMON = {
    "en": "the and you your we have has please for with this that our will been from are not",
    "de": "der die das und ist wir sie nicht mit für auf bitte eine einen den wurde haben ihre",
    "fr": "le les des et vous nous est une pour dans avec sur votre notre avons cette merci",
    "nl": "de het een wij uw voor niet met van aan hebben bij deze graag onze zijn wordt",
    "es": "el los las que y por para con una su nos hemos del adjunto gracias esta usted",
    "it": "il che per di con una sono alla della abbiamo vostra nostro fattura questo gli nel",
    "pt": "os que para com uma não sua nos foi do da ao em segue obrigado esta pela",
    "pl": "nie się na jest do za proszę dla oraz przez został faktury dziękuję w o pod",
    "sv": "och att det är för på av med inte vi har som ni er en till hälsningar",
    "da": "og at det er ikke på af til jeg vi har med som den kan hilsen vores",
    "no": "og å det er ikke på av til jeg vi har med som den kan hilsen vår",
    "fi": "ja on ei että se lasku olemme kiitos terveisin tämä mutta myös ovat",
    "cs": "je se na že prosím děkuji faktura nebo jsme byla pro od při vám",
    "hu": "az és hogy nem egy a köszönöm kérem számla vagy meg üdvözlettel",
    "ro": "și este în nu cu pentru factura vă mulțumim la din care sunt",
    "tr": "ve bir bu için ile fatura lütfen teşekkürler olarak değil saygılarımla",
}
_BY_WORD: dict[str, list[str]] = {}
for _language, _words in _COMMON.items():
    for _word in _words.split():
        _BY_WORD.setdefault(_word, []).append(_language)

_LETTER = re.compile(r"[^\W\d_]")
_SCRIPTS = (
    ("ja", re.compile("[\u3040-\u30ff]")),
    ("ko", re.compile("[\uac00-\ud7af]")),
    ("zh", re.compile("[\u4e00-\u9fff]")),
    ("uk", re.compile("[іїєґІЇЄҐ]")),
    ("ru", re.compile("[\u0430-\u044f]")),
    ("el", re.compile("[\u03b1-\u03c9]")),
    ("he", re.compile("[\u05d0-\u05ea]")),
    ("ar", re.compile("[\u0627-\u064a]")),
)


def language_of(text: str) -> str | None:
    """The two-letter code of the text's language, or None where the words do not decide."""
    sample = text[:8000]
    if not sample.isascii():
        script = _script_of(sample)
        if script is not None:
            return script
    votes: Counter[str] = Counter()
    for word in re.findall(r"[^\W\d_]+", sample.lower())[:WORDS_MAX]:
        for code in _BY_WORD.get(word, ()):
            votes[code] += 1
    ranked = votes.most_common(2)
    if not ranked or ranked[0][1] < 2:
        return None
    if len(ranked) == 2 and ranked[0][1] < 1.2 * ranked[1][1]:
        return None
    return ranked[0][0]


def _script_of(sample: str) -> str | None:
    """The language that a script gives away."""
    letters = len(_LETTER.findall(sample))
    for code, script in _SCRIPTS:
        # Kana decides among Han texts; the rest must carry the text.
        share = 0.05 if code in ("ja", "uk") else 0.3
        if letters and len(script.findall(sample)) > share * letters:
            return code
    return None
