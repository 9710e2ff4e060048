"""Words by which lines of a file are known that are no contacts, in the languages of the labels."""

TOTALS = (
    r"(grand\s+|sub-?\s?|overall\s+|report\s+)?totals?|(zwischen|gesamt|end)summe|gesamt(zahl|anzahl)?"
    r"|insgesamt|summe|total\s+g[ée]n[ée]ral|sous-total|totale(\s+generale)?|totales|total\s+geral"
    r"|suma\s+total|eindtotaal|(sub)?totaal|totalt|summa|i\s+alt|yhteensä|razem|celkem|итого|всего"
    r"|toplam|合計|总计|總計|합계"
    r"|(total\s+)?(number|count)(\s+of\s+\w+)?(?=[\s:=]*\d)|anzahl(\s+\w+)?(?=[\s:=]*\d)"
    r"|nombre(\s+de\s+\w+)?(?=[\s:=]*\d)|n[úu]mero(\s+d[ei]\s+\w+)?(?=[\s:=]*\d)"
    r"|aantal(\s+\w+)?(?=[\s:=]*\d)|antal(\s+\w+)?(?=[\s:=]*\d)"
)
RECORDS = (
    r"records?|rows?|contacts?|entries|entry|items?|results?|members?|people|persons?|customers?"
    r"|leads?|accounts?|subscribers?|lines?|datens[äa]tze?|zeilen?|kontakte?|eintr[äa]ge?"
    r"|mitglieder|personen|kunden|lignes?|enregistrements?|membres?|clients?|registros?|filas?"
    r"|contactos?|contatos?|linhas?|righe|contatti|rijen|contacten|rader|kontakter|r[æa]kker"
)
_ABOUT = (
    r"report|list|file|document|export|data|information|extract|message|liste|datei|bericht"
    r"|auszug|dokument|daten|fichier|rapport|informe|lista|archivo|relat[óo]rio|elenco|lijst|bestand"
)
# Of a line's first cell. What needs a colon or a number behind it would else be a person's name.
FOOTERS = (
    r"\bconfidential(ity)?\b|\bvertraulich|\bconfidentiel|\bconfiden[cz]i[ao]l|\briservat[oi]\b"
    r"|\bvertrouwelijk|\bfortrolig|\bkonfidenti|конфиденциально|\bproprietary\b"
    r"|\bdo\s+not\s+(distribute|copy|share|forward|disclose|edit|delete|reply|modify)\b"
    r"|\bnot\s+for\s+(distribution|publication|resale)\b|\binternal\s+use\b"
    r"|\bnicht\s+(zur\s+)?(weiterg|verteil|ver[öo]ffentlich)|\bintern(en|er)?\s+gebrauch\b"
    r"|\busage\s+interne\b|\buso\s+interno\b|\bintern\s+gebruik\b|\bne\s+pas\s+diffuser\b"
    r"|\bcopyright\b|©|\(c\)\s*\d{4}|\ball\s+rights\s+reserved\b|\balle\s+rechte\s+vor"
    r"|\btous\s+droits\s+r|\btodos\s+(los\s+derechos|os\s+direitos)\b|\btutti\s+i\s+diritti\b"
    r"|^\W*(generated|exported|printed|created|produced|downloaded|extracted|compiled|prepared"
    r"|retrieved|last\s+(updated|modified|run)|run|report(\s+\w+)?|data|as)\s+"
    r"(by|on|at|from|with|as\s+of|of|using|via|date|time)\b\s*:?\s*\S"
    r"|^\W*(generated|exported|printed|created|report\s+\w+|date|time|user|as\s+of)\s*:"
    r"|^\W*(erstellt|exportiert|generiert|gedruckt|erzeugt|ausgedruckt|heruntergeladen"
    r"|druckdatum|exportdatum|stand)\s*(am|vom|von|durch|mit|um|aus|:)"
    r"|^\W*(g[ée]n[ée]r[ée]|export[ée]|imprim[ée]|cr[ée][ée]|[ée]dit[ée]|extrait)e?s?\s+"
    r"(le|par|[àa]|avec|depuis)\b"
    r"|^\W*(generad|exportad|impres|cread|gerad|criad)[oa]s?\s+(el|por|en|con|desde|em|a)\b"
    r"|^\W*(generato|esportato|stampato|creato)\s+(il|da|con)\b"
    r"|^\W*(gegenereerd|ge[ëe]xporteerd|afgedrukt|aangemaakt)\s+(op|door|met)\b"
    r"|^\W*(genereret|eksporteret|genererad|exporterad|utskriven|generert|utskrevet)\s+\w"
    r"|^\W*(page|seite|p[áa]gina|pagina|side|sida|strona|стр\w*)\.?\s*\d+\b"
    rf"|^\W*(end|ende|fin|fine|einde|slut|koniec|конец)\s+(of|der|des|de|du|della|del|van|af|av)\b"
    rf".*\b({_ABOUT}|records|rows|auflistung)\b|^\W+(end|ende|eof|fin)\W+$"
    r"|^\W*((applied\s+)?filters?(\s+applied)?|filter(ed)?(\s+by)?|sort(ed|ing)?(\s+by)?|selection"
    r"|criteria|search|query|report(\s+\w+)?|source|quelle|bron|fuente|fonte|disclaimer|notes?"
    r"|hinweise?|anmerkung(en)?|remarks?|legende?|legenda|prepared\s+for|powered)\s*(:|by\b)"
    rf"|^\W*(this|these|the\s+above|diese[rs]?|ces?|cette|est[ea]|quest[oa]|dit|deze|denne)\s+({_ABOUT})\b"
    r"|^\W*no\s+(more|further)\s+\w+|^\W*please\s+\w+|^\W*(truncated|continued)\b.*\b(on|at|next)\b"
)
# A second row of the header says what belongs into each column.
_HINTS = (
    "required | optional | mandatory | recommended | text | string | number | numeric | integer"
    " | date | boolean | yes/no | email | e-mail | phone | varchar | pflichtfeld | pflicht"
    " | erforderlich | zahl | datum | obligatoire | facultatif | optionnel | texte | nombre"
    " | obligatorio | opcional | texto | obbligatorio | facoltativo | testo | obrigatório"
    " | verplicht | optioneel | tekst | do not edit | read only | max 50 characters"
)
HINTS = frozenset(_HINTS.split(" | "))
# What stands in parentheses behind a label and names no list.
_QUALIFIERS = (
    "work | home | mobile | business | private | office | other | main | personal | required"
    " | optional | primary | secondary | billing | shipping | mailing | default | privat"
    " | geschäftlich | dienstlich | mobil | arbeit | pro | perso | domicile | casa | trabajo"
    " | lavoro | thuis | werk | email | e-mail | phone | address | street | name | person"
    " | contact | contacts | account | organization | company | deal | lead"
)
QUALIFIERS = frozenset(_QUALIFIERS.split(" | "))
# No name begins with one of these, nor holds one further on.
_SMALL_WORDS = (
    "and or but with for the of to in on at by from as is are was were be this that these those"
    " not no see please only also if when all und oder aber mit für das dass ist sind war nicht"
    " nur auch wenn alle siehe bitte et ou mais avec pour dans sur est sont pas voir para por"
    " sin en che non sono met voor niet ook och eller med för ikke og til"
)
SMALL_WORDS = frozenset(_SMALL_WORDS.split())
