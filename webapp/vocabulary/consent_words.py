"""How people call a column that says whether they may write to a person.

All stand here as `reading.labels.normalised` leaves them: lower case, without accents.
"""


def _phrases(text: str) -> frozenset[str]:
    return frozenset(" ".join(phrase.split()) for phrase in text.split("|"))


# Also written together and within a longer label: HasOptedOutOfEmail.
CONSENT = _phrases("""
    unsubscribe | unsubscribed | subscribed | opt out | opted out | opted in | email opt in
    | marketing opt in | newsletter opt in | sms opt in | do not contact | do not call
    | do not email | do not e mail | do not mail | do not phone | do not text | do not disturb
    | do not market | do not solicit | dont contact | don t contact | dont call | don t call
    | dont email | don t email | no contact | no marketing | no mailing | no mailings | no emails
    | consent | accepts marketing | marketing allowed | marketing permission | email permission
    | permission to contact | permission to email | may contact | suppressed | suppression
    | abgemeldet | abbestellt | abmeldung | ausgetragen | werbewiderspruch | widerspruch
    | keine werbung | keine mails | keine e mails | keine anrufe | kein kontakt | kein newsletter
    | nicht kontaktieren | nicht anrufen | nicht anschreiben | kontaktsperre | werbesperre
    | einwilligung | zustimmung | werbeerlaubnis | einverstandnis | einverstaendnis
    | desabonne | desabonnement | desinscrit | desinscription | ne pas contacter | ne pas appeler
    | ne pas demarcher | ne pas envoyer | ne pas solliciter | consentement | opposition commerciale
    | accepte la prospection | accord marketing
    | dado de baja | dada de baja | cancelo suscripcion | no contactar | no llamar | no molestar
    | no enviar | consentimiento | acepta publicidad | acepta marketing
    | descadastrado | descadastrada | cancelou inscricao | nao contactar | nao contatar
    | nao ligar | nao perturbe | nao enviar | consentimento | aceita marketing
    | disiscritto | disiscritta | disiscrizione | non contattare | non chiamare | non inviare
    | consenso | accetta marketing
    | uitgeschreven | afgemeld | niet contacteren | niet bellen | niet mailen | niet benaderen
    | toestemming | bel me niet
    | avregistrerad | avprenumererad | avanmald | kontakta ej | kontakta inte | ring ej
    | ring inte | samtycke
    | afmeldt | frameldt | kontakt ikke | ring ikke | ma ikke kontaktes | samtykke
    | avmeldt | ikke kontakt | ikke ring | reservert mot
    | peruuttanut | ei saa soittaa | ei saa ottaa yhteytta | markkinointikielto | suostumus
    | wypisany | wypisana | rezygnacja z newslettera | nie kontaktowac | nie dzwonic | zgoda na
    | zgoda marketingowa | sprzeciw
    | odhlasen | odhlaseno | nekontaktovat | nevolat | souhlas | odhlaseny | suhlas
    | leiratkozott | ne keresse | ne hivja | hozzajarulas
    | abonelikten cikti | iletisim kurmayin | aramayin | aranmasin | onay durumu | riza durumu
    | отписан | отписался | отписалась | не звонить | не писать | не связываться | согласие
    | huy dang ky | khong lien he | khong goi | dong y nhan
    | 配信停止 | 連絡不可 | 同意 | 退订 | 退訂 | 请勿联系 | 請勿聯絡 | 勿扰 | 수신거부 | 연락금지 | 동의
""")
# Only as a word of its own: within longer words, these mean something else.
CONSENT_WORDS = _phrases("""
    opt in | optin | dnc | dnd | gdpr | dsgvo | rgpd | lopd | lgpd | rodo | kvkk | zgoda | optedin
""")
