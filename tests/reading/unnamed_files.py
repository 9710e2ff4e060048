"""Forty short files of invented persons, in ten encodings that no one names: those on which the
rules are measured. None of the rules was tuned on them; `tuning_files.py` is for that.
"""

# ruff: noqa: RUF001
FILES: dict[str, list[str]] = {
    "cp1252": [
        "Vorname;Nachname;Ort\r\nBärbel;Großkreutz;Tübingen\r\nJörg;Weiß;Fürth\r\n",
        "Prénom;Nom;Ville\r\nHélène;Lefèvre;Orléans\r\nFrançois;Bézier;Nîmes\r\n",
        "Nombre,Apellido,Ciudad\r\nÍñigo,Muñoz,Logroño\r\nBegoña,Ibáñez,Cádiz\r\n",
        "Fornavn;Efternavn;By\r\nSøren;Kjær;Århus\r\nBirthe;Østergård;Nørre Åby\r\n",
    ],
    "cp1250": [
        "Imię;Nazwisko;Miasto\r\nMałgorzata;Wiśniewska;Częstochowa\r\nStanisław;Pająk;Gdynia\r\n",
        "Jméno;Příjmení;Město\r\nVěra;Růžičková;České Budějovice\r\nOndřej;Šťastný;Břeclav\r\n",
        "Név;Város\r\nSzőke Ágnes;Győr\r\nFűzfa Ödön;Székesfehérvár\r\n",
        "Ime;Prezime;Grad\r\nŽeljka;Kovačić;Šibenik\r\nĐuro;Vučković;Čakovec\r\n",
    ],
    "cp1251": [
        "Имя;Фамилия;Город\r\nСветлана;Кузнецова;Самара\r\nПавел;Щукин;Рязань\r\n",
        "Ім'я;Прізвище;Місто\r\nЄвген;Ткаченко;Чернігів\r\nЛюдмила;Гаврилюк;Ужгород\r\n",
        "Име;Фамилия;Град\r\nЙорданка;Христова;Пловдив\r\nБогомил;Дъбов;Търговище\r\n",
        "name,email,city\nЗоя,zoya@example.com,Псков\nФёдор,fedor@example.com,Клин\n",
    ],
    "koi8-r": [
        "Имя;Фамилия;Город\nТимофей;Жаворонков;Вологда\nНина;Ершова;Калуга\n",
        "ФИО,Телефон\nБелов Геннадий Львович,+7 495 555 01 44\nЧиж Алла Юрьевна,+7 495 555 01 45\n",
        "name;city\nАркадий Шубин;Мурманск\nМарфа Хохлова;Суздаль\n",
        "first,last,email\nРоман,Дятлов,roman@example.com\nЛариса,Цветкова,lara@example.com\n",
    ],
    "cp1253": [
        "Όνομα;Επώνυμο;Πόλη\r\nΣταύρος;Μακρής;Πάτρα\r\nΕλένη;Καλογερά;Βόλος\r\n",
        "name;email;city\r\nΧρήστος Βλάχος;xv@example.com;Θεσσαλονίκη\r\n",
        "Email,Όνομα\r\nmaria@example.com,Μαρία Ζερβού\r\ngd@example.com,Γιώργος Δήμου\r\n",
        "Ονοματεπώνυμο;Τηλέφωνο\r\nΦώτης Ραλλάκης;2105550143\r\nΆννα Ψαρά;2105550144\r\n",
    ],
    "cp1254": [
        "Adı;Soyadı;Şehir\r\nÇağla;Yıldırım;Muğla\r\nŞükrü;Öztürk;Kırşehir\r\n",
        "Ad,Soyad,E-posta\r\nGülşen,Bağcı,gulsen@example.com\r\nIşık,Çınar,isik@example.com\r\n",
        "name;city\r\nUğur Şimşek;İzmir\r\nYağmur Güneş;Diyarbakır\r\n",
        "İsim;Şirket\r\nOğuz Kılıç;Akıllı Çözümler\r\nNeslişah Ak;Dağ Gıda\r\n",
    ],
    "cp932": [
        "姓,名,メールアドレス\r\n小林,さくら,sakura@example.com\r\n渡辺,大輔,daisuke@example.com\r\n",
        "会社名,氏名,住所\r\n東西物産株式会社,松本 一郎,大阪市北区\r\n",
        "氏名,フリガナ,市\r\n石川 美咲,イシカワ ミサキ,横浜市\r\n岡田 翔,オカダ ショウ,札幌市\r\n",
        "name,city\r\n高木 直人,名古屋\r\n吉田 恵子,仙台\r\n",
    ],
    "gb18030": [
        "姓名,电话,城市\r\n刘建国,13800555010,上海\r\n陈丽华,13800555011,成都\r\n",
        "姓,名,公司\r\n赵,敏,北京新华科技有限公司\r\n周,海涛,南京市东方贸易公司\r\n",
        "name,city\r\n黄晓明,深圳\r\n徐静,杭州\r\n",
        "联系人,邮箱\r\n孙志强,sun@example.com\r\n马玉兰,ma@example.com\r\n",
    ],
    "euc_kr": [
        "이름,이메일,도시\r\n박지훈,park@example.com,대구\r\n최은영,choi@example.com,인천\r\n",
        "성명,회사,전화\r\n정현우,한빛전자,02-555-0143\r\n강미경,서해물산,02-555-0144\r\n",
        "name,city\r\n윤서준,광주\r\n임수빈,대전\r\n",
        "고객명,주소\r\n송하늘,경기도 수원시\r\n배주현,제주시 연동\r\n",
    ],
    "mac-roman": [
        "Vorname;Name;Ort\rKäthe;Schäfer;Köln\rGötz;Hübner;Weißenfels\r",
        "Prénom;Nom;Ville\rZoé;Crémieux;Besançon\rJérôme;Gaspé;Saint-Étienne\r",
        "Nome,Cognome,Città\rNiccolò,Perù,Forlì\rMarilù,D'Andrà,Cefalù\r",
        "First name,Last name,City\rGösta,Åkerblom,Malmö\rKåre,Fjällström,Umeå\r",
    ],
}
