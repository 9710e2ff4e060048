"""What stands in files for nothing: error cells, signs and words, as programs and people write
them.

Compared without case. A word of a person's own is blank in every column.
"""

# What spreadsheets in eleven languages show instead of a value, and databases for none.
_ERRORS = (
    r"\N #N/A #REF! #DIV/0! #VALUE! #NAME? #NUM! #NULL! #SPILL! #CALC! #FIELD! #GETTING_DATA #BLOCKED!"
    r" #UNKNOWN! #CONNECT! #BUSY! #ERROR! #EXTERNAL! #PYTHON! #TIMEOUT!"
    r" #NV #BEZUG! #WERT! #ZAHL! #ÜBERLAUF! #KALK! #FELD!"
    r" #VALEUR! #NOM? #NOMBRE! #EPARS! #PROPAGATION! #CHAMP!"
    r" #N/D #¡REF! #¡DIV/0! #¡VALOR! #¿NOMBRE? #¡NUM! #¡NULO! #¡DESBORDAMIENTO!"
    r" #RIF! #VALORE! #NOME? #NULLO! #VALOR! #NÚM! #NUM? #NULO! #DESPEJAR! #DESPEJO!"
    r" #N/B #VERW! #DEEL/0! #WAARDE! #NAAM? #GETAL! #LEEG! #OVERLOOP!"
    r" #SAKNAS! #REFERENS! #DIVISION/0! #VÄRDEFEL! #NAMN? #OGILTIGT! #SKÄRNING!"
    r" #I/T #REFERENCE! #VÆRDI! #NAVN? #VERDI! #N/D! #ADR! #DZIEL/0! #ARG! #NAZWA? #LICZBA! #ZERO!"
    r" #PUUTTUU! #VIITTAUS! #JAKO/0! #ARVO! #NIMI? #LUKU! #TYHJÄ!"
    r" #Н/Д #ССЫЛКА! #ДЕЛ/0! #ЗНАЧ! #ИМЯ? #ЧИСЛО! #ПУСТО!"  # noqa: RUF001
    " Err:501 Err:502 Err:503 Err:504 Err:508 Err:509 Err:510 Err:511 Err:512 Err:519 Err:520"
    " Err:522 Err:523"
)
ERROR_CELLS = tuple(_ERRORS.split())
DASHES = "-\u2010\u2011\u2012\u2013\u2014\u2015\u2212"
SIGNS = (
    *(dash * count for dash in DASHES for count in range(1, 9)),
    *(sign * count for sign in "._/" for count in range(1, 9)),
    *("-/-", "./.", "/./", "- -", "-.-", "(-)", "[-]", "{}", "[]", "()", '""', "''"),
)
EVERYWHERE = (*ERROR_CELLS, *SIGNS)
# People are called Null, Nil and Na: in a name these stay, with a warning.
BUT_IN_NAMES = (
    *("NULL", "(NULL)", "<NULL>", "[NULL]", "{NULL}", "NaN", "-nan", "NaT", "<NA>", "#NULL"),
    *("undefined", "(blank)", "(empty)", "(leer)", "(vide)", "(vacío)", "(vuoto)", "(leeg)"),
    *(
        "(not set)",
        "[not set]",
        "(not provided)",
        "not provided",
        "not available",
        "not applicable",
    ),
    *("not specified", "not given", "no data", "no value", "(none)", "<none>", "[none]"),
    *(
        "N/A",
        "NA",
        "n.a.",
        "n. a.",
        "n/a.",
        "n\\a",
        "(n/a)",
        "[n/a]",
        "n.d.",
        "n. d.",
        "n/d",
        "s.o.",
    ),
    *(
        "k.A.",
        "k. A.",
        "k/A",
        "keine Angabe",
        "keine Angaben",
        "nicht angegeben",
        "nicht bekannt",
    ),
    *("nicht vorhanden", "nicht verfügbar", "entfällt", "n.v.", "n. v.", "n.b.", "n. b."),
    *("non renseigné", "non renseignée", "non communiqué", "non disponible", "sans objet"),
    *("no disponible", "no aplica", "no consta", "sin datos", "s/d", "sin especificar"),
    *(
        "non disponibile",
        "non specificato",
        "non pervenuto",
        "não disponível",
        "não informado",
    ),
    *(
        "não se aplica",
        "n.v.t.",
        "nvt",
        "niet van toepassing",
        "niet bekend",
        "niet opgegeven",
    ),
    *(
        "brak danych",
        "b.d.",
        "ej angivet",
        "ikke oppgitt",
        "ikke angivet",
        "нет данных",
        "не указано",
    ),
)
# Words of a language: in a note they may be the note.
BUT_IN_NOTES = (
    *("none", "nil", "nothing", "empty", "blank"),
    *("keine", "keiner", "keines", "kein", "leer", "ohne"),
    *("aucun", "aucune", "néant", "ninguno", "ninguna", "nessuno", "nessuna"),
    *("nenhum", "nenhuma", "geen", "ingen", "inget", "brak", "нет", "なし", "无", "없음"),
)
BLANK_WORDS = (*EVERYWHERE, *BUT_IN_NAMES, *BUT_IN_NOTES)
# Namibia, and in Italian addresses the province of Naples.
MEANT = {"country": frozenset({"na"}), "region": frozenset({"na"})}
