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
    "ar": Labels("من", "إلى", "نسخة", "التاريخ|تاريخ الإرسال|تم الإرسال|أرسلت", "الموضوع"),
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
        "Message du|Date|Envoyé|Envoyé le|Date d'envoi",
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
        "Kimden|Gönderen",
        "Kime|Alıcı",
        "Bilgi|Cc",
        "Tarih|Gönderildi|Gönderilme Tarihi|Gönderme Tarihi",
        "Konu",
    ),
    "uk": Labels("Від|Від кого|Відправник", "Кому", "Копія", "Дата|Надіслано", "Тема"),
    "vi": Labels("Từ", "Đến|Tới", "Cc", "Ngày|Đã gửi", "Chủ đề|Tiêu đề"),
    "zh": Labels(
        "发件人|寄件者|寄件人",
        "收件人|收件者",
        "抄送|副本",
        "日期|发送时间|发送日期|寄件日期|傳送時間",
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
    "oprindelig besked",
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
    "időpontban dátummal időponttal felhasználó utilizatorul uporabnik "
    "on am le el il em op den dnia dne dňa dana pe la a om at um à um at kl kl. klo o v w в о "
    "uhr heeft schrieb skrev wrote napsal napsal(a) napísal użytkownik uživatel používateľ "
    "пользователь користувач korisnik från fra von de da van from by tarihinde keltezéssel "
    "a(z) az ha scritto escribió escreveu schreef"
)
WROTE_WORDS = frozenset(_WROTE_WORDS.split())

# "… wrote:" above a quotation, in lower case; some stand before the name, most after it.
_WROTE_VERBS = (
    "wrote|writes|said|schrieb|schreibt|a écrit|escribió|escribio|escreveu|ha scritto|scrive|"
    "schreef|geschreven|skrev|följande|følgende|kirjoitti|napisał|napisała|napisał(a)|napisal|pisze|"
    "napsal|napsala|napsal(a)|napísal|napísala|napísal(a)|írta|ezt írta|a scris|napisao|napisala|"
    "je napisao|napisao je|написал|написала|написал(а)|писал|пишет|написав|написала|пише|yazdı|"
    "şunu yazdı|kirjutas|rašė|rakstīja|va escriure|έγραψε|כתב|كتب|viết|menulis|เขียน|"
    "写道|寫道|写入|のメッセージ|님이 작성"
)
WROTE_VERBS = tuple(sorted(_WROTE_VERBS.split("|"), key=len, reverse=True))

# How the line above a quotation begins: "On", a weekday or a date.
_WROTE_STARTS = (
    "on at am um le el il em op den dnia dne dňa pe la på w în dana 在 於 于 vào ngày ในวันที่ στις "
    "mon tue wed thu fri sat sun monday tuesday wednesday thursday friday saturday sunday "
    "mo di mi do fr sa so montag dienstag mittwoch donnerstag freitag samstag sonntag "
    "lun mar mer jeu ven sam dim lundi mardi mercredi jeudi vendredi samedi dimanche "
    "lunes martes miércoles jueves viernes sábado domingo mié jue vie sáb dom "
    "lunedì martedì mercoledì giovedì venerdì sabato domenica gio "
    "seg ter qua qui sex segunda terça quarta quinta sexta "
    "ma woe wo vr za zo maandag dinsdag woensdag donderdag vrijdag zaterdag zondag "
    "man tir ons tor lør søn mandag tirsdag onsdag torsdag fredag lørdag søndag "
    "mån tis lör sön måndag tisdag lördag söndag ti ke to pe la su "
    "pon wt śr czw pt sob niedz poniedziałek wtorek środa czwartek piątek sobota niedziela "
    "po út st čt pá ne ut št pi hétfő kedd szerda csütörtök péntek szombat vasárnap "
    "пн вт ср чт пт сб вс нд понедельник вторник среда четверг пятница суббота воскресенье "
    "понеділок вівторок середа четвер п'ятниця субота неділя pzt sal çar per cum cmt paz "
    "luni marți miercuri joi vineri sâmbătă duminică mie joi vin sâm dum"
)
WROTE_STARTS = frozenset(_WROTE_STARTS.split())

# What telephones and programs write under a mail by themselves.
_SENT_FROM = (
    r"sent (?:from|via|with|by|using)",
    r"from my (?=iphone|ipad|android|phone|mobile)",
    r"get outlook for",
    r"download outlook",
    r"(?:von meinem|von unterwegs).{0,40}gesendet",
    r"(?:gesendet|versendet|verschickt) (?:von|mit|über|aus)",
    r"diese nachricht wurde von.{0,60}gesendet",
    r"envoyé (?:de|depuis|à partir|avec|via)",
    r"enviado (?:desde|do|a partir|via|com|pelo|con)",
    r"inviato (?:da|dal|con|tramite)",
    r"(?:verzonden|verstuurd) (?:vanaf|met|via|vanuit)",
    r"(?:skickat|skickades) från",
    r"sendt (?:fra|via|med)",
    r"lähetetty .{0,40}(?:puhelime|laittee|iphone|ipad|android|outlook)",
    r"wysłan[oey] (?:z|za pomocą|przy)",
    r"odesláno (?:z|ze)",
    r"odoslané (?:z|zo)",
    r"(?:küldve|elküldve)",
    r"trimis (?:de pe|din|de la|cu)",
    r"poslano (?:s|iz|sa)",
    r"отправлено (?:с|из)",
    r"надіслано (?:з|із)",
    r"iphone'umdan gönderildi",
    r"從我的 .{1,30} 傳送",
    r"从我的 ?.{1,30} ?发送",
    r"发自我的",
    r"iphoneから送信",
    r".{1,20}에서 (?:보냄|보낸)",
    r"someone from mobile",
)
SENT_FROM = "|".join(_SENT_FROM)
