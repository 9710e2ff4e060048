"""Books of made-up people in which some stand twice, and others only look as if they did.

It knows nothing of how Rowcall compares contacts: neither its weights nor its lists of names are
imported here. What happens to an entry is what happens in offices: a clerk types it again, from a
card, a phone call or another list.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache

Entry = dict[str, str]


@dataclass(frozen=True)
class Country:
    """What names, places and numbers look like in a country."""

    code: str
    calling: str
    women: str
    men: str
    stems: str  # of surnames
    ends: str
    cities: str
    streets: str
    towns: str  # ends of smaller towns' names
    roads: str  # what comes before or after a name in a street's
    number_first: bool = False


COUNTRIES = (
    Country(
        "DE",
        "49",
        "Anna Katharina Elisabeth Sabine Ursula Monika Petra Susanne Claudia Heike Gabriele Birgit "
        "Johanna Franziska Charlotte Lena Marie Sophie Jana Melanie Silke Ingrid Renate Helga Christine Ute",
        "Peter Michael Thomas Andreas Wolfgang Klaus Jürgen Günter Stefan Christian Uwe Werner Horst Frank Dieter "
        "Manfred Gerhard Matthias Alexander Maximilian Johannes Friedrich Heinrich Georg Lukas Felix Jonas Björn",
        "Stein Brück Hof Berg Acker Wies Lind Buch Kirch Kal Schnei Hart Roth Wein Eich Neu Alt Ober Nieder Grün "
        "Wald Heid Stock Kauf Zimmer Haus Mühl Bäcker Schus Krä",
        "mann er bauer meier hoff ler ner inger ke feld müller bach hausen schmidt ert",
        "Berlin Hamburg München Köln Leipzig Bremen Dresden Hannover Nürnberg Kassel",
        "Hauptstraße Bahnhofstraße Gartenweg Lindenallee Schulstraße Am_Markt Bergstraße Kirchgasse",
        "hausen dorf burg stadt heim ingen au feld kirchen rode",
        "straße weg allee gasse platz ring",
    ),
    Country(
        "GB",
        "44",
        "Margaret Elizabeth Catherine Susan Patricia Deborah Emily Charlotte Rebecca Victoria Jennifer "
        "Alison Samantha Alexandra Jessica Helen Fiona Gillian Abigail Eleanor Harriet Olivia Grace Ruth Zoe",
        "William Robert James Richard Thomas Edward Michael Andrew Christopher Anthony Stephen David Daniel Samuel "
        "Benjamin Matthew Joseph Nicholas Alexander Timothy Gregory Jonathan Philip Kenneth Ronald Hugh Oliver",
        "Ash Black Brook Carl Dal East Fair Green Hal Hart Holl King Lang Mar Nor Pem Rad San Thorn Wal Whit Win "
        "Wood York Bur Clif Den Ed Gar Har",
        "ton ley ford field man well wood son ing worth by more shaw bury s",
        "London Leeds Bristol Glasgow Cardiff Belfast Sheffield Norwich Exeter Derby",
        "High_Street Station_Road Church_Lane Mill_Road Park_Avenue Victoria_Road Queens_Drive The_Green",
        "ton ham bury wick stead mouth church bridge minster thorpe",
        "_Road _Street _Lane _Close _Avenue _Crescent",
        True,
    ),
    Country(
        "FR",
        "33",
        "Marie Catherine Françoise Isabelle Nathalie Sylvie Hélène Amélie Chloé Camille Élodie Céline "
        "Geneviève Monique Véronique Martine Brigitte Sandrine Aurélie Manon Léa Inès Juliette Madeleine",
        "Jean Pierre Michel Philippe François Guillaume Nicolas Frédéric Sébastien Christophe Laurent Olivier Étienne "
        "Benoît Alexandre Antoine Mathieu Julien Vincent Théo Hugo Jacques André Gérard Luc",
        "Bel Bon Beau Char Clair Cour Del Du For Gar Gau Lam Lau Le Mar Mer Mont Mor Per Ren Rou Sau Tes Val Ver "
        "Vil Bar Cha Gir Pel",
        "mont fort champ tier dier let rier neau chard vière lier roux sard ton elle",
        "Paris Lyon Marseille Toulouse Nantes Lille Rennes Dijon Grenoble Bordeaux",
        "rue_de_la_Paix rue_Victor_Hugo avenue_Foch rue_du_Moulin place_de_la_Gare rue_des_Lilas",
        "ville court gny zac sur_Mer sur_Loire ières bourg gnan les_Bains",
        "rue_ avenue_ boulevard_ chemin_ allée_ impasse_",
        True,
    ),
    Country(
        "ES",
        "34",
        "María Carmen Josefa Isabel Dolores Pilar Francisca Concepción Mercedes Lucía Sofía Núria "
        "Guadalupe Rosario Inmaculada Montserrat Consuelo Beatriz Alejandra Elena Teresa Ángela",
        "José Francisco Antonio Manuel Juan Ignacio Javier Alejandro Fernando Enrique Eduardo Rafael Santiago Vicente "
        "Guillermo Roberto Pablo Sergio Andrés Óscar Joaquín Miguel",
        "Alm Bar Cab Cam Cast Cor Del Esc Fuen Gar Her "
        "Jim Lor Mor Nav Ort Pal Qui Ram Sal Tor Val Vil Zam Bel Mend Sant Gut",
        "ález ero illa ado arro edo era ano oso ega ado ino ente ares ique",
        "Madrid Sevilla Valencia Bilbao Zaragoza Málaga Granada Vigo",
        "Calle_Mayor Calle_Real Avenida_de_la_Paz Calle_del_Sol Plaza_Nueva Calle_San_Juan",
        "ejo ares anca uela osa illo eda del_Río del_Campo ago",
        "Calle_ Avenida_ Plaza_ Camino_ Paseo_ Ronda_",
    ),
    Country(
        "IT",
        "39",
        "Giulia Francesca Alessandra Giuseppina Caterina Elisabetta Antonella Maddalena Chiara Federica "
        "Valentina Silvia Paola Lucia Margherita Domenica Raffaella Concetta Ilaria Sara",
        "Giuseppe Giovanni Francesco Alessandro Domenico Salvatore Vincenzo Antonio Lorenzo Matteo Andrea Stefano "
        "Michele Luigi Raffaele Gaetano Federico Roberto Marco Paolo Filippo",
        "Bel Bian Bru Cal Car Col Con Cos "
        "Fab Fer Fon Gal Gra Lom Man Mar Mor Pel Ric Riz Ros Rus San Ser Tes Val Ven Vil Zan",
        "etti ini elli one ucci aro ato ieri ani oni isi otti acci igo uso",
        "Roma Milano Torino Napoli Bologna Firenze Palermo Genova",
        "Via_Roma Via_Garibaldi Corso_Italia Via_Mazzini Piazza_Dante Via_Verdi",
        "ano ate asco iano ella ona ara sul_Po a_Mare igo",
        "Via_ Corso_ Viale_ Piazza_ Vicolo_ Largo_",
    ),
    Country(
        "PL",
        "48",
        "Katarzyna Małgorzata Agnieszka Barbara Ewa Elżbieta Krystyna Joanna Magdalena Zofia Aleksandra "
        "Anna Danuta Teresa Jadwiga Natalia Wiktoria",
        "Krzysztof Andrzej Stanisław Tomasz Paweł Jan Michał Marcin "
        "Jerzy Grzegorz Łukasz Wojciech Zbigniew Tadeusz Kazimierz Mateusz Jakub Aleksander",
        "Kowal Wiśni Dąbr "
        "Kamiń Lewand Zieliń Szymań Woźni Kozł Jankow Mazur Krawc Piotr Grab Nowak Pawł Michal Król Wieczor Jabłoń "
        "Wróbl Majew Olszew Stępi",
        "ski ewski owski ak czyk owicz cki ik arz ec",
        "Warszawa Kraków Łódź Wrocław Poznań Gdańsk Lublin",
        "ul._Polna ul._Leśna ul._Słoneczna ul._Krótka ul._Szkolna ul._Ogrodowa",
        "owo ów ice sk ec yn owa in ław no",
        "ul._ al._ pl._ os._",
    ),
    Country(
        "SE",
        "46",
        "Kristina Margareta Elisabeth Birgitta Ingrid Karin Annika Malin Åsa Linnéa Johanna Sofia "
        "Katarina Gunilla Ulrika Ebba",
        "Lars Anders Johan Karl Per Nils Mikael Erik Olof Fredrik Gustav Magnus "
        "Björn Henrik Göran Sven Alexander Kristoffer",
        "Lind Berg Sjö Ek Hol Sand Ny Nor Lund Wall Strand Ahl Åker "
        "Dahl Hed Käll Ström Öst Väster Hägg Björk Gran Fors",
        "ström berg gren kvist man qvist lund mark blad ros in én stedt feldt",
        "Stockholm Göteborg Malmö Uppsala Örebro Lund",
        "Storgatan Kungsgatan Drottninggatan Skolvägen Kyrkogatan Parkvägen",
        "köping by sund vik torp hamn arp rum sala ås",
        "gatan vägen stigen gränd torget",
    ),
    Country(
        "NL",
        "31",
        "Johanna Maria Elisabeth Catharina Wilhelmina Hendrika Margaretha Cornelia Anouk Femke Sanne "
        "Lotte Marijke Petronella",
        "Johannes Cornelis Hendrik Willem Pieter Jacobus Gerrit Adriaan Theodorus Dirk "
        "Martijn Jeroen Bas Sander Matthijs Antonius",
        "van_der_Berg de_Vries van_Dijk Bakk Viss Smid Meij Mul Boer "
        "Hoek Brouw Kuip Schout Post Dekk Hend Verh Koop Wint Zon",
        "er s man sma stra ink ma ers enaar huis",
        "Amsterdam Rotterdam Utrecht Eindhoven Groningen",
        "Dorpsstraat Kerkstraat Molenweg Stationsweg Schoolstraat",
        "dam wijk drecht hoven veen burg zand loo recht mond",
        "straat weg laan plein gracht kade",
    ),
    Country(
        "US",
        "1",
        "Katherine Elizabeth Margaret Jennifer Patricia Barbara Rebecca Kimberly Pamela Theresa Christina "
        "Abigail Madison Jessica Samantha Latoya Maria Linda Nancy Deborah",
        "William Robert Michael James Richard "
        "Joseph Charles Thomas Daniel Anthony Donald Kenneth Steven Edward Ronald Timothy Jeffrey Gregory Benjamin "
        "Samuel Lawrence Walter Zachary Jose Tyrone",
        "And Ben Brad Cald Carl Cole Craw Dav Dun Ell Fitz Gib Grif Har "
        "Hend Jack John Law Mc Mitch Morr Nich Pat Rich Rob Sim Ste Tho Wat Wil",
        "erson ford son ell ey man field kins ards ison ler wood den ton er",
        "Chicago Houston Phoenix Dallas Austin Seattle Denver Boston Portland",
        "Main_St Oak_Ave Maple_Dr Washington_Blvd Lake_Rd Sunset_Blvd Elm_St 2nd_Ave",
        "ville ton burg field port dale City Springs Falls Grove",
        "_St _Ave _Dr _Rd _Ln _Blvd",
        True,
    ),
    Country(
        "RU",
        "7",
        "Анна Мария Екатерина Наталья Ольга Елена Татьяна Ирина Светлана Анастасия Людмила Галина",
        "Александр Сергей Дмитрий Алексей Андрей Михаил Иван Николай Владимир Евгений Павел Юрий",
        "Иван Смирн "
        "Кузнец Поп Соколь Лебед Козл Нов Мороз Волк Павл Семен Голуб Виноград Богдан Воробь Федор Михайл Беля Тарас",
        "ов ев ин ский ков енко ук",
        "Москва Казань Самара Омск Пермь",
        "ул._Ленина ул._Мира Садовая Советская",
        "ск град ово ино поль горск ка ец ичи ое",
        "ул._ пр._ пер._ пл._",
    ),
    Country(
        "JP",
        "81",
        "花子 美咲 陽子 恵子 由美 愛 さくら 真理子 直美 智子",
        "太郎 健一 翔太 大輔 誠 浩 拓也 直樹 隆 和也",
        "田 山 川 中 木 高 小 大 松 石 藤 佐 井 渡 吉",
        "中 田 本 村 井 藤 口 野 上 島 崎 原 川 木 橋",
        "東京 大阪 京都 名古屋 福岡",
        "中央 本町 栄町 緑町",
        "市 町 村 岡 崎 島 沢 宮",
        "町 台 通 丘",
    ),
    Country(
        "IN",
        "91",
        "Priya Anjali Lakshmi Sunita Kavita Deepa Meera Pooja Aishwarya Divya Neha Shreya Radha",
        "Rajesh Suresh Amit Vijay Arun Sanjay Rahul Krishnan Mohammed Anand Venkatesh Ravi Deepak Manoj",
        "Shar Gup Pat Ra Red Nai Iy Kum Sin Mukh Chat Ban Das Ver Agar Kap Mal Meh Jos Kul",
        "ma ta el jan dy r er ar gh erjee wal oor hotra ra i karni",
        "Mumbai Delhi Chennai Pune Kolkata",
        "MG_Road Station_Road Gandhi_Nagar Nehru_Street Park_Street",
        "pur abad nagar garh palli gaon ur kot wara giri",
        "_Road _Street _Nagar _Marg _Colony",
        True,
    ),
    Country(
        "BR",
        "55",
        "Maria Ana Francisca Juliana Fernanda Gabriela Luciana Beatriz Eduarda Camila Letícia Tereza",
        "José João Antônio Francisco Carlos Luiz Eduardo Roberto Fernando Guilherme Henrique Felipe Thiago Raimundo",
        "Al Bar Cas Cos Fer Fon Gon Lop Mach Mart Mor Nas Oliv Per Pin Rib Rod San Sil Sou Teix Vi",
        "meida bosa tro ta reira seca çalves es ado ins eira to va ra cimento",
        "São_Paulo Recife Curitiba Salvador Fortaleza",
        "Rua_das_Flores Avenida_Brasil Rua_XV_de_Novembro Rua_do_Comércio",
        "ópolis ândia ência inho aí aba uru ema do_Sul do_Norte",
        "Rua_ Avenida_ Travessa_ Praça_ Alameda_",
    ),
    Country(
        "TR",
        "90",
        "Fatma Ayşe Emine Hatice Zeynep Elif Meryem Şerife Gülşen Çiğdem",
        "Mehmet Mustafa Ahmet Ali Hüseyin İbrahim Hasan Ömer Murat Yusuf",
        "Yıl Kay Demir Şa Çel Yıldı Öz Ayd Arsl Doğ Kıl As Çet Kar Koç Kur Özd Şim",
        "maz a ci hin ik rım türk ın an ç lan in oğlu gül er",
        "İstanbul Ankara İzmir Bursa",
        "Atatürk_Caddesi İstiklal_Caddesi Cumhuriyet_Caddesi",
        "köy hisar pınar ova su kale lı yurt",
        "_Caddesi _Sokak _Bulvarı _Yolu",
    ),
)

# How people are called by those who know them, as far as offices write it down.
CALLED = {
    "Katharina": "Kathi", "Elisabeth": "Lisa", "Johanna": "Hanna", "Franziska": "Franzi", "Ursula": "Uschi",
    "Susanne": "Susi", "Gabriele": "Gabi", "Michael": "Mike", "Thomas": "Tom", "Andreas": "Andi", "Wolfgang": "Wolf",
    "Stefan": "Stephan", "Maximilian": "Max", "Friedrich": "Fritz", "Heinrich": "Heinz", "Johannes": "Hannes",
    "Alexander": "Alex", "Matthias": "Matze", "Christian": "Chris", "Margaret": "Maggie", "Elizabeth": "Liz",
    "Catherine": "Kate", "Katherine": "Kathy", "Susan": "Sue", "Patricia": "Pat", "Deborah": "Debbie",
    "Rebecca": "Becky", "Victoria": "Vicky", "Jennifer": "Jen", "Samantha": "Sam", "Jessica": "Jess",
    "Gillian": "Jill", "Abigail": "Abby", "Eleanor": "Ellie", "William": "Bill", "Robert": "Bob", "James": "Jim",
    "Richard": "Dick", "Edward": "Ted", "Andrew": "Andy", "Christopher": "Chris", "Anthony": "Tony",
    "Stephen": "Steve", "Steven": "Steve", "David": "Dave", "Daniel": "Dan", "Samuel": "Sam", "Benjamin": "Ben",
    "Matthew": "Matt", "Joseph": "Joe", "Nicholas": "Nick", "Timothy": "Tim", "Gregory": "Greg",
    "Jonathan": "Jon", "Philip": "Phil", "Kenneth": "Ken", "Ronald": "Ron", "Charles": "Chuck", "Donald": "Don",
    "Jeffrey": "Jeff", "Lawrence": "Larry", "Walter": "Walt", "Zachary": "Zack", "Kimberly": "Kim",
    "Pamela": "Pam", "Theresa": "Terry", "Christina": "Tina", "Barbara": "Barb", "Guillaume": "Guy",
    "Frédéric": "Fred", "Sébastien": "Seb", "Alexandre": "Alex", "Geneviève": "Ginette", "Isabelle": "Isa",
    "Francisco": "Paco", "José": "Pepe", "Ignacio": "Nacho", "Dolores": "Lola", "Concepción": "Concha",
    "Josefa": "Pepa", "Enrique": "Quique", "Manuel": "Manolo", "Guadalupe": "Lupe", "Giuseppe": "Beppe",
    "Giovanni": "Gianni", "Francesco": "Franco", "Alessandro": "Sandro", "Domenico": "Mimmo", "Vincenzo": "Enzo",
    "Luigi": "Gigi", "Giuseppina": "Pina", "Katarzyna": "Kasia", "Małgorzata": "Gosia", "Agnieszka": "Aga",
    "Krzysztof": "Krzysiek", "Stanisław": "Staszek", "Tomasz": "Tomek", "Grzegorz": "Grzesiek", "Joanna": "Asia",
    "Kristina": "Stina", "Margareta": "Greta", "Gustav": "Gösta", "Hendrik": "Henk", "Cornelis": "Kees",
    "Johannes ": "Jan", "Wilhelmina": "Mina", "Александр": "Саша", "Екатерина": "Катя", "Дмитрий": "Дима",
    "Наталья": "Наташа", "Михаил": "Миша", "Анастасия": "Настя", "Eduardo": "Edu", "Fernanda": "Nanda",
}  # fmt: skip
TITLES = [
    "Owner",
    "Buyer",
    "Head of Sales",
    "Engineer",
    "Treasurer",
    "Secretary",
    "Einkauf",
    "Directeur",
]
TRADES = [
    "Logistics",
    "Metall",
    "Consulting",
    "Foods",
    "Bau",
    "Software",
    "Textil",
    "Pharma",
    "Optik",
    "Energy",
]
FORMS = ["GmbH", "Ltd", "SA", "AG", "Inc", "SpA", "AB", "BV", ""]
MAILERS = [
    "gmail.com",
    "web.de",
    "outlook.com",
    "yahoo.com",
    "orange.fr",
    "libero.it",
    "gmx.net",
    "icloud.com",
]
KEYBOARD = ["qwertyuiop", "asdfghjkl", "zxcvbnm"]
PLAIN = {
    "ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "é": "e", "è": "e", "ê": "e", "á": "a", "í": "i", "ó": "o",
    "ú": "u", "ñ": "n", "ç": "c", "ł": "l", "ś": "s", "ż": "z", "ź": "z", "ń": "n", "ą": "a", "ę": "e", "å": "a",
    "ø": "o", "ş": "s", "ğ": "g", "ı": "i", "i̇": "i", "ô": "o", "ã": "a", "â": "a", "õ": "o", "ë": "e", "î": "i",
    "ć": "c", "à": "a",
}  # fmt: skip
ROMAN = dict(zip("абвгдежзийклмнопрстуфхцчшщыэюя", ["a", "b", "v", "g", "d", "e", "zh", "z", "i", "i", "k", "l", "m", "n", "o", "p", "r", "s", "t", "u", "f", "kh", "ts", "ch", "sh", "sch", "y", "e", "yu", "ya"], strict=True))  # fmt: skip


SPREAD = 7_919  # a prime that no number of parts is a multiple of
# What stands between the two halves of a double given name.
DOUBLE = {"DE": "-", "FR": "-", "ES": " ", "IT": " ", "SE": "-", "NL": "-", "BR": " "}


@dataclass
class Book:
    """Entries in their order, with the pairs that are one person, and those that are near and not.

    A pair is two places in `entries`, the smaller one first.
    """

    entries: list[Entry] = field(default_factory=list)
    same: set[tuple[int, int]] = field(default_factory=set)
    near: set[tuple[int, int]] = field(default_factory=set)


def book(count: int, seed: int) -> Book:
    """A book of about so many entries: four in a hundred stand twice, and three are near."""
    return _Writer(count, seed).written()


class _Writer:
    def __init__(self, count: int, seed: int) -> None:
        self.count, self.chance = count, random.Random(seed)
        self.people: list[Entry] = []
        self.groups: list[list[int]] = []
        self.emails: set[str] = set()
        self.companies = [self._company() for _ in range(max(count // 12, 5))]

    def written(self) -> Book:
        same: list[tuple[int, int]] = []
        near: list[tuple[int, int]] = []
        while len(self.people) < self.count:
            draw = self.chance.random()
            place = self._add(self._person())
            if draw < 0.04:
                # Each with each: one may stand three times.
                alike = [place]
                for _ in range(2 if draw < 0.003 else 1):
                    if (copy := self._again(self.people[place])) is not None:
                        other = self._add(copy)
                        same += [(one, other) for one in alike]
                        alike.append(other)
            elif draw < 0.075:
                near += [
                    (place, other) for other in map(self._add, self._near(self.people[place]))
                ]

        order = list(range(len(self.people)))
        self.chance.shuffle(order)
        places = {old: new for new, old in enumerate(order)}
        made = Book([self._kept(self.people[old]) for old in order])
        made.same = {_pair(places[one], places[two]) for one, two in same}
        made.near = {_pair(places[one], places[two]) for one, two in near}
        return made

    def _add(self, entry: Entry) -> int:
        # An address stands once in a book.
        if entry.get("email") and entry["email"] in self.emails:
            entry["email"] = ""
        self.emails.add(entry.get("email", ""))
        self.people.append(entry)
        return len(self.people) - 1

    def _kept(self, entry: Entry) -> Entry:
        return {
            name: value for name, value in entry.items() if value and not name.startswith("_")
        }

    # People.

    def _company(self) -> Entry:
        country = self._country()
        name = f"{self._surname(country)} {self.chance.choice(TRADES)}"
        form = self.chance.choice(FORMS)
        domain = f"{plain(name).replace(' ', '-')}{self.chance.randrange(100)}.example"
        return {"_country": country.code, "company": f"{name} {form}".strip(), "_domain": domain,
                "phone": self._phone(country), **self._place(country)}  # fmt: skip

    def _country(self) -> Country:
        return self.chance.choices(COUNTRIES, [20, 14, 10, 9, 9, 7, 5, 6, 16, 4, 3, 5, 5, 4])[
            0
        ]

    def _of(self, entry: Entry) -> Country:
        return next(country for country in COUNTRIES if country.code == entry["_country"])

    def _ranked(self, flat: int, heads: list[str], stems: str = "", *ends: list[str]) -> str:
        """A name by its rank, as real ones are spread: Zipf's law, flattened at the head, with as
        long a tail as `heads` and what `stems` make with each of `ends` in turn; so more names
        come up in a larger book, and most of them once.
        """
        firsts = stems.split()
        names = len(heads) + len(firsts) * sum(map(len, ends))
        rank = int(flat * ((names + flat) / flat) ** self.chance.random()) - flat
        if rank < len(heads):
            return heads[rank].replace("_", " ")

        rank -= len(heads)
        for lasts in ends:
            if rank < len(firsts) * len(lasts):
                break
            rank -= len(firsts) * len(lasts)
        # The parts of neighbouring ranks differ; the same rank is always the same name.
        rank = rank * SPREAD % (len(firsts) * len(lasts))
        first, last = firsts[rank % len(firsts)], lasts[rank // len(firsts)]
        return (first + (f" {last}" if last[0].isupper() else last)).replace("_", " ").strip()

    def _surname(self, country: Country) -> str:
        name = self._one_surname(country)
        return f"{name} {self._one_surname(country)}" if country.code == "ES" else name

    def _one_surname(self, country: Country) -> str:
        ends = country.ends.split()
        return self._ranked(12, [], country.stems, ends, _composed(country.stems, ends))

    def _given(self, country: Country, sex: str, without: str = "") -> str:
        while (name := self._any_given(country, sex)) == without:
            pass
        return name

    def _any_given(self, country: Country, sex: str) -> str:
        draw = self.chance.random()
        if draw < 0.1:
            # From elsewhere, as of those who moved, or whose parents did.
            country = self.chance.choice(COUNTRIES[:-4])
        names = (country.women if sex == "f" else country.men).split()
        name = self._ranked(12, names)
        if 0.1 <= draw < 0.18 and country.code in DOUBLE:
            other = self._ranked(12, names)
            return f"{name}{DOUBLE[country.code]}{other}" if other != name else name
        return name

    def _phone(self, country: Country) -> str:
        return f"+{country.calling}{self.chance.randrange(200_000_000, 999_999_999)}"

    def _place(self, country: Country) -> Entry:
        street, number = self._street(country), self.chance.randrange(1, 180)
        line = f"{number} {street}" if country.number_first else f"{street} {number}"
        towns = country.towns.split()
        city = self._ranked(
            4, country.cities.split(), country.stems, towns, _composed(country.ends, towns)
        )
        code = f"{sum(map(ord, city)) % 90 + 10}{self.chance.randrange(1000):03}"
        return {"street": line, "city": city, "postal_code": code, "country": country.code}

    def _street(self, country: Country) -> str:
        """One that every town has, or one of a name."""
        heads = country.streets.split()
        if self.chance.random() < 0.4:
            return self._ranked(3, heads)

        road = self.chance.choice(country.roads.split()).replace("_", " ")
        name = self._ranked(20, [], country.stems, country.ends.split())
        if road.endswith((" ", ".")):
            return f"{road}{name}"
        return f"{name}{road}"

    def _birthday(self) -> str:
        return f"{self.chance.randrange(1940, 2004)}-{self.chance.randrange(1, 13):02}-{self.chance.randrange(1, 29):02}"

    def _person(self, country: Country | None = None) -> Entry:
        country = country or self._country()
        sex = self.chance.choice("fm")
        entry = {"_country": country.code, "_sex": sex, "first_name": self._given(country, sex),
                 "last_name": self._surname(country), "phone": self._phone(country), **self._place(country),
                 "birthday": self._birthday()}  # fmt: skip
        if country.code in {"US", "GB", "SE"} and self.chance.random() < 0.2:
            entry["middle_name"] = self._given(country, sex, entry["first_name"])
        if self.chance.random() < 0.6:
            self._employ(entry, self.chance.choice(self.companies))
        else:
            entry["email"] = self._email(entry, self.chance.choice(MAILERS))
        return self._gaps(entry)

    def _employ(self, entry: Entry, company: Entry) -> None:
        entry |= {"company": company["company"], "job_title": self.chance.choice(TITLES),
                  "email": self._email(entry, company["_domain"])}  # fmt: skip
        draw = self.chance.random()
        if draw < 0.25:
            entry |= {
                name: company[name] for name in ("street", "city", "postal_code", "country")
            }
        if draw < 0.12:
            entry["phone"] = company["phone"]

    def _gaps(self, entry: Entry) -> Entry:
        """Few people fill everything."""
        for name, share in (
            ("birthday", 0.45),
            ("phone", 0.25),
            ("email", 0.12),
            ("middle_name", 0.3),
        ):
            if self.chance.random() < share:
                entry.pop(name, None)
        if self.chance.random() < 0.35:
            for name in ("street", "postal_code"):
                entry.pop(name, None)
        return entry

    def _email(self, entry: Entry, domain: str) -> str:
        first, last = (
            plain(entry[name]).replace(" ", "") for name in ("first_name", "last_name")
        )
        if not first or not last:
            first, last = f"user{self.chance.randrange(10_000_000)}", ""
        local = self.chance.choice([f"{first}.{last}", f"{first[0]}.{last}", f"{last}{first[0]}", f"{first}{last}",
                                    f"{first}{self.chance.randrange(50, 99)}"])  # fmt: skip
        address = f"{local}@{domain}".strip(".")
        return (
            address
            if address not in self.emails
            else f"{local}{self.chance.randrange(1000)}@{domain}"
        )

    # The same person again.

    def _again(self, entry: Entry) -> Entry | None:
        """None for an entry whose details are too few to recognise it by."""
        for _ in range(50):
            copy = dict(entry)
            changes: list[Callable[[Entry], None]] = self.chance.sample(
                [self._typed, self._typed, self._short, self._married, self._moved, self._other_mail, self._other_mail,
                 self._other_phone, self._swapped, self._lost, self._lost, self._bare, self._initial, self._other_job,
                 self._phone_slip, self._birthday_slip, self._mail_slip],
                self.chance.choice([1, 2, 2, 3]))  # fmt: skip
            for change in changes:
                change(copy)
            if copy.get("email") == entry.get("email"):
                # One address cannot stand twice; the clerk left it out, or had another.
                copy["email"] = (
                    self._email(copy, self.chance.choice(MAILERS))
                    if self.chance.random() < 0.5
                    else ""
                )
            if self._is_recognisable(entry, copy):
                return copy

        return None

    @staticmethod
    def _is_recognisable(entry: Entry, copy: Entry) -> bool:
        """A clerk who had both cards would say so: they share a detail that few others have."""
        local = [one.get("email", "").partition("@")[0] for one in (entry, copy)]
        telling = [name for name in ("phone", "birthday", "street", "company")
                   if entry.get(name) and entry.get(name) == copy.get(name)]  # fmt: skip
        return bool(telling) or (bool(local[0]) and local[0] == local[1])

    def _typed(self, copy: Entry) -> None:
        name = self.chance.choice(
            ["first_name", "last_name", "last_name", "street", "city", "company"]
        )
        text = copy.get(name, "")
        if len(text) < 5:
            return
        at = self.chance.randrange(1, len(text) - 1)
        kind = self.chance.randrange(4)
        if kind == 0:
            text = text[:at] + text[at + 1] + text[at] + text[at + 2 :]
        elif kind == 1:
            text = text[:at] + text[at + 1 :]
        elif kind == 2:
            text = text[:at] + text[at] + text[at:]
        else:
            row = next((row for row in KEYBOARD if text[at].lower() in row), "aeiou")
            text = text[:at] + self.chance.choice(row) + text[at + 1 :]
        copy[name] = text

    def _short(self, copy: Entry) -> None:
        copy["first_name"] = CALLED.get(copy["first_name"], copy["first_name"])

    def _married(self, copy: Entry) -> None:
        other = self._surname(self._of(copy))
        if copy["_sex"] == "f" or self.chance.random() < 0.2:
            copy["last_name"] = self.chance.choice(
                [other, other, f"{copy['last_name']}-{other}"]
            )

    def _moved(self, copy: Entry) -> None:
        copy |= self._place(self._of(copy))

    def _other_mail(self, copy: Entry) -> None:
        copy["email"] = self._email(copy, self.chance.choice(MAILERS))

    def _other_phone(self, copy: Entry) -> None:
        copy["phone"] = self._phone(self._of(copy))

    def _swapped(self, copy: Entry) -> None:
        copy["first_name"], copy["last_name"] = copy["last_name"], copy["first_name"]

    def _lost(self, copy: Entry) -> None:
        for name in self.chance.sample(["phone", "birthday", "street", "city", "postal_code", "company",
                                        "job_title", "middle_name", "country"], 3):  # fmt: skip
            copy.pop(name, None)

    def _bare(self, copy: Entry) -> None:
        for name in ("first_name", "last_name", "city", "street"):
            if name in copy:
                copy[name] = "".join(
                    (PLAIN.get(letter.lower(), letter.lower()) if letter.lower() in PLAIN else letter)
                    for letter in copy[name])  # fmt: skip
                copy[name] = copy[name][:1].upper() + copy[name][1:]

    def _initial(self, copy: Entry) -> None:
        copy["first_name"] = copy["first_name"][0] + self.chance.choice([".", ""])

    def _other_job(self, copy: Entry) -> None:
        company = self.chance.choice(self.companies)
        copy |= {"company": company["company"], "email": self._email(copy, company["_domain"])}

    def _phone_slip(self, copy: Entry) -> None:
        if phone := copy.get("phone"):
            at = self.chance.randrange(5, len(phone) - 1)
            copy["phone"] = phone[:at] + phone[at + 1] + phone[at] + phone[at + 2 :]

    def _birthday_slip(self, copy: Entry) -> None:
        if birthday := copy.get("birthday"):
            year, month, day = birthday.split("-")
            copy["birthday"] = (
                f"{year}-{day}-{month}" if int(day) < 13 else f"{int(year) + 1}-{month}-{day}"
            )

    def _mail_slip(self, copy: Entry) -> None:
        if email := copy.get("email"):
            at = self.chance.randrange(1, email.index("@")) if email.index("@") > 1 else 0
            copy["email"] = email[:at] + email[at + 1 :]

    # Others who are near.

    def _near(self, entry: Entry) -> list[Entry]:
        kinds = [self._spouse, self._child, self._namesake, self._namesake, self._switchboard, self._office,
                 self._twin, self._relative_at_work]  # fmt: skip
        return self.chance.choice(kinds)(entry)

    def _home(self, entry: Entry) -> Entry:
        return {
            name: entry[name]
            for name in ("street", "city", "postal_code", "country")
            if name in entry
        }

    def _spouse(self, entry: Entry) -> list[Entry]:
        other = self._person(self._of(entry))
        other["_sex"] = "m" if entry["_sex"] == "f" else "f"
        other["first_name"] = self._given(self._of(entry), other["_sex"], entry["first_name"])
        other |= {"last_name": entry["last_name"], **self._home(entry)}
        if entry.get("phone") and self.chance.random() < 0.6:
            other["phone"] = entry["phone"]
        if other.get("email"):
            other["email"] = self._email(other, self.chance.choice(MAILERS))
        return [other]

    def _child(self, entry: Entry) -> list[Entry]:
        """A son or daughter in the same house; one in three has the parent's name."""
        other = self._person(self._of(entry))
        other |= {"_sex": entry["_sex"], "last_name": entry["last_name"], **self._home(entry)}
        other["first_name"] = self._given(self._of(entry), other["_sex"], entry["first_name"])
        if self.chance.random() < 0.33:
            other["first_name"] = entry["first_name"]
            entry["birthday"] = (
                f"{self.chance.randrange(1930, 1962)}-{self.chance.randrange(1, 13):02}-11"
            )
            other["birthday"] = (
                f"{self.chance.randrange(1963, 2003)}-{self.chance.randrange(1, 13):02}-21"
            )
            if self._of(entry).code in {"US", "GB"}:
                entry["suffix"], other["suffix"] = "Sr.", "Jr."
        if entry.get("phone") and self.chance.random() < 0.5:
            other["phone"] = entry["phone"]
        if other.get("email"):
            other["email"] = self._email(other, self.chance.choice(MAILERS))
        return [other]

    def _namesake(self, entry: Entry) -> list[Entry]:
        other = self._person(self._of(entry))
        other |= {
            "first_name": entry["first_name"],
            "last_name": entry["last_name"],
            "_sex": entry["_sex"],
        }
        other.pop("middle_name", None)
        if other.get("email"):
            other["email"] = self._email(other, other["email"].partition("@")[2])
        if entry.get("city") and self.chance.random() < 0.3:
            other |= {"city": entry["city"], "country": entry.get("country", "")}
            other.pop("street", None)
        return [other]

    def _switchboard(self, entry: Entry) -> list[Entry]:
        """Colleagues who all give the number of the house."""
        company = self.chance.choice(self.companies)
        self._employ(entry, company)
        entry["phone"] = company["phone"]
        found = []
        for _ in range(self.chance.randrange(1, 4)):
            other = self._person(self._of(entry))
            self._employ(other, company)
            other["phone"] = company["phone"]
            if self.chance.random() < 0.2:
                other["first_name"] = entry["first_name"]
            found.append(other)
        return found

    def _office(self, entry: Entry) -> list[Entry]:
        """A house of many firms: one address, and now and then one surname."""
        other = self._person(self._of(entry))
        other |= self._home(entry)
        if self.chance.random() < 0.3:
            other["last_name"] = entry["last_name"]
            other["first_name"] = self._given(
                self._of(entry), other["_sex"], entry["first_name"]
            )
        return [other]

    def _twin(self, entry: Entry) -> list[Entry]:
        other = self._person(self._of(entry))
        other |= {"last_name": entry["last_name"], **self._home(entry)}
        other["first_name"] = self._given(self._of(entry), other["_sex"], entry["first_name"])
        entry["birthday"] = other["birthday"] = self._birthday()
        return [other]

    def _relative_at_work(self, entry: Entry) -> list[Entry]:
        """Brothers in the family's firm."""
        company = self.chance.choice(self.companies)
        other = self._person(self._of(entry))
        other["last_name"] = entry["last_name"]
        other["first_name"] = self._given(self._of(entry), other["_sex"], entry["first_name"])
        for one in (entry, other):
            self._employ(one, company)
        return [other]


def _composed(stems: str, ends: list[str]) -> list[str]:
    """Longer endings, such as a second stem with an end."""
    return _of_two(stems.lower().replace("_", ""), tuple(ends))


@cache
def _of_two(stems: str, ends: tuple[str, ...]) -> list[str]:
    return [f"{stem}{end}" for stem in stems.split() for end in ends if end[0] != "_"]


def plain(text: str) -> str:
    """As the local part of an address has it: Latin letters, digits and blanks; others go."""
    letters = []
    for letter in text.lower():
        written = PLAIN.get(letter) or ROMAN.get(letter) or letter
        letters.append(
            written if written.isascii() and (written.isalnum() or written == " ") else ""
        )
    return "".join(letters)


def _pair(one: int, two: int) -> tuple[int, int]:
    return (one, two) if one < two else (two, one)
