"""Short files on which the rules for unnamed encodings are tuned; `unnamed_files.py` holds those
on which they are measured.
"""

# ruff: noqa: RUF001
FILES: dict[str, list[str]] = {
    "cp1252": [
        "Name;Ort\r\nJürgen Groß;Köln\r\nUwe Müller;Zürich\r\n",
        "Nom,Ville\r\nChloé Dubois,Besançon\r\nBenoît Lemaître,Évreux\r\n",
        "name,city\nJoão Conceição,São Luís\nInês Simões,Évora\n",
        "Etunimi;Sukunimi\r\nPäivi;Hämäläinen\r\nJyrki;Mäkelä\r\n",
        "name,email\r\nZoë Brontë,zoe@example.com\r\n",
        "Namn;Ort\r\nÅsa Lindström;Västerås\r\n",
        "Nome;Città\r\nLoredana Bevilacqua;Cantù\r\n",
        "name;note\r\nPat O’Neill;“VIP” – call first\r\nAnn;ok…\r\n",
        "Nafn;Bær\r\nÞórður Guðmundsson;Ísafjörður\r\n",
        "name,price\nAnn,£5\nBob,€7\n",
    ],
    "cp1250": [
        "Name,City\r\nZofia Łukaszewicz,Gdańsk\r\nJerzy Żak,Łódź\r\n",
        "name;city\nJiří Dvořák;Plzeň\nKateřina Nováková;Ústí\n",
        "Név;Cím\r\nKovács Jenő;Hódmezővásárhely\r\n",
        "Ime,Mesto\r\nMatjaž Černič,Škofja Loka\r\nŽiga Kos,Kočevje\r\n",
        "Meno;Mesto\r\nĽubica Šťastná;Košice\r\nJán Ďurica;Žilina\r\n",
        "Nume;Oraş\r\nŞtefan Ţurcanu;Iaşi\r\nIonuţ Bărbulescu;Braşov\r\n",
    ],
    "iso8859-2": [
        "Imię;Miasto\nPaweł Dąb;Śrem\nBożena Źrebak;Żary\n",
        "name,city\nOndřej Šimek,Třebíč\nŠárka Žáková,Ždírec\n",
        "Név,Város\nErdős Győző,Szűcsi\nŐry Ilona,Pécs\n",
    ],
    "cp1251": [
        "Имя;Город\r\nИван Петров;Москва\r\nОльга Ёлкина;Пермь\r\n",
        "name,city\r\nДмитрий,Омск\r\n",
        "Име,Град\r\nГеорги Стоянов,София\r\nЦветелина Янева,Бургас\r\n",
        "Ім'я,Місто\r\nОксана Шевчук,Львів\r\n",
        "Име;Град\r\nЂорђе Јовановић;Ниш\r\nЉиљана Џаја;Чачак\r\n",
    ],
    "koi8-r": [
        "name,city\nАлексей Морозов,Тверь\n",
        "Имя;Фамилия\nЕлена;Гусева\nВиктор;Ситников\n",
        "ИМЯ;ГОРОД\nЮлия;Чита\n",
    ],
    "koi8-u": ["name,city\nЇжакевич Ганна,Київ\nЄлизавета Ґонта,Рівне\n"],
    "cp866": ["Имя;Город\r\nСергей Орлов;Казань\r\n", "name,city\r\nГалина Быкова,Уфа\r\n"],
    "iso8859-5": ["Имя;Город\nМаксим Волков;Сочи\n"],
    "cp1253": [
        "name,city\r\nΝίκος Παππάς,Αθήνα\r\n",
        "Όνομα;Πόλη\r\nΚατερίνα Ιωάννου;Λάρισα\r\nΔημήτρης Ξένος;Χανιά\r\n",
    ],
    "iso8859-7": ["name,city\nΆγγελος Φωτίου,Σπάρτη\n"],
    "cp1254": [
        "name,city\r\nIşıl Şahin,Eskişehir\r\n",
        "Ad;Soyad\r\nMehmet;Yılmaz\r\nAyşe;Doğan\r\n",
        "İsim;Şehir\r\nGökhan Çelik;Aydın\r\nÖmer Faruk;Balıkesir\r\n",
        "name;email\r\nBarış Güngör;b@example.com\r\n",
    ],
    "cp1255": ["name,city\r\nדנה לוי,חיפה\r\nיוסי כהן,באר שבע\r\n"],
    "cp1256": [
        "name,city\r\nسمير حداد,بيروت\r\n",
        "الاسم;المدينة\r\nفاطمة الزهراء;الرباط\r\n",
    ],
    "cp1257": [
        "name,city\r\nJuris Bērziņš,Rīga\r\n",
        "Vardas;Miestas\r\nŽydrūnė Kazlauskienė;Šiauliai\r\n",
        "Nimi;Linn\r\nTõnu Mägi;Võru\r\nÜlle Põder;Jõhvi\r\n",
    ],
    "cp874": ["name,city\r\nสมชาย ใจดี,เชียงใหม่\r\n"],
    "cp932": [
        "名前,市\r\n山田 花子,東京\r\n表 健一,能登\r\n",
        "name,city\r\n佐藤,札幌\r\n",
        "氏名,会社\r\n髙橋 由紀,①商事㈱\r\n",
        "name\r\nｽｽﾞｷ ｲﾁﾛｳ\r\nﾀﾅｶ ﾊﾅｺ\r\n",
    ],
    "euc_jp": ["名前,市\n山田 花子,東京\n田村 ゆかり,京都\n", "氏名,カナ\n森 健,モリ ケン\n"],
    "gb18030": [
        "姓名,城市\r\n李小龙,广州\r\n王芳,北京\r\n",
        "name,city\r\n张伟,西安\r\n",
        "客户,地址\r\n欧阳娜,长沙市芙蓉区\r\n",
    ],
    "big5": ["姓名,城市\r\n陳功蓋,台北\r\n許育成,高雄\r\n", "name,city\r\n林志玲,新竹\r\n"],
    "euc_kr": ["이름,도시\r\n김민수,서울\r\n이서연,부산\r\n", "name,city\r\n홍길동,수원\r\n"],
    "mac-roman": [
        "Name,Ort\rJürgen Groß,Köln\r",
        "Nom;Ville\rÉlodie Français;Châlons\r",
        "name,city\rPeña Núñez,Málaga\r",
    ],
    "cp850": ["Name;Ort\r\nJürgen Groß;Köln\r\n", "Nom;Ville\r\nHervé Françoise;Orléans\r\n"],
    "cp852": ["Imię;Miasto\r\nŁucja Wąs;Łódź\r\nMichał Święch;Kraków\r\n"],
}
