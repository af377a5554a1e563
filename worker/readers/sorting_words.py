"""Words by which people say what their mail is about, by language, as regular expressions.

They are matched sentence by sentence against the new words of a mail in lower case. Each begins at
a word's beginning; a stem may go on ("überw[ie]+s" finds überwiesen).
"""

from __future__ import annotations

# Something was paid, or a document says so.
PAID = {
    "en": (
        r"paid (?!by\b)|we(?:'ve| have)? paid|payment (?:made|sent|processed|advice|notice|of|"
        r"for|confirmation|run|released|has been|was|to you)|remit(?:ted|tance)|transfer(?:red|"
        r"s)?\b(?! my| your)|wired?\b|wiring|sent (?:you|today|this|yesterday|eur|gbp|usd|chf|"
        r"£|\$|€)|ach\b|eft\b|bacs\b|che(?:que|ck) (?:no|number|#|for|in the)|(?:was|"
        r"been) collected|(?:cleared|settled) (?:our|the|your|this|all)|went out to you|"
        r"gone over|placed to your credit|(?:sending|sent) .{0,12}\d.{0,20}(?:towards|against|"
        r"for)|just went for|payment slip|bill payment|virtual card payment|direct debit|"
        r"done (?:via|by)|via (?:e-?banking|online banking|bank transfer)"
    ),
    "de": (
        r"überw[ie]+s|überweisung|beglichen|bezahlt|gezahlt|angewiesen|zahlungsavis|"
        r"avis(?:datei|e)?\b|zahlung (?:erfolgt|ist|wurde)|heute raus|abgebucht|lastschrift|"
        r"verrechnungsscheck|scheck\b|zahlungsmitteilung"
    ),
    "fr": (
        r"virement|virés?\b|réglée?s?\b|règlement|payée?s?\b|chèque|avis de (?:paiement|"
        r"règlement|virement)|prélèvement|prélevé|exécution.{0,60}ordres?|(?:détail|preuve|"
        r"confirmation) (?:de |du )?paiement"
    ),
    "nl": (
        r"betaald|voldaan|overgemaakt|overgeschreven|betaling\b|betaalspecificatie|"
        r"betalingsspecificatie|afrekening|betaaladvies|betalingsadvies|automatische incasso"
    ),
    "es": (
        r"transferid|transferencia (?:realizad|efectuad|hech|de|por)|pagad[oa]s?\b|abonad|"
        r"hemos pagado|aviso de pago|remesa|cheque\b|orden de pago|domiciliación"
    ),
    "it": (
        r"bonific|pagat[oaie]\b|saldat|a saldo|distinta di pagamento|"
        r"contabile\b.{0,40}(?:banca|bonifico|timbrat)|avviso di pagamento|assegno\b|"
        r"addebito diretto"
    ),
    "pt": (
        r"transferi\b|transferid|transferência (?:de|feita|efe|realiz)|pago\b|paguei|pagámos|"
        r"pagamos\b|liquidad|débito direto|débito directo|aviso de pagamento|comprovativo|"
        r"cheque\b"
    ),
    "pl": (
        r"przelew|przelan|przelal|zapłaco|opłaco|uregulowa|awizo|potwierdzenie (?:płatności|"
        r"przelewu)"
    ),
    "sv": (
        r"betald|betalat|betalt|betalades|betalning(?:en)? (?:är|har|av|gjord)|betalningsavi|"
        r"överfört|överförd"
    ),
    "da": r"betalt|overført|betalingsadvis|betaling (?:er|af)",
    "no": r"utbetalt|innbetalt|betalt|overført",
    "fi": r"maksettu|maksoimme|maksuerittely|tilisiirto",
    "cs": r"zaplacen|uhrazen|uhradili|zaplatili|převedli|avízo",
    "ja": r"振込|振り込み|支払明細|支払済|お支払いいたしました|入金(?:し|済)|送金",
    "zh": r"已付|已汇|汇款|已支付|已转账",
}

# Something will be paid.
PROMISED = {
    "en": (
        r"(?:will|shall|'ll|going to) (?:\w+ ){0,4}(?:pay|settle|transfer|remit|wire|"
        r"send (?:the )?(?:money|payment)|clear)\b|(?:will|shall|'ll|to) be (?:paid|settled|"
        r"transferred)|payment (?:will|is due to|is scheduled|is planned)|(?:scheduled|"
        r"lined up|booked|queued) (?:for|in) (?:payment|the|our)|in (?:our|"
        r"the) next (?:payment )?run|promise|bear with (?:us|me)|you(?:'ll| will) have (?:it|"
        r"the money|your money)"
    ),
    "de": (
        r"(?:werden|wird|werde) (?:\S+ ){0,8}(?:überweisen|überwiesen|zahlen|bezahlen|"
        r"begleichen|beglichen|gezahlt|bezahlt|anweisen)|nächste[nrs]? (?:woche|montag|"
        r"dienstag|mittwoch|donnerstag|freitag|monat|zahllauf|tage)|versprochen|"
        r"zahlung (?:folgt|erfolgt (?:am|bis|nächste))|"
        r"überweise(?:n wir)? (?:ich )?(?:\S+ ){0,4}(?:morgen|nächste|bis|am|ende)|"
        r"bitte (?:noch )?um (?:etwas |ein wenig )?geduld"
    ),
    "fr": (
        r"(?:réglerai|réglerons|règlerons|paierai|paierons|payerons|effectuerons|verserons|"
        r"procéderons)|(?:je|nous) vous (?:règle|paie|paye|virons)|avant la fin (?:du|de)|"
        r"la semaine prochaine|sera (?:réglée?|payée?|effectué)|sans faute|d'ici (?:la fin|le|"
        r"vendredi|lundi)"
    ),
    "nl": (
        r"(?:zal|zullen|wordt|worden) (?:\S+ ){0,6}(?:betaald|betalen|overgemaakt|voldaan|"
        r"overmaken|voldoen)|volgende (?:week|maand|maandag|vrijdag)|betalen (?:wij|"
        r"we) (?:\S+ ){0,3}(?:volgende|eind|voor|uiterlijk)|beloofd|staat ingepland"
    ),
    "es": (
        r"(?:pagaremos|pagaré|abonaremos|transferiremos|realizaremos|efectuaremos)|"
        r"(?:la )?(?:próxima|semana que) (?:semana|viene)|a final(?:es)? de mes|será (?:pagad|"
        r"abonad)|vamos a pagar"
    ),
    "it": (
        r"(?:pagheremo|pagherò|salderemo|salderò|effettueremo|provvederemo|provvederò)|"
        r"(?:la )?(?:prossima settimana|settimana prossima)|entro (?:la fine|fine|il|venerdì)|"
        r"sarà (?:pagat|saldat)"
    ),
    "pt": (
        r"(?:pagarei|pagaremos|transferiremos|liquidaremos|vou pagar|vamos pagar|trato disto|"
        r"tratarei)|(?:na )?(?:próxima semana|semana que vem)|até (?:ao|o) fim|assim que|"
        r"será (?:pag|liquidad)"
    ),
    "pl": (
        r"(?:zapłacimy|zapłacę|opłacimy|ureguluj|przelejemy|przeleję)|w przyszłym tygodniu|"
        r"do końca (?:miesiąca|tygodnia)|zostanie (?:opłacon|zapłacon|uregulowan)|obiecuj"
    ),
    "sv": (
        r"(?:kommer att|ska) (?:\S+ ){0,3}betala|betalar (?:vi )?(?:\S+ ){0,3}(?:nästa|"
        r"i slutet|senast|på)|nästa vecka"
    ),
    "da": (
        r"(?:vil|skal) (?:\S+ ){0,3}betale|betaler (?:vi )?(?:\S+ ){0,3}(?:næste|inden|"
        r"i slutningen)|næste uge"
    ),
    "no": (
        r"(?:vil|skal) (?:\S+ ){0,3}betale|betaler (?:vi )?(?:\S+ ){0,3}(?:neste|innen)|"
        r"neste uke"
    ),
    "fi": r"maksamme (?:\S+ ){0,3}(?:ensi|viimeistään)|maksetaan|ensi viikolla",
    "cs": (
        r"(?:zaplatíme|uhradíme|převedeme)|příští (?:týden|měsíc)|do konce (?:měsíce|týdne)|"
        r"bude uhrazen"
    ),
    "ja": r"支払(?:い)?予定|お支払いします|今しばらく|振込予定|来週|月末(?:に|まで)",
    "zh": r"将支付|将付款|下周|月底",
}

# Something is wrong with what was invoiced, or will not be paid.
DISPUTED = {
    "en": (
        r"disput|(?:not|n't|never) (?:be )?(?:pay|paying|sending (?:anything|payment|you)|"
        r"accept|agree)|refuse to|withhold|over-?charged|billed us (?:twice|double)|"
        r"(?:incorrect|wrong) (?:amount|price|invoice|rate|quantity|charge)|were quoted|"
        r"was quoted|corrected invoice|damaged|defective|faulty|short delivery|"
        r"never (?:arrived|delivered|ordered)|did(?:n't| not) order|reject (?:the|this|"
        r"your) invoice|cancel (?:the|this) invoice|complain|until (?:this|it|there)(?:'s|"
        r" is) (?:resolved|sorted|a corrected)"
    ),
    "de": (
        r"reklam|beanstand|mangelhaft|mängel|defekt|beschädigt|widersprech|widerspruch|"
        r"nicht einverstanden|(?:halten|behalten) (?:\S+ ){0,10}(?:zurück|ein)\b|"
        r"nicht zu gebrauchen|(?:falsche|fehlerhafte|unberechtigte) (?:rechnung|forderung|"
        r"betrag|menge|preis)|nicht bestellt|werden (?:\S+ ){0,4}nicht (?:be)?zahlen|"
        r"zahle(?:n)? (?:\S+ ){0,4}nicht|stornieren|bestreiten"
    ),
    "fr": (
        r"contest|litige|réclamation|refus|ne (?:paierons|paierai|réglerons) pas|défectueu|"
        r"endommagé|non conforme|erreur (?:de|sur|dans)|(?:facture|montant) (?:erronée?|"
        r"incorrecte?)|pas d'accord|annuler (?:cette|la) facture"
    ),
    "nl": (
        r"betwist|klacht|niet akkoord|betaal(?:\S* \S+){0,2} niet|betalen (?:wij|"
        r"we) (?:\S+ ){0,3}niet|intrekken|onjuist|beschadigd|defect|niet besteld|reclame|"
        r"crediteren"
    ),
    "es": (
        r"disput|reclamaci|no estamos de acuerdo|no (?:vamos a pagar|pagaremos)|defectuos|"
        r"dañad|(?:factura|importe) (?:incorrect|erróne)|rechaza|anular la factura"
    ),
    "it": (
        r"contest|reclamo|non (?:pagheremo|siamo d'accordo|accettiamo)|difettos|danneggiat|"
        r"(?:fattura|importo) (?:errat|non corrett)|storn"
    ),
    "pt": (
        r"contest|reclamaç|não (?:pagamos|pagaremos|vamos pagar|concordamos)|defeituos|"
        r"danificad|(?:fatura|valor) (?:incorret|errad)|anular a fatura"
    ),
    "pl": (
        r"reklamac|nie (?:zapłac|zgadzamy|akceptuj|uznajemy)|wadliw|uszkodzon|błędn|sporn|"
        r"anulowa|korekt"
    ),
    "sv": r"bestrid|reklam|betalar inte|inte betala|felaktig|skadad|trasig|makulera",
    "da": r"bestrid|reklam|betaler ikke|ikke betale|forkert|beskadiget|defekt|annuller",
    "no": (r"bestrid|reklam|betaler ikke|ikke betale|feil (?:pris|beløp|faktura)|skadet|defekt"),
    "fi": r"reklam|riita|emme maksa|virheelli|vialli|rikki|hyvityslasku(?:a)? pyyd",
    "cs": r"reklam|nesouhlas|nezaplatíme|vadn|poškozen|chybn|stornovat",
    "ja": r"異議|不良品|破損|返品|誤請求|お支払いできません",
    "zh": r"异议|拒付|有误|损坏",
}

# Please send it again.
COPY_WANTED = {
    "en": (
        r"(?:a |another |the |fresh |new )?(?:copy|copies|duplicate) (?:of|invoice)|"
        r"(?:re-?send|send (?:\S+ ){0,4}again|re-?issue)|(?:have not|haven't|did not|didn't|"
        r"never) (?:\S+ ){0,2}(?:receive|get|got)\w* (?:\S+ ){0,3}invoice|(?:lost|mislaid|"
        r"can(?:no|')t find|cannot find) (?:\S+ ){0,3}invoice"
    ),
    "de": (
        r"(?:rechnungs)?kopie|duplikat|zweitschrift|(?:erneut|nochmals?|"
        r"noch einmal) (?:\S+ ){0,4}(?:send|schick|zu(?:send|schick|komm)|übermittel|mail)|"
        r"rechnung (?:\S+ ){0,3}nicht (?:erhalten|bekommen|angekommen|vor)"
    ),
    "fr": (
        r"duplicata|copie de (?:la|votre|cette) facture|renvoyer|(?:pas|"
        r"jamais) reçu (?:\S+ ){0,3}facture"
    ),
    "nl": (
        r"duplicaat|kopie(?: van)? (?:de |uw |deze )?fact|(?:opnieuw|"
        r"nogmaals) (?:\S+ ){0,3}(?:stur|toestur|mail|zend)|factuur (?:\S+ ){0,3}niet ontvangen"
    ),
    "es": (
        r"duplicado|copia de (?:la|su|esta) factura|reenviar|reenví|volver a enviar|"
        r"no hemos recibido (?:\S+ ){0,3}factura"
    ),
    "it": (
        r"duplicato|copia della (?:vostra |sua )?fattura|re?inviare|rinviar|"
        r"inviar\w+ nuovamente|non (?:abbiamo|ho) ricevuto (?:\S+ ){0,3}fattura"
    ),
    "pt": (
        r"(?:2[.ªa]+|segunda) via|duplicado|cópia da (?:sua |vossa )?fatura|reenviar|"
        r"não recebemos (?:\S+ ){0,3}fatura"
    ),
    "pl": (
        r"duplikat|kopi[ęią] faktury|ponown\w+ (?:przesła|wysła)|nie (?:otrzyma|dosta|"
        r"dotar)\S+ (?:\S+ ){0,3}faktur"
    ),
    "sv": (
        r"(?:faktura)?kopia (?:av|på)|fakturakopia|skicka (?:\S+ ){0,3}(?:igen|på nytt)|"
        r"inte fått (?:\S+ ){0,3}faktura"
    ),
    "da": (
        r"kopi af|fakturakopi|sende (?:\S+ ){0,3}(?:igen|på ny)|"
        r"ikke modtaget (?:\S+ ){0,3}faktura"
    ),
    "no": (
        r"kopi av|fakturakopi|sende (?:\S+ ){0,3}(?:igjen|på nytt)|"
        r"ikke mottatt (?:\S+ ){0,3}faktura"
    ),
    "fi": (
        r"kopio laskusta|laskukopio|lähettä\S+ (?:\S+ ){0,3}uudelleen|"
        r"emme ole saaneet (?:\S+ ){0,3}lasku"
    ),
    "cs": r"kopi[ei] faktury|duplikát|zaslat (?:\S+ ){0,3}(?:znovu|opakovaně)|neobdržel",
    "ja": r"再送|再発行|写しを|コピーを|届いておりません",
    "zh": r"重新发送|再发|补发|复印件",
}

# It arrived, thank you.
ACKNOWLEDGED = {
    "en": (
        r"thank|thx|cheers\b|received|noted|acknowledg|passed (?:for|to|on)|forward(?:ed|"
        r"ing) (?:it |this )?to (?:our|the)|will (?:process|look|review|check)"
    ),
    "de": (
        r"danke|dank\b|erhalten|eingegangen|zur kenntnis|weitergeleitet|wird geprüft|"
        r"in bearbeitung"
    ),
    "fr": r"merci|bien reçu|reçue?\b|pris(?:e)? (?:bonne )?note|transmise?s? (?:à|au)",
    "nl": r"bedankt|dank|ontvangen|doorgestuurd|genoteerd",
    "es": r"gracias|recibid|tomamos nota|acusamos recibo",
    "it": r"grazie|ricevut|preso atto|inoltrat",
    "pt": r"obrigad|recebid|recebemos|tomámos nota",
    "pl": r"dzięk|otrzyma|potwierdzam|przekaza",
    "sv": r"tack\b|mottag|attest|vidarebefordra",
    "da": r"tak\b|modtaget|videresendt",
    "no": r"takk|mottatt|videresendt",
    "fi": r"kiitos|vastaanotettu|saatu",
    "cs": r"děkuj|obdrže|přijat",
    "ja": r"ありがとう|受領|拝受|受け取り",
    "zh": r"谢谢|收到",
}

# Somebody wants money to go elsewhere, or wants to be told secrets.
LURING = {
    "en": (
        r"(?:bank(?:ing)?|account|payment) (?:details|information|account|data|"
        r"coordinates)(?: \S+){0,6} (?:changed|updated|amended|new)|(?:new|updated|"
        r"changed) (?:bank|banking|iban|account (?:details|number))|(?:change|update|changing|"
        r"updating) (?:\S+ ){0,3}(?:bank|banking|iban|account details|payment details)|"
        r"(?:confirm|verify|update|validate) (?:\S+ ){0,3}(?:password|log-?in|credentials|"
        r"pin\b|online banking|iban)|gift cards?"
    ),
    "de": (
        r"(?:neue|geänderte|aktualisierte)[nrs]? (?:\S+ )?(?:bankverbindung|bankdaten|"
        r"kontoverbindung|kontonummer|iban|kontodaten)|(?:bankverbindung|bankdaten|"
        r"kontoverbindung|iban)(?: \S+){0,6} (?:geändert|gewechselt|aktualisiert|ändern)|"
        r"(?:passwort|zugangsdaten|tan\b|pin\b)(?: \S+){0,6} (?:bestätigen|eingeben|"
        r"verifizieren)"
    ),
    "fr": (
        r"(?:nouve(?:au|lles?|l)|changement de|modification de) (?:\S+ ){0,2}(?:rib\b|iban|"
        r"coordonnées bancaires|compte bancaire)|(?:rib|iban|"
        r"coordonnées bancaires)(?: \S+){0,4} (?:changé|modifié|mis à jour)|mot de passe|"
        r"identifiants"
    ),
    "nl": (
        r"(?:nieuwe?|gewijzigde?) (?:\S+ )?(?:iban|rekeningnummer|bankgegevens|bankrekening)|"
        r"(?:iban|rekeningnummer|bankgegevens)(?: \S+){0,4} (?:gewijzigd|veranderd|aangepast)|"
        r"wachtwoord|inloggegevens"
    ),
    "es": (
        r"(?:nuev[oa]s?|cambio de|actualización (?:\S+ )?de) (?:\S+ ){0,2}(?:iban|"
        r"datos bancarios|cuenta bancaria)|(?:confirmar|actualizar|"
        r"verificar) (?:\S+ ){0,3}(?:iban|datos bancarios|cuenta|claves?|contraseña)|"
        r"claves? de (?:su|la) banca|contraseña"
    ),
    "it": (
        r"(?:nuov[eoi]|cambio|variazione|modifica) (?:\S+ ){0,2}(?:iban|coordinate bancarie|"
        r"conto corrente|conto bancario)|(?:iban|coordinate bancarie)(?: \S+){0,4} (?:cambiat|"
        r"modificat|variat)|password|credenziali"
    ),
    "pt": (
        r"(?:nov[oa]s?|alteração (?:de|do|dos)|mudança (?:de|do)) (?:\S+ ){0,2}(?:iban|"
        r"dados bancários|conta bancária|nib\b)|(?:confirmar|atualizar) (?:\S+ ){0,3}(?:iban|"
        r"dados bancários|senha|palavra-passe)|palavra-passe|senha\b"
    ),
    "pl": (
        r"(?:now[yae]\w*|zmian[aęy]) (?:\S+ ){0,2}(?:numer\w* )?(?:konta|rachunku|iban|"
        r"danych bankowych)|hasło|dane logowania"
    ),
    "sv": (
        r"(?:nytt|nya|ändrade?) (?:\S+ )?(?:bankkonto|bankgiro|bankuppgifter|kontonummer|iban)|"
        r"lösenord|bankid-kod"
    ),
    "da": (
        r"(?:nyt|nye|ændrede?) (?:\S+ )?(?:bankkonto|bankoplysninger|kontonummer|iban)|"
        r"adgangskode"
    ),
    "no": (
        r"(?:nytt|nye|endrede?) (?:\S+ )?(?:bankkonto|bankopplysninger|kontonummer|iban)|"
        r"passord"
    ),
    "cs": (
        r"(?:nov[ýéá]\w*|změn[aěu]) (?:\S+ ){0,2}(?:čísl\w+ účtu|iban|bankovní\w* (?:spojení|"
        r"účtu?))|heslo"
    ),
    "ja": r"(?:振込先|口座)(?:の)?(?:変更|が変わ)|新しい口座|パスワード",
    "zh": r"(?:新的?|变更)(?:银行)?账[户号]|密码",
}

# "Our bank details are never changed by e-mail" warns of just that.
WARNING_OF = (
    r"\b(?:never|not change|niemals|nie\b|jamais|nunca|nooit|aldrig|mai\b|nigdy|beware|fraud|"
    r"phishing)"
)

# A question without its mark, or a doubt put as one.
ASKING = (
    r"wonder(?:ing)? (?:if|whether|why|what)|not sure (?:if|whether|why|what)|(?:could|can|"
    r"would) you (?:please )?(?:tell|explain|confirm|clarify|check|let me know|advise)|"
    r"please (?:explain|clarify|advise|let (?:me|us) know)|(?:können|könnten) sie|"
    r"bitte (?:erklären|erläutern|klären|teilen sie)|frage mich|pouvez-vous|pourriez-vous|"
    r"merci de (?:nous |me )?(?:préciser|expliquer|indiquer)|kunt u|kun je|graag verneem|"
    r"podría[ns]?|puede (?:usted )?(?:explicar|confirmar|indicar)|potrebbe|potete|"
    r"può (?:spiegar|conferm|indicar)|poderia[m]?|pode (?:explicar|confirmar|indicar)|"
    r"proszę o (?:informac|wyjaśn|odpowied)|kan ni|kan du|voisitteko|教えて|ご確認|请问"
)

# The subject of a holiday notice and its like.
AUTO_SUBJECTS = (
    r"auto(?:matic)?[- ]?(?:reply|response|responder)|automated (?:reply|response)|"
    r"out of (?:the )?office|away from (?:the )?office|on (?:vacation|holiday|leave)\b|"
    r"abwesenheit|automatische antwort|auto-?antwort|nicht im (?:büro|haus)|"
    r"réponse automatique|absence (?:du|de) bureau|absent du bureau|respuesta automática|"
    r"fuera de (?:la )?oficina|risposta automatica|fuori (?:sede|ufficio)|resposta automática|"
    r"fora do escrit|ausência|automatisch antwoord|afwezig|automatiskt svar|autosvar|"
    r"automatisk svar|frånvaro|fravær|automatyczna odpowiedź|autoodpowiedź|poza biurem|"
    r"automatická odpověď|automaattinen vastaus|poissaolo|automatikus válasz|răspuns automat|"
    r"automatski odgovor|otomatik yanıt|自動返信|自动回复|自動回覆|자동 ?응답|"
    r"автоответ|автоматический ответ|автоматична відповідь"
)

# The same in the text, where the subject and the headers do not say it.
AUTO_WORDS = (
    r"i(?:'m| am) (?:currently )?(?:out of (?:the )?office|away|on (?:annual |maternity |sick |"
    r"parental )?leave|on (?:vacation|holiday))|i will be (?:out of (?:the )?office|away)|"
    r"ich bin (?:\S+ ){0,8}(?:nicht im (?:büro|haus)|abwesend|im urlaub|außer haus)|"
    r"je suis (?:actuellement )?(?:absente?|en congés?|en vacances)|"
    r"ik ben (?:\S+ ){0,5}(?:afwezig|niet aanwezig|met vakantie)|"
    r"estoy (?:\S+ )?(?:fuera de la oficina|de vacaciones|ausente)|"
    r"sono (?:\S+ )?(?:fuori (?:sede|ufficio)|in ferie|assente)|"
    r"estou (?:\S+ )?(?:fora do escritório|ausente|de férias)|jestem (?:\S+ )?(?:nieobecn|"
    r"na urlopie)|jag är (?:\S+ ){0,3}(?:på semester|inte på kontoret|ledig)|"
    r"jeg er (?:\S+ ){0,3}(?:på ferie|ikke på kontoret)"
)

# What mail providers write above a complaint, and readers who want no more mail.
COMPLAINT_SUBJECTS = (
    r"(?:e-?mail )?(?:abuse|spam) (?:report|complaint)|complaint about (?:a )?(?:message|mail|"
    r"email)|unsubscribe$|abmelden$"
)
