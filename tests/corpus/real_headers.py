"""Header rows of further real exports, each with an invented person, and where its columns go.

A line is `label → field = value`; a column without a field becomes a custom field.
"""

from collections.abc import Iterator

from tests.corpus.case import Case, numbered, written

EXPORTS = {
    "shopify": """
        Customer ID → external_id = 207
        First Name → first_name = Ann
        Last Name → last_name = Ash
        Email → email = ann@example.com
        Accepts Email Marketing = yes
        Default Address Company → company = Ash Ltd
        Default Address Address1 → street = 1 Mill Lane
        Default Address Address2
        Default Address City → city = Leeds
        Default Address Province Code → region = WYK
        Default Address Country Code → country = GB
        Default Address Zip → postal_code = LS1 1AA
        Default Address Phone → phone = +447700900123
        Phone → phone
        Accepts SMS Marketing = no
        Total Spent = 10.00
        Total Orders = 1
        Note → notes = likes tea
        Tax Exempt = no
        Tags → tags = vip
    """,
    "woocommerce_orders": """
        order_number = 17
        order_date = 2024-01-02
        billing_first_name → first_name = Ann
        billing_last_name → last_name = Ash
        billing_company → company
        billing_email → email = ann@example.com
        billing_phone → phone = +447700900123
        billing_address_1 → street = 1 Mill Lane
        billing_address_2
        billing_postcode → postal_code = LS1 1AA
        billing_city → city = Leeds
        billing_state → region
        billing_country → country = GB
        shipping_first_name = Ann
        shipping_last_name = Ash
        shipping_address_1
        shipping_city
        shipping_country
        customer_note → notes
    """,
    "pipedrive": """
        Person - ID → external_id = 31
        Person - First name → first_name = Ann
        Person - Last name → last_name = Ash
        Person - Label → tags = Hot
        Person - Organization → company = Ash Ltd
        Person - Email - Work → email = ann@example.com
        Person - Email - Home → email
        Person - Email - Other → email
        Person - Phone - Work → phone = +447700900123
        Person - Phone - Mobile → phone
        Person - Owner = Kim Sale
        Person - Job title → job_title = Buyer
        Person - Marketing status = Subscribed
    """,
    "eventbrite": """
        Order # = 881
        Order Date = 2024-01-02
        First Name → first_name = Ann
        Last Name → last_name = Ash
        Email → email = ann@example.com
        Quantity = 1
        Ticket Type = Early
        Attendee # = 12
        Date Attending = 2024-05-01
        Attendee Status = Attending
        Home Address 1 → street = 1 Mill Lane
        Home Address 2
        Home City → city = Leeds
        Home State → region
        Home Zip → postal_code = LS1 1AA
        Home Country → country = GB
        Cell Phone → phone = +447700900123
        Buyer First Name = Bo
        Buyer Last Name = Ash
        Buyer Email = bo@example.com
    """,
    "wild_apricot": """
        User ID → external_id = 5
        First name → first_name = Ann
        Last name → last_name = Ash
        Organization → company = Ash Ltd
        Email → email = ann@example.com
        Phone → phone = +447700900123
        Membership level = Gold
        Member since = 2020-01-01
        Renewal due = 2025-01-01
        Address → street = 1 Mill Lane
        City → city = Leeds
        Postal code → postal_code = LS1 1AA
        Country → country = GB
        Notes → notes = x
    """,
    "squarespace": """
        Email → email = ann@example.com
        First Name → first_name = Ann
        Last Name → last_name = Ash
        Shipping Address Name = Ann Ash
        Shipping Address 1 → street = 1 Mill Lane
        Shipping Address 2
        Shipping City → city = Leeds
        Shipping Zip → postal_code = LS1 1AA
        Shipping Province/State → region
        Shipping Country → country = GB
        Shipping Phone Number → phone = +447700900123
        Accepts Marketing = true
        Order Count = 1
        Total Spent = 9
    """,
    "brevo": """
        EMAIL → email = ann@example.com
        PRENOM → first_name = Ann
        NOM → last_name = Ash
        SMS → phone = +33612345678
        WHATSAPP
        DOUBLE_OPT-IN = 1
        ADDED_TIME = 01-02-2024
        MODIFIED_TIME = 01-02-2024
    """,
    "civicrm": """
        Contact ID → external_id = 9
        Contact Type = Individual
        Individual Prefix → prefix = Mrs.
        First Name → first_name = Ann
        Middle Name → middle_name
        Last Name → last_name = Ash
        Individual Suffix → suffix
        Email → email = ann@example.com
        Phone → phone = +447700900123
        Street Address → street = 1 Mill Lane
        Supplemental Address 1
        City → city = Leeds
        State → region = WYK
        Postal Code → postal_code = LS1 1AA
        Country → country = United Kingdom
        Current Employer → company = Ash Ltd
        Birth Date → birthday = 1985-04-23
        Do Not Email = No
    """,
    "odoo": """
        External ID → external_id = __export__.res_partner_1
        Name → full_name = Ann Ash
        Email → email = ann@example.com
        Phone → phone = +447700900123
        Mobile → phone
        Street → street = 1 Mill Lane
        Street2
        City → city = Leeds
        Zip → postal_code = LS1 1AA
        Country → country = United Kingdom
        Related Company → company = Ash Ltd
        Job Position → job_title = Buyer
        Tags → tags = vip
        Salesperson = Kim Sale
        Title → prefix = Mrs
    """,
    "activecampaign": """
        Email → email = ann@example.com
        First Name → first_name = Ann
        Last Name → last_name = Ash
        Phone → phone = +447700900123
        Organization → company = Ash Ltd
        Job Title → job_title = Buyer
        Tags → tags = vip
        IP Address = 192.0.2.7
        Date Subscribed = 2024-01-02
        Contact Owner = kim@example.net
    """,
    "klaviyo": """
        Email → email = ann@example.com
        Klaviyo ID = 01H
        First Name → first_name = Ann
        Last Name → last_name = Ash
        Phone Number → phone = +447700900123
        Organization → company = Ash Ltd
        Title → job_title = Buyer
        Address → street = 1 Mill Lane
        Address 2
        City → city = Leeds
        State / Region → region = WYK
        Country → country = GB
        Zip Code → postal_code = LS1 1AA
        Email Marketing Consent = SUBSCRIBED
        Date Added = 2024-01-02
    """,
    "constant_contact": """
        Email address → email = ann@example.com
        First name → first_name = Ann
        Last name → last_name = Ash
        Company → company = Ash Ltd
        Job title → job_title = Buyer
        Email permission status = Implied
        Email update source = Upload
        Phone - work → phone = +447700900123
        Phone - mobile → phone
        Street address line 1 - Home → street = 1 Mill Lane
        City - Home → city = Leeds
        State/Province - Home → region
        Zip/Postal Code - Home → postal_code = LS1 1AA
        Country - Home → country = GB
        Birthday → birthday = 04/23
        Tags → tags = vip
        Email Lists = News
    """,
    "apollo": """
        First Name → first_name = Ann
        Last Name → last_name = Ash
        Title → job_title = Buyer
        Company → company = Ash Ltd
        Email → email = ann@example.com
        Email Status = Verified
        Seniority = Manager
        Departments → department = Sales
        Contact Owner = kim@example.net
        Work Direct Phone → phone = +447700900123
        Home Phone → phone
        Mobile Phone → phone
        Corporate Phone = +442079460011
        # Employees = 12
        Industry = tea
        Keywords = tea
        Person Linkedin Url = https://linkedin.example/in/ann
        Website → website = https://ash.example
        City → city = Leeds
        State → region = WYK
        Country → country = United Kingdom
        Company Address = 9 High Street
        Company City = York
        Company State
        Company Country = United Kingdom
        Company Phone = +442079460012
    """,
    "yahoo": """
        First → first_name = Ann
        Middle → middle_name
        Last → last_name = Ash
        Nickname = Annie
        Email → email = ann@example.com
        Category → tags = Friends
        Messenger ID
        Home
        Work
        Pager
        Fax
        Mobile → phone = +447700900123
        Other
        Alternate Email 1 → email
        Alternate Email 2 → email
        Business Website → website
        Title → job_title = Buyer
        Company → company = Ash Ltd
        Work Address
        Work City
        Work ZIP
        Home Address → street = 1 Mill Lane
        Home City → city = Leeds
        Home State → region
        Home ZIP → postal_code = LS1 1AA
        Home Country → country = GB
        Birthday → birthday = 4/23/1985
        Anniversary
        Comments → notes
    """,
    "freshsales": """
        First name → first_name = Ann
        Last name → last_name = Ash
        Email → email = ann@example.com
        Job title → job_title = Buyer
        Mobile → phone = +447700900123
        Address → street = 1 Mill Lane
        City → city = Leeds
        State → region
        Zipcode → postal_code = LS1 1AA
        Country → country = GB
        Sales owner = Kim Sale
        Lifecycle stage = Lead
        Tags → tags = vip
    """,
    "dynamics": """
        (Do Not Modify) Contact = a1b2
        (Do Not Modify) Row Checksum = zz
        Full Name → full_name = Ann Ash
        First Name → first_name = Ann
        Last Name → last_name = Ash
        Email → email = ann@example.com
        Company Name → company = Ash Ltd
        Business Phone → phone = +442079460011
        Mobile Phone → phone
        Job Title → job_title = Buyer
        Address 1: Street 1 → street = 1 Mill Lane
        Address 1: Street 2
        Address 1: City → city = Leeds
        Address 1: State/Province → region
        Address 1: ZIP/Postal Code → postal_code = LS1 1AA
        Address 1: Country/Region → country = GB
        Owner = Kim Sale
        Status = Active
    """,
    "google_forms": """
        Timestamp = 2024/01/02 10:11:12
        What is your name? → full_name = Ann Ash
        What is your e-mail address? → email = ann@example.com
        Your phone number → phone = +447700900123
        Which city do you live in? → city = Leeds
        How did you hear of us? = a friend
    """,
    "german_form": """
        Zeitstempel = 02.01.2024
        Ihr Name (Pflichtfeld) → full_name = Ann Ash
        Wie lautet Ihre E-Mail-Adresse? → email = ann@example.com
        Möchten Sie unseren Newsletter erhalten? = Ja
    """,
    "gravity_forms": """
        Entry Id = 4
        Name (First) → first_name = Ann
        Name (Last) → last_name = Ash
        Email (Enter Email) → email = ann@example.com
        Phone → phone = +447700900123
        Address (Street Address) → street = 1 Mill Lane
        Address (Address Line 2)
        Address (City) → city = Leeds
        Address (State / Province) → region
        Address (ZIP / Postal Code) → postal_code = LS1 1AA
        Address (Country) → country = GB
        User IP = 192.0.2.7
    """,
    "stripe": """
        id → external_id = cus_1
        Description → notes
        Email → email = ann@example.com
        Name → full_name = Ann Ash
        Created (UTC) = 2024-01-02 10:11
        Card ID
        Card Last4 = 4242
        Card Address Line1
        Card Address City
        Plan
        Status = active
        Total Spend = 9.00
    """,
    "lexware": """
        Kundennummer → external_id = 10001
        Anrede → prefix = Frau
        Vorname → first_name = Ann
        Nachname → last_name = Ash
        Firmenname → company
        Straße → street = Elbweg 3
        Adresszusatz
        PLZ → postal_code = 01067
        Ort → city = Dresden
        Land → country = Deutschland
        E-Mail 1 → email = ann@example.com
        E-Mail 2 → email
        Telefon 1 → phone = +493512345678
        Telefon 2 → phone
        Notiz → notes = x
    """,
    "german_club": """
        Mitglieds-Nr. → external_id = 0042
        Titel → prefix
        Name → last_name = Falk
        Vorname → first_name = Ute
        Straße → street = Elbweg
        Haus-Nr. → house_number = 3
        PLZ → postal_code = 01067
        Wohnort → city = Dresden
        Tel. privat → phone = +493512345678
        Handy → phone
        E-Mail → email = ute@example.com
        Geb.-Datum → birthday = 23.04.1985
        Eintritt = 2001-01-01
        Name Erziehungsberechtigter = Max Falk
        Telefon Notfall = +491701234567
    """,
    "swedish_members": """
        Medlemsnr → external_id = 7
        Förnamn → first_name = Åsa
        Efternamn → last_name = Berg
        Gatuadress → street = Storgatan 1
        Postnr → postal_code = 11122
        Ort → city = Stockholm
        E-postadress → email = asa@example.com
        Mobilnr → phone = +46701234567
        Födelsedatum → birthday = 1985-04-23
        Målsman e-post = bo@example.com
    """,
    "danish": """
        Fornavn → first_name = Bo
        Efternavn → last_name = Holm
        Adresse → street = Vej 1
        Postnr. → postal_code = 2100
        By → city = København
        Land → country = Danmark
        Tlf. nr. → phone = +4532123456
        Mailadresse → email = bo@example.com
        Firma → company = Holm ApS
        Stilling → job_title = chef
        Fødselsdag → birthday = 1985-04-23
        Bemærkninger → notes = x
    """,
    "norwegian": """
        Kundenr → external_id = 7
        Fornavn → first_name = Ole
        Etternavn → last_name = Berg
        E-post → email = ole@example.com
        Mobil → phone = +4791234567
        Adresse → street = Gate 1
        Postnr → postal_code = 5003
        Poststed → city = Bergen
        Fylke → region = Vestland
        Selskap → company = Berg AS
    """,
    "finnish": """
        Etunimi → first_name = Aino
        Sukunimi → last_name = Laine
        Sähköpostiosoite → email = aino@example.com
        Puhelinnumero → phone = +358401234567
        Katuosoite → street = Katu 1
        Postinumero → postal_code = 00100
        Postitoimipaikka → city = Helsinki
        Maa → country = Suomi
        Yritys → company = Laine Oy
        Syntymäaika → birthday = 1985-04-23
        Lisätiedot → notes = x
    """,
    "polish": """
        Imię → first_name = Ewa
        Nazwisko → last_name = Nowak
        Adres e-mail → email = ewa@example.com
        Numer telefonu → phone = +48501234567
        Ulica → street = Polna
        Numer domu → house_number = 3
        Kod pocztowy → postal_code = 00-001
        Miejscowość → city = Warszawa
        Województwo → region = mazowieckie
        Kraj → country = Polska
        Nazwa firmy → company = Nowak Sp.
        Stanowisko → job_title = szef
        Data urodzenia → birthday = 1985-04-23
        Uwagi → notes = x
    """,
    "czech": """
        Jméno → first_name = Jan
        Příjmení → last_name = Novák
        E-mail → email = jan@example.com
        Mobilní telefon → phone = +420601234567
        Ulice → street = Dlouhá 1
        Město → city = Praha
        PSČ → postal_code = 110 00
        Země → country = Česko
        Společnost → company = Novák s.r.o.
        Pozice → job_title = šéf
        Poznámka → notes = x
    """,
    "russian": """
        Фамилия → last_name = Иванов
        Имя → first_name = Иван
        Отчество → middle_name = Петрович
        Мобильный телефон → phone = +79161234567
        Рабочий телефон → phone
        Электронная почта → email = ivan@example.com
        Город → city = Москва
        Индекс → postal_code = 101000
        Улица → street = Ленина 1
        Организация → company = Альфа
        Должность → job_title = директор
        Дата рождения → birthday = 1985-04-23
        Примечание → notes = x
    """,
    "turkish": """
        Adı → first_name = Ayşe
        Soyadı → last_name = Yılmaz
        E-posta Adresi → email = ayse@example.com
        Cep Telefonu → phone = +905321234567
        İş Telefonu → phone
        Şirket → company = Yılmaz AŞ
        Unvan → job_title = müdür
        Adres → street = Cadde 1
        Şehir → city = İzmir
        Posta Kodu → postal_code = 35000
        Ülke → country = Türkiye
        Doğum Tarihi → birthday = 1985-04-23
        Notlar → notes = x
    """,
    "japanese": """
        姓 → last_name = 田中
        名 → first_name = 由紀
        セイ = タナカ
        メイ = ユキ
        会社名 → company = 表示株式会社
        部署名 → department = 営業
        役職 → job_title = 部長
        郵便番号 → postal_code = 100-0001
        都道府県 → region = 東京都
        市区町村 → city = 千代田区
        番地 → street = 1-1
        電話番号 → phone = +81355550101
        携帯電話 → phone
        メールアドレス → email = yuki@example.com
        生年月日 → birthday = 1985-04-23
        備考 → notes = x
    """,
    "japanese_outlook": """
        姓 → last_name = 田中
        名 → first_name = 由紀
        会社名 → company = 表示
        郵便番号 (会社) → postal_code = 100-0001
        番地 (会社) → street = 1-1
        市区町村 (会社) → city = 千代田区
        会社電話 → phone = +81355550101
        自宅電話 → phone
        携帯電話 → phone
        電子メール アドレス → email = yuki@example.com
    """,
    "chinese": """
        姓名 → full_name = 王伟
        公司名称 → company = 光明公司
        职位 → job_title = 经理
        手机号码 → phone = +8613812345678
        电子邮箱 → email = wei@example.org
        省份 → region = 广东
        城市 → city = 深圳
        详细地址 → street = 科技路1号
        邮政编码 → postal_code = 518000
        生日 → birthday = 1985-04-23
        备注 → notes = x
        紧急联系人电话 = +8613800000000
    """,
    "korean": """
        이름 → full_name = 김민수
        회사명 → company = 한빛
        부서 → department = 영업
        직책 → job_title = 부장
        휴대폰 번호 → phone = +821012345678
        이메일 주소 → email = minsu@example.com
        우편번호 → postal_code = 04524
        주소 → street = 세종대로 1
        생년월일 → birthday = 1985-04-23
        메모 → notes = x
    """,
    "french_outlook": """
        Titre → job_title
        Prénom → first_name = Jean
        Deuxième prénom → middle_name
        Nom → last_name = Dupré
        Société → company = Dupré SA
        Service → department = achats
        Rue (bureau) → street = 1 rue A
        Ville (bureau) → city = Lyon
        Code postal (bureau) → postal_code = 69001
        Pays/Région (bureau) → country = France
        Rue (domicile)
        Ville (domicile)
        Téléphone (bureau) → phone = +33478123456
        Tél. mobile → phone
        Télécopie (bureau)
        Nom de l'assistant(e) = Max
        Adresse de messagerie → email = jean@example.com
        Notes → notes = x
    """,
    "spanish_outlook": """
        Nombre → first_name = Ana
        Segundo nombre → middle_name
        Apellidos → last_name = Ruiz
        Organización → company = Ruiz SL
        Departamento → department = compras
        Puesto → job_title = jefa
        Calle del trabajo → street = Calle 1
        Ciudad de trabajo → city = Madrid
        Código postal del trabajo → postal_code = 28001
        País o región del trabajo → country = España
        Teléfono del trabajo → phone = +34912345678
        Dirección de correo electrónico → email = ana@example.com
        Dirección de correo electrónico 2 → email
        Nombre del director = Max
        Página web → website
        Categorías → tags = vip
    """,
    "italian_outlook": """
        Titolo → prefix = Dott.
        Nome → first_name = Anna
        Secondo nome → middle_name
        Cognome → last_name = Rossi
        Società → company = Rossi Srl
        Reparto → department = acquisti
        Via (uff.) → street = Via 1
        Città (uff.) → city = Parma
        CAP (uff.) → postal_code = 43121
        Provincia (uff.) → region = PR
        Paese (uff.) → country = Italia
        Cellulare → phone = +393331234567
        Indirizzo posta elettronica → email = anna@example.com
        Nome assistente = Max
        Telefono assistente = +390521123456
        Compleanno → birthday = 23/04/1985
        Pagina Web → website
    """,
    "portuguese_outlook": """
        Primeiro nome → first_name = Ana
        Segundo nome → middle_name
        Sobrenome → last_name = Lima
        Empresa → company = Lima SA
        Departamento → department = compras
        Cargo → job_title = chefe
        Endereço residencial → street = Rua 1
        Telefone comercial → phone = +551131234567
        Telefone celular → phone
        Endereço de email → email = ana@example.com
        Nome do assistente = Max
        Telefone do assistente = +551131234568
        Anotações → notes = x
    """,
    "dutch": """
        Relatienummer → external_id = 7
        Aanhef → prefix = Dhr.
        Voornaam → first_name = Jan
        Achternaam → last_name = Visser
        Bedrijfsnaam → company = Visser BV
        Straatnaam → street = Kade
        Huisnummer → house_number = 3
        Toevoeging = A
        Postcode → postal_code = 1011 AB
        Woonplaats → city = Amsterdam
        E-mailadres → email = jan@example.com
        Mobiel nummer → phone = +31612345678
        Geboortedatum → birthday = 23-04-1985
    """,
    "nested_json": """
        id → external_id = 7
        contact.email → email = ann@example.com
        contact.firstName → first_name = Ann
        contact.lastName → last_name = Ash
        contact.phone → phone = +447700900123
        contact.address.city → city = Leeds
        contact.address.postalCode → postal_code = LS1 1AA
        cf_shoe_size = 40
        createdAt = 2024-01-02
    """,
    "mautic": """
        firstname → first_name = Ann
        lastname → last_name = Ash
        email → email = ann@example.com
        mobile → phone = +447700900123
        phone → phone
        company → company = Ash Ltd
        position → job_title = Buyer
        address1 → street = 1 Mill Lane
        address2
        city → city = Leeds
        state → region
        zipcode → postal_code = LS1 1AA
        country → country = United Kingdom
        points = 3
        owner = kim@example.net
    """,
    "sage": """
        AccountReference = A1
        CompanyName → company = Ash Ltd
        Title → prefix = Mrs
        Forename → first_name = Ann
        Surname → last_name = Ash
        Address1 → street = 1 Mill Lane
        Address2
        Town → city = Leeds
        County → region = West Yorkshire
        Postcode → postal_code = LS1 1AA
        Country → country = GB
        Telephone → phone = +442079460011
        Email → email = ann@example.com
        VatNumber
    """,
}


def cases() -> Iterator[Case]:
    """A file for each export."""
    for name, lines in EXPORTS.items():
        columns = [_column(line) for line in lines.splitlines() if line.strip()]
        labels, targets, row = (list(part) for part in zip(*columns, strict=True))
        yield Case(
            f"export_{name}.csv",
            written([labels, row], delimiter=";").encode(),
            numbered([row]),
            delimiter=";",
            columns=labels,
            mapping=targets,
        )


def _column(line: str) -> tuple[str, str, str]:
    """Label, target and value."""
    named, _, value = line.strip().partition(" = ")
    label, _, target = named.partition(" → ")
    return label, target or f"custom:{label}", value
