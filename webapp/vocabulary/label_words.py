"""The words of column labels that name no field by themselves.

All stand here as `reading.labels.normalised` leaves them: lower case, without accents.
"""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Which of several values a column has, without changing which field it is.
QUALIFIERS = _words("""
    business work office home private personal other primary main secondary mailing billing
    shipping value direct delivery invoice invoicing residential permanent physical preferred
    alternate alternative alt additional landline correspondence bill ship current best
    geschaftlich geschaeftlich geschaftl gesch dienstlich dienstl beruflich privat private
    privater priv
    weitere weiteres weiterer rechnung lieferung buro buero zuhause
    haupt professionnel professionnelle prof pro personnel personnelle perso bureau domicile
    travail autre principal principale fixe facturation livraison
    trabajo del de la casa particular otro otra laboral oficina facturacion envio domicilio
    comercial residencial outro outra profissional trabalho residencia cobranca entrega
    ufficio abitazione lavoro altro altra uff ab personale fatturazione spedizione casa
    werk zakelijk prive thuis overig overige ander factuur
    arbete arbetet hem privat ovrigt annan arbejde arbejds hjem ovrig anden arbeid jobb privat
    annen tyo koti muu
    sluzbowy sluzbowa sluzbowe praca domowy domowa domowe dom prywatny prywatna prywatne inny
    inna inne prace zamestnani domu domaci pracovni soukromy soukroma jiny jina
    рабочии рабочая рабочее раб домашнии домашняя домашнее дом личныи личная личное основнои
    основная другои
    is ev diger birincil kisisel
    会社 勤務先 自宅 その他 仕事 办公 工作 单位 住宅 家庭 商务 其他 公司用 회사용 직장 근무처 집 자택 기타
""")
# A second address or number, not the one to write to first.
SECOND = _words("""
    other secondary alternate alternative alt additional weitere weiteres weiterer autre otro
    otra outro outra altro altra overig overige ander ovrigt annan anden annen muu inny inna inne
    jiny jina другои diger その他 其他 기타
""")
# The labels of an address, by the words that say it; with a star, by how a word begins. The first
# that fits is taken: a mobile phone for work is a mobile phone.
ADDRESS_LABEL_WORDS = {
    "mobile": _words("""
        mob cel cep port kom mobil* cell* celul* handy* gsm* natel* portab* portat* movil* telemov*
        smartphone* iphone* matkapuhelin* kannyk* komork* сотов* мобил* моб* 携帯* 手机* 手機* 移动* 行動*
        휴대* 핸드폰*
    """),
    "work": _words("""
        pro prof uff praca prace tyo раб jobb job firm work* business* office* company* gesch*
        dienst* beruf* buro* buero* bureau* profession* travail* trabajo* laboral* oficina*
        comercial* profissional* trabalho* ufficio* lavor* aziend* empresa* werk* zakelijk* arbet*
        arbejd* arbeid* jobbt* tyopu* tyosa* sluzb* pracov* zamestn* firma* firmen* istel* iseposta*
        рабоч* служеб* 勤務* 会社* 仕事* 办公* 工作* 单位* 商务* 公司* 회사* 직장* 근무*
    """),
    "home": _words("""
        perso casa ab hem ev dom domu particular priv home* privat* prive* personal* personnel* domicil*
        residen* abitazion* pessoal* thuis* hjem* hemt* koti* domow* domac* prywat* soukrom* domas*
        домаш* личн* zuhause* kisisel* 自宅* 住宅* 家庭* 자택* 집*
    """),
    "other": _words("""
        muu other* autre* otro* otra* outro* outra* altro* altra* overig* andere* sonstig* ovrig*
        annan* anden* annen* inny* inna* inne* jiny* jina* другои* diger* その他* 其他* 기타*
    """),
}
# Of a label's words, those that say nothing of these.
NO_ADDRESS_LABEL = _words("""
    main primary pref preferred default voice internet text msg x400 smtp ex email e mail phone tel
    telephone telefon haupt principal number value
""")
# Numbers under which no person answers.
MACHINES = ("fax", "pager", "beeper", "telex", "modem")
# Whose addresses several contacts share.
SHARED = _words("""
    billing bill invoice invoicing shipping ship delivery rechnung lieferung facturation livraison
    facturacion envio cobranca entrega fatturazione spedizione factuur
""")
# Of these, a name may have some; a "home name" is none.
NAME_QUALIFIERS = _words("""
    primary main billing shipping mailing bill ship invoice delivery value current principal
    principale haupt rechnung lieferung de del facturation facturacion birincil
""")
# Written together with the field: MAILINGSTREET, Privatadresse.
GLUED = {
    "mailing": "mailing",
    "other": "other",
    "business": "business",
    "home": "home",
    "work": "work",
    "billing": "billing",
    "shipping": "shipping",
    "primary": "primary",
    "privat": "privat",
    "geschafts": "geschaftlich",
    "dienst": "dienstlich",
    "wohn": "privat",
    "rechnungs": "rechnung",
    "liefer": "lieferung",
    "kontakt": "",
    "kunden": "",
    "mitglieds": "",
    "contact": "",
    "customer": "",
    "client": "",
    "member": "",
}
# The contact itself: "Customer Email", "Person - Phone", "E-Mail des Mitglieds".
PERSONS = _words("""
    contact contacts person people persons customer customers client clients user users member
    members subscriber subscribers attendee attendees participant participants guest guests buyer
    purchaser donor supporter constituent lead leads prospect recipient patient student employee
    candidate applicant individual registrant volunteer cust usr
    kunde kunden mitglied mitglieder mitglieds teilnehmer teilnehmers teilnehmerin kontakt kontakte
    kontaktperson ansprechpartner ansprechpartners ansprechperson empfanger
    membre membres adherent adherents participante abonne contacto contactos cliente clientes
    socio socios persona personas contato contatos contatto contatti iscritto
    klant klanten lid leden deelnemer contactpersoon
    kund kunder medlem medlemmar medlemmer deltagare deltager asiakas jasen henkilo
    klient osoba kontakt zakaznik
    клиент клиента контакт контакта musteri uye kisi
    顧客 お客様 会員 客户 联系人 会员 고객 회원 담당자
""")
# What an export puts before every label: "properties.firstname", "cf_email".
CONTAINERS = _words("""
    properties property fields field attributes attribute attr data details detail info
    information profile default cf custom fieldvalues values answers answer form wp meta merge
    address addresses adresse adressen anschrift direccion endereco indirizzo adres adress adresa
    location name names nom nome nombre naam namn navn email emails mail phone phones telephone
    telefon contact emailaddress emailaddresses phonenumbers
""")
# The containers whose own name is part of the fields they hold: an address holds a city.
ADDRESS_WORDS = _words("""
    address addresses adresse adressen anschrift direccion endereco indirizzo adres adress adresa
    location default
""")
# The company's: its address is where the contact works; its phone and e-mail are not theirs.
COMPANY_WORDS = _words("""
    company companys organization organisation org firm firma firmen unternehmen societe entreprise
    empresa azienda societa bedrijf account employer foretag virksomhed bedrift yritys
""")
# Everyone else who may stand in the row of a contact.
OTHER_PERSONS = _words("""
    owner owners manager managers assistant assistants asst assitant secretary secretarys created
    creator modified updated added approved assigned assignee referred referrer referral recommended
    invited inviter introduced spouse spouses husband wife partner partners parent parents mother
    mothers father fathers mum mom dad guardian guardians carer caregiver emergency ice kin child
    childs children childrens kid kids son daughter sibling brother sister rep representative
    salesperson salesman sales seller agent agents broker executive supervisor boss coordinator
    handler teacher coach instructor doctor physician recruiter interviewer author sender submitter
    organizer organiser host landlord sponsor mentor director staffer advisor adviser beneficiary
    chair chairman accountant lawyer solicitor spouses reports
    assistent assistenten assistentin assistenz sekretar sekretarin sekretariat besitzer
    eigentumer inhaber zustandig zustandiger zustandige betreuer betreuerin bearbeiter
    sachbearbeiter verantwortlich verantwortlicher verantwortliche vertreter vertriebler
    vertriebsmitarbeiter vorgesetzter vorgesetzte ehepartner ehemann ehefrau ehegatte eltern
    elternteil mutter vater kind kinder erziehungsberechtigter erziehungsberechtigte
    erziehungsberechtigten vormund notfall notfallkontakt notfallnummer notfalltelefon angehoriger
    angehorige berater beraterin trainer ubungsleiter hausarzt arzt erstellt geandert angelegt
    geworben
    assistante secretaire proprietaire gestionnaire conjoint conjointe epoux epouse mere pere
    tuteur urgence enfant enfants responsable parrain vendeur commercial cree modifie conseiller
    asistente secretaria secretario propietario propietaria conyuge esposo esposa madre padre
    padres tutor emergencia emergencias hijo hijos vendedor gerente creado modificado asignado
    asesor representante
    assistente proprietario conjuge mae pai responsavel gestor gerenciador filho filhos
    criado
    segretaria segretario coniuge titolare proprietaria emergenza emergenze figlio figli genitore
    genitori venditore creato modificato
    assistente eigenaar echtgenoot echtgenote moeder vader ouder ouders voogd noodgeval kinderen
    verkoper accountmanager vertegenwoordiger aangemaakt
    assistentens assistens chef make maka foralder foraldrar vardnadshavare mor far barn saljare
    skapad agare
    agtefaelle aegtefaelle foraelder foraeldre saelger ejer oprettet nodkontakt ektefelle forelder
    foreldre foresatt selger eier opprettet
    avustaja omistaja puoliso huoltaja vanhempi lapsi myyja hatatilanne luonut
    asystent asystenta wlasciciel opiekun malzonek rodzic matka ojciec dziecko sprzedawca handlowiec
    przedstawiciel utworzone
    vlastnik manzel manzelka rodic matka otec dite zastupce obchodnik vytvoril
    ассистент ассистента помощник помощника владелец владельца менеджер менеджера ответственныи
    супруг супруга родитель мать отец ребенок руководитель создал автор
    asistan yardimci yardimcinin sahibi yonetici yoneticinin esi veli anne baba cocuk acil temsilci
    秘書 担当営業 営業担当 保護者 緊急連絡先 配偶者 上司 紹介者 作成者
    助理 助手 秘书 经理 配偶 紧急联系人 家长 负责人 推荐人
    비서 보호자 비상연락처 배우자 담당영업 작성자
""")
# Two words that together are another person.
OTHER_PERSON_PAIRS = (
    "account manager",
    "sales rep",
    "next of",
    "of kin",
    "secondary contact",
    "other contact",
    "alternate contact",
    "alternative contact",
    "second contact",
    "additional contact",
    "secondary person",
    "weiterer kontakt",
    "weiterer ansprechpartner",
    "zweiter ansprechpartner",
    "autre contact",
    "otro contacto",
    "outro contato",
    "altro contatto",
    "created by",
    "by name",
    "by email",
)
# At the begin or end of a label that is written as one word: ASSISTANTPHONE, OWNERID.
GLUED_PERSONS = (
    "assistant",
    "owner",
    "manager",
    "spouse",
    "emergency",
    "createdby",
    "modifiedby",
    "assistent",
    "notfall",
)
# These make another thing of a field's name: "E-mail type", "Phone (fax)", "E-mail (further)".
CHANGING = _words("""
    fax telefax pager ext extension durchwahl type typ status opt optin consent further skype count
    label labels verified bounced subscribed url photo image password maiden birth former previous
    old phonetic yomi kana furigana nick screen display file
""")
# Said beside a label, in forms and templates.
NOISE = _words("""
    required optional mandatory obligatory please your the enter provide fill in what whats
    is are which give us tell need to an a if any known applicable full
    pflichtfeld pflichtangabe pflicht erforderlich bitte geben gib sie ihr ihre ihren ihrer dein
    deine deinen wie lautet ist was ein eingeben angeben
    obligatoire facultatif quel quelle est votre vos ton saisissez entrez indiquez merci
    obligatorio obligatoria opcional cual es su tu introduzca escriba indique por favor
    qual e o seu sua informe digite insira
    obbligatorio obbligatoria facoltativo il tuo tua suo inserisci indica
    verplicht optioneel wat uw je jouw vul geef
    obligatorisk obligatoriskt valfritt vad ar din ditt ange hvad hva er dit angi angiv skriv
    pakollinen valinnainen mika on sinun anna syota
    wymagane opcjonalne jaki jaka jakie jest twoj twoja twoje podaj prosze
    povinne nepovinne jaky jake jaka vas vase tvuj zadejte uvedte
    обязательно ваш ваша ваше укажите введите какои пожалуиста
    zorunlu nedir lutfen giriniz girin sizin
    必須 任意 必填 选填 필수 선택
""")
# Known words that together name something else: the day of the month, a name to sign in with.
NO_FIELDS = {"birth day", "born in", "geboren in", "user name", "company id"}
# In questions besides: "Which city do you live in?"
ASKING = _words("""
    do you live when who where work for wann wo wohnen du sind quando ou quand donde vive cuando
""")
# What CJK forms put around the field's name.
CJK_NOISE = (
    "を入力してください",
    "を教えてください",
    "をご記入ください",
    "请输入",
    "请填写",
    "您的",
    "你的",
    "귀하의",
    "당신의",
)
CJK_HONORIFICS = ("お", "ご", "御")
# Different spellings of one word.
SPELLINGS = {
    "nr": "nummer",
    "no": "nummer",
    "num": "nummer",
    "number": "nummer",
    "numero": "nummer",
    "n": "nummer",
    "nro": "nummer",
    "numer": "nummer",
    "cislo": "nummer",
    "номер": "nummer",
    "addr": "address",
    "kd": "kunden",
    "mitgl": "mitglieds",
    "ph": "phone",
    "mob": "mobile",
    "org": "organization",
    "organisation": "organization",
    "str": "strasse",
    "tlf": "telefon",
    "dob": "birthdate",
    "naiss": "naissance",
    "nac": "nacimiento",
    "nasc": "nascimento",
    "cd": "code",
    "postcd": "postcode",
}
# Half of a name's label, which says it only beside the other half.
HALVES = {
    "first": "first_name",
    "given": "first_name",
    "middle": "middle_name",
    "last": "last_name",
    "family": "last_name",
    "ad": "first_name",
    "soyad": "last_name",
}
# What stands before a name, as prefixes are written; a "Title" with such values is one.
PREFIX_VALUES = _words("""
    mr mrs ms miss mx h c hc master sir dame lord lady dr drs doctor prof professor rev reverend fr father
    hon capt captain col colonel maj major lt gen general sgt sr sra srta senor senora senorita don
    dona
    herr herrn frau hr fr fraulein dipl ing mag med phil rer nat dipling diplkfm
    m mme mlle monsieur madame mademoiselle maitre me pr
    sig signor signora signorina dott dottssa dottore dottoressa avv geom arch
    sr sra senhor senhora exmo exma doutor doutora eng
    dhr de heer mevr mevrouw mw ir mr drs
    fru froken herra rouva pan pani p inz mgr господин госпожа г гжа bay bayan sayin
    先生 女士 小姐 様 さん 씨 님
""")
YES_OR_NO = _words("""
    yes no y n true false 0 1 x ja nein oui non si sim nao nee nej nei kylla ei tak nie ano ne да нет
    evet hayir on off
""")
