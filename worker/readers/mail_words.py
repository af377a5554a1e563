"""Words that mail programs put into mails, by language: labels, subject prefixes, separators.

A new language is one more row. Programs mix languages (Gmail writes `Von:` above `Subject:`), so
readers use the rows together; only glued one-line headers are cut with one row at a time.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Labels:
    """What stands before the colon above a forwarded or quoted mail."""

    sender: str
    to: str
    cc: str
    date: str
    subject: str


# Several wordings of one label are separated by a bar.
LABELS = {
    "en": Labels("From", "To", "Cc|CC", "Date|Sent", "Subject"),
    "ar": Labels("من", "إلى", "نسخة", "التاريخ|تاريخ الإرسال", "الموضوع"),
    "bg": Labels("От", "До|Кому", "Копие", "Дата|Изпратено", "Тема|Относно"),
    "ca": Labels("De", "Per a|A", "A/c|Cc", "Data|Enviat", "Assumpte|Tema"),
    "cs": Labels("Od", "Komu", "Kopie", "Datum|Odesláno", "Předmět"),
    "da": Labels("Fra", "Til", "Cc|Kopi", "Dato|Sendt", "Emne"),
    "de": Labels("Von", "An", "Cc|CC|Kopie|Kopie (CC)", "Datum|Gesendet", "Betreff"),
    "el": Labels("Από", "Προς", "Κοιν.|Κοινοποίηση", "Ημερομηνία|Στάλθηκε|Εστάλη", "Θέμα"),
    "es": Labels("De|Desde", "Para|A", "Cc|CC|Copia", "Fecha|Enviado|Enviado el", "Asunto"),
    "et": Labels(
        "Saatja|Kellelt", "Saaja|Kellele|Adressaat", "Koopia", "Kuupäev|Saadetud", "Teema"
    ),
    "fi": Labels(
        "Lähettäjä|Keneltä",
        "Vastaanottaja|Kenelle|Saaja",
        "Kopio|Cc",
        "Päivämäärä|Päiväys|Pvm|Lähetetty",
        "Aihe",
    ),
    "fr": Labels(
        "De|Expéditeur",
        "À|A|Pour|Destinataire",
        "Cc|CC|Copie à|Copie",
        "Date|Envoyé|Envoyé le|Date d'envoi",
        "Objet|Sujet",
    ),
    "he": Labels("מאת", "אל", "עותק", "תאריך|נשלח", "נושא"),
    "hr": Labels(
        "Od|Šalje|Pošiljatelj",
        "Za|Prima|Primatelj",
        "Kopija|CC|Cc",
        "Datum|Poslano",
        "Predmet|Naslov",
    ),
    "hu": Labels("Feladó", "Címzett", "Másolat|Másolatot kap", "Dátum|Elküldve|Küldve", "Tárgy"),
    "id": Labels("Dari", "Kepada|Ke", "Cc", "Tanggal|Dikirim", "Perihal|Subjek"),
    "it": Labels("Da|Mittente", "A|Destinatario", "Cc|CC|Copia", "Data|Inviato|Inviata", "Oggetto"),
    "ja": Labels("差出人|送信元|送信者", "宛先|送信先", "CC|Cc|写し", "日付|日時|送信日時", "件名"),
    "ko": Labels(
        "보낸 사람|보낸사람", "받는 사람|받는사람", "참조", "날짜|보낸 날짜|보낸날짜", "제목"
    ),
    "lt": Labels("Nuo|Siuntėjas", "Kam|Gavėjas", "Kopija", "Data|Išsiųsta", "Tema"),
    "lv": Labels("No|Sūtītājs", "Kam|Adresāts", "Kopija", "Datums|Nosūtīts", "Temats|Tēma"),
    "nl": Labels("Van", "Aan", "Cc|CC|Kopie", "Datum|Verzonden", "Onderwerp"),
    "no": Labels("Fra", "Til", "Kopi|Cc", "Dato|Sendt", "Emne"),
    "pl": Labels("Od|Nadawca", "Do|Adresat", "DW|Kopia|Cc", "Data|Wysłano|Wysłane", "Temat"),
    "pt": Labels(
        "De|Remetente",
        "Para",
        "Cc|CC|Cópia",
        "Data|Enviado|Enviada|Enviado em|Enviada em",
        "Assunto",
    ),
    "ro": Labels(
        "De la|Expeditor", "Către|Catre|Pentru", "Cc|CC|Copie", "Dată|Data|Trimis", "Subiect"
    ),
    "ru": Labels("От|Отправитель|От кого", "Кому", "Копия", "Дата|Отправлено", "Тема"),
    "sk": Labels("Od|Odosielateľ", "Komu|Pre", "Kópia", "Dátum|Odoslané", "Predmet"),
    "sl": Labels("Od|Pošiljatelj", "Za|Prejemnik", "Kp|Kopija", "Datum|Poslano", "Zadeva"),
    "sv": Labels("Från", "Till", "Kopia|Cc", "Datum|Skickat", "Ämne"),
    "th": Labels("จาก", "ถึง", "สำเนา", "วันที่|ส่ง", "เรื่อง|หัวเรื่อง"),
    "tr": Labels(
        "Kimden|Gönderen", "Kime|Alıcı", "Bilgi|Cc", "Tarih|Gönderildi|Gönderilme Tarihi", "Konu"
    ),
    "uk": Labels("Від|Від кого|Відправник", "Кому", "Копія", "Дата|Надіслано", "Тема"),
    "vi": Labels("Từ", "Đến|Tới", "Cc", "Ngày|Đã gửi", "Chủ đề|Tiêu đề"),
    "zh": Labels(
        "发件人|寄件者|寄件人",
        "收件人|收件者",
        "抄送|副本",
        "日期|发送时间|寄件日期|傳送時間",
        "主题|主旨|主題|標題",
    ),
}

# Stems of "forwarded" in the line that stands above a forwarded mail.
FORWARDED_STEMS = (
    "forward",  # en
    "weitergeleitet",  # de
    "transféré",  # fr
    "réexpédié",
    "réacheminé",
    "reenviad",  # es, pt
    "encaminhad",  # pt
    "inoltrat",  # it
    "doorgestuurd",  # nl
    "videresend",  # da, no
    "vidaresend",
    "vidarebefordra",  # sv
    "edelleenläh",  # fi
    "edelleen lähetet",
    "välitet",
    "lähetetty edelleen",
    "přeposl",  # cs
    "přeposíl",
    "preposl",  # sk
    "preposiel",
    "przekaz",  # pl
    "przesłan",
    "továbbít",  # hu
    "redirecțion",  # ro
    "redirection",
    "transmis",
    "пересл",  # ru, uk
    "пересыл",
    "пересил",
    "переадрес",
    "перенаправл",
    "препрат",  # bg
    "proslijeđ",  # hr
    "proslijed",
    "posredovan",  # sl
    "iletil",  # tr
    "yönlendir",
    "edastat",  # et
    "persiųst",  # lt
    "pārsūt",  # lv
    "reenviat",  # ca
    "προωθ",  # el
    "転送",  # ja
    "전달",  # ko
    "转发",  # zh
    "轉寄",
    "轉發",
)

# "Original message" stands above quoted mails too, so it does not make a mail a forward.
ORIGINAL_STEMS = (
    "original message",
    "original appointment",
    "ursprüngliche nachricht",
    "originalnachricht",
    "original-nachricht",
    "message d'origine",
    "message original",
    "messaggio originale",
    "mensaje original",
    "mensagem original",
    "oorspronkelijk bericht",
    "originalt bericht",
    "oprindelig meddelelse",
    "opprinnelig melding",
    "originalmeddelande",
    "ursprungligt meddelande",
    "alkuperäinen viesti",
    "původní zpráva",
    "pôvodná správa",
    "oryginalna wiadomość",
    "wiadomość oryginalna",
    "eredeti üzenet",
    "mesaj original",
    "исходное сообщение",
    "оригинальное сообщение",
    "вихідне повідомлення",
    "izvorna poruka",
    "orijinal mesaj",
    "özgün ileti",
    "reply message",
    "元のメッセージ",
    "원본 메시지",
    "原始邮件",
    "原始郵件",
    "邮件原件",
)

# What mail programs put before the subject, in lower case without the colon.
_FORWARD_PREFIXES = (
    # en; de; fr; es; it; pt; nl; sv; da+no; fi; pl; cs+sk; hu; ro; tr; el; he; zh; ja; et; lt
    "fw|fwd|fwd.|forward|forwarded|wg|tr|rv|i|enc|res-enc|doorst|vb|vs|vl|pd|přep|přepos|přeposláno|pr|"
    "to|tov|továbbítás|redir|redir.|ilt|ılt|i̇lt|πρθ|προωθ|הועבר|转发|轉寄|転送|전달|edasi|pers|"
    "trs|přeposlat|proslijeđeno|fs|переслать|пересл"
)
_REPLY_PREFIXES = (
    "re|re.|aw|antw|antwort|sv|odp|res|resp|r|rif|ref|vá|ynt|yan|atb|bls|απ|σχετ|回复|回覆|答复|返信|답장|"
    "отв|ответ|відп|vast|na|ad|rép|rép."
)
FORWARD_PREFIXES = frozenset(_FORWARD_PREFIXES.split("|"))
REPLY_PREFIXES = frozenset(_REPLY_PREFIXES.split("|"))

# Verbs and small words of "on … wrote", which may stand between the date and a name.
_WROTE_WORDS = (
    "on am le el il em op den dnia dne dňa dana pe la a om at um à um at kl kl. klo o v w в о "
    "uhr heeft schrieb skrev wrote napsal napsal(a) napísal użytkownik uživatel používateľ "
    "пользователь користувач korisnik från fra von de da van from by tarihinde keltezéssel "
    "a(z) az ha scritto escribió escreveu schreef"
)
WROTE_WORDS = frozenset(_WROTE_WORDS.split())
