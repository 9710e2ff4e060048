# ruff: noqa: RUF001 - Greek and Cyrillic letters
"""Given names that one person goes by: each line a name, its short forms and other spellings of it.

In small letters without accents. A short form may stand in several lines, and two names fit one
person where a line has both; what is too long for one line goes on in another of the same name. A
name of which the other is the beginning, an initial or another spelling by the usual rules needs
no line (`sql/other_names.sql`).
"""

SHORT_NAMES = """
    aaron ron ronnie ari
    abigail abby abbie gail
    abraham abe bram avi ibrahim
    adalbert bert bela vojtech wojciech
    adelheid heidi adele alice
    adolf dolf adi
    agnes agnieszka aga nessa inez ines
    albert al bert bertie albrecht
    albertina tina berta
    alejandra ale sandra jandra alex
    alejandro ale alex jandro sandro
    aleksander alex olek sasha sascha aleksandar aleksandr alexander
    alexander alex alec alek sandy sander sascha sasha xander lex sandro iskander olek sacha
    alexander alessandro alexandre alejandro
    alexandra alex sandra sandy sascha sasha ola lexi alessandra alexandre aleksandra sacha sanja
    alfonso alfonsus fons poncho alonso
    alfred alf fred freddy fredi al alfredo
    alice ali lisa lissi
    alison ali allie
    aloysius alois luis loisl
    amanda mandy manda
    amelia amy millie mia emily
    anastasia stasia nastia nastya nastja ana stacy nastka asya
    andreas andi andy anderl dres andrea andre anders andrew
    andrea andi andy drea
    andrew andy drew andreas andre andrei andrzej andras
    andrzej andrew jedrek andrus
    aneta anetka anna
    angela angie angel angelika angelina geli
    angelika geli angie ange angela
    anna ann anne annie anni anka anja anya ania anina annika nanni nancy hanna hannah anouk
    anna anuska nan ana anita annette antje nusia ans anneke
    anne annie nan nancy anna ann ans
    annegret anne gretel
    annemarie annie anne marie annamaria anna
    anthony tony ant antoine antonio toni anton
    antoinette toni toinette nettie netty antonia
    anton toni tony antoine antonio anthony antoni antek tonek ante tonci antonin
    antonella nella anto toni
    antonia toni tonia tonya antje nina antoinette tosia antonina
    antonina tonya tosia nina tonia
    antonio toni toninho tony tonio nino antonino tonino anton tono anthony antoine
    apostolos tolis apostolis lakis
    archibald archie baldo
    arthur art artie arturo artur turi
    arturo turo art arthur
    athanasios thanasis nasos sakis thanos
    august gustl augustus gus agustin augustin
    augustin august gustav agustin tino gus austin
    augusta gusti guste gussie
    balthasar balz hauser
    barbara barb barbie babs babsi babette bar baska basia barbra varvara varya wara
    bartholomew bart barth bartholomeus bartek bartlomiej bartolo mees meus
    bartlomiej bartek bartosz
    bartolomeo bartolo meo
    basil vasil vasilis vasili
    beatrice bea bee trixie beatrix bice beate beatriz beata
    beatrix bea trixi trixie trix beatrice
    benedict ben benny bene benedikt benito benoit
    benedikt ben bene beni dixi
    benjamin ben benny benji benni jamin veniamin
    bernadette berni bernie detta
    bernard bernie bern barney bernhard bernardo nardo
    bernhard bernd berni hardi bernie bernard
    berthold bert bertl bertolt
    bogdan bogus bodan bohdan
    boleslaw bolek
    bozena bozenka
    brigitte gitte gitta biggi birgit bridget brigitta britta
    bridget biddy bridie brigid brigitte
    bronislaw bronek
    calvin cal
    camille cam cami
    carl charles karl carlos carlo
    carla charlotte karla
    carlos carlitos charlie charles carl
    carmen carmela carmelita mela menchu
    caroline carol carrie caro caz lina line carolina karoline carolin
    carolina caro lina carol karolina
    caspar kaspar jasper
    casimir kazimierz kazik kazek
    catherine cathy kathy kate katie cat kitty cate cath trina katrin katharina katherine catalina
    catherine caterina katarina catharina karen kathleen
    cecilia cilla celia cecily sissy cecile zilli cila
    charles charlie chuck chas carlos karl chip carl carlo karel
    charlotte lotte charlie lottie lotti lola carlotta
    christa christl christine chris
    christian chris christer kris krystian christoph kristian cristian
    christiane chris christine nane christina jane
    christina tina chris chrissy christine kristina kris stina tini cristina krystyna christa
    christine chris tine tina chrissy christl christina christa kristin kirsten kerstin
    christoph chris stoffel christof christopher
    christopher chris kit topher kester christoph cristobal christophe christos
    christos takis chris christopher
    claire clara klara
    clara claire clare klara
    claudia claudi clodi klaudia
    clemens clem klemens clement
    clifford cliff
    conrad konrad kurt con radl
    concepcion concha conchita conchi
    consuelo chelo
    constance connie stanze constanze konstanze
    constantin costa kosta kostas konstantin dinos costin stan konstantinos
    cornelia conny connie nelly nele cora lia cornelie
    cornelis kees cor cees niels corneel cornelius
    cornelius neil con cornel cor nils kees cornelis
    cristina cris tina christina
    cynthia cindy
    cyril kyrill
    dagmar dasa daggi
    daniel dan danny dani danek danilo danil danya nelo
    daniela dani dana ela danka
    danuta danka danusia
    david dave davy davey dai dawid dudu davide
    deborah deb debbie debra dvora
    denise deni nise
    diana di didi dian diane
    diego santiago
    dietrich dieter dirk tilo dietz
    dieter dietrich dietmar
    dimitrios mitsos dimitris takis jimmy mitso dimos
    dimitri dima mitya mitja dmitri dmitry dimitrij dmitrij
    dolores lola loli lolita dolly
    dominic dom nick dominik domingo dominique
    domenico mimmo memmo mimi dominic
    dominik dom nick domi
    donald don donnie
    dorothea dora dorle thea dorothee dorte doro dorit dorothy
    dorothy dot dottie dolly dora thea dodie dorothea
    douglas doug
    eberhard ebbo hardy ebi
    edmund ed eddie ned ted edmond
    eduard edi edu eddy ed eduardo edward edo
    eduardo edu dudu lalo eddie eduard dado duarte
    edward ed eddie ned ted teddy eduard edek eduardo
    eduarda duda edu
    edwin ed eddie win
    eleanor ellie nora nell nellie elle lenore eleonore leonore
    eleonora nora lea elli eleanor eleni leonora
    eleni lena elena helen helena nitsa
    elfriede friedel elfi friedl elfie
    elisa lisa elli liz elsa elisabeth
    elisabeth lisa lisi lisbeth liesel lies elsbeth elli else elsa ella sissi lilly lilli betty
    elisabeth beth bettina elise elisa babette els elzbieta ela lisette lys sisi elizabeth isabel
    elisabeth lily lilo
    elizabeth liz lizzie beth betty betsy bess eliza libby lisa liza elsie elle lilibet lily elise
    elizabeth elisabeth bette elspeth isabel
    elvira elvi vira
    elzbieta ela elka elisabeth
    emanuel manuel manu mani manolo emmanuel manny
    emil emilio milo
    emilia emmy mia mila milla emily emilie
    emily em emmy millie emilia amelia emilie
    emma em emmy emmi
    emmanuel manu manny manolis emanuel manuel
    encarnacion encarna
    enrique quique kike henrique henry enric
    erhard hardy
    eric erik rick ricky erich
    erika rika eri erica ricki
    erich eric ric
    ernst ernie ernest erno ernesto
    ernest ernie ernst ernesto neto
    ernesto neto ernest teto
    ernestine erna tina stine
    esperanza espe
    esther essie hester ettie estee
    ethel effie
    eugen gene genja schenja zhenya evgeny eugene yevgeny eugenio geno
    eugene gene eugen eugenio evgeny
    eugenia genia jenny zhenya evgenia eugenie
    eva evi evita ewa evelyn eve ewka evchen
    evangelia eva litsa evi lia
    evangelos vangelis vagelis
    evelyn eve evie eva lynn
    evgeny zhenya zenja eugene eugen jenja evgenij yevgeny
    ewa ewka eva
    fabian fabi
    felicitas feli fee lizi
    felipe pipe philip
    ferdinand ferdi fred nando fernando ferdl ferran
    fernando nando fer ferdinand fernan
    filippo pippo lippo filip
    filomena mena filo
    flora florence flo
    florence flo flossie florrie flora
    florentina tina flori
    florian flo flori
    fotini fofi fotoula
    frances fran fanny franny francie frankie cissy francesca franziska
    francesca franca checca fran chicca cesca francesa frances
    francesco franco checco cecco ciccio francis frank
    francis frank frankie fran francesco franz francois
    francisca paca paquita fran francis fanny curra
    francisco paco pancho paquito fran curro frasco cisco frank kiko chico francesc franz francis
    francois francis franz fanfan
    francoise fanchon fran soazig
    frank franky franz francis franklin
    frantisek franta fanda franz
    frantiska fana frantina
    franz franzl franzi frank ferenc francisco franciszek frans francis
    franziska franzi fanny zissi sissi cilli franci ziska frances
    frederick fred freddy freddie fritz rick frederic friedrich federico
    frederik fred rik frits freek
    friederike rike friedel frieda fritzi ricke friedl
    friedrich fritz fred friedel frieder fridrich rico fiete frederick federico
    gabriel gabe gabi gab gavril gabor
    gabriela gabi gaby ela gabrysia gabriele
    gabriele gabi gaby ele jele gabriela
    genevieve gen ginny viva vieve
    genowefa gienia
    geoffrey geoff jeff jeffrey gottfried
    georg schorsch jorg jorge george jurgen gerg juri girgl georgi jiri jurek yuri jerzy
    george georgie geordie georg giorgos jorge jurgen
    georgia gina gogo georgina
    georgina gina georgie ina
    georgios giorgos yorgos giorgis george yiorgos
    gerald gerry jerry gerd gerhard
    gerard gege gerry ger gerrit gerhard jerry
    gerardo gera lalo
    gerhard gerd gert hardy gehrt gerard
    gerlinde linde gerli
    gertrude trude trudi trudy gerti gertie traudl trudl gertrud gerda
    gertrud trude trudi gerti traudel traudl gertrude gerda
    giacomo mino giacomino jacopo james
    gianluca gian luca
    giovanna gianna vanna nina joanna giovannina
    giovanni gianni vanni nino giovannino gian johannes john nanni
    giuseppe beppe peppe pino giuseppino peppino geppe bepi joseph peppuccio
    giuseppina pina pinuccia peppina giusy giusi
    gisela gisa gisi ela gila
    gottfried friedel gotz geoffrey goffredo
    gottlieb amadeus bogumil
    graciela chela
    gregor grischa greg gregory grigori grzegorz
    gregory greg gregg gregor grigori gregorio
    gregorio goyo greg
    grigori grischa grisha gregor grigorij
    grzegorz grzesiek grzes gregor
    guadalupe lupe lupita
    guillermo memo guille willy william guillem
    guillaume guy william guigui
    guglielmo memmo william
    gunter gunther gunni gundi guntram
    gustav gus gusti gusta gustl gustavo guus staf
    gwendolyn gwen wendy gwenny
    halina hala halinka
    hannah anna hanna hanni johanna
    hannelore hanne lore hanni lori
    harald harry hari hal
    harold harry hal harald
    harriet hattie harry etta
    hedwig hedi hedy hede jadwiga hedda
    heinrich heinz heini hein henry harry heiner hinnerk rico henning henrik hinrich hendrik henri
    heinrich enrico jindrich
    helen nell nellie lena ellen elena helena helene eleni
    helena lena hela ilona elena ella helen helene jelena alena lenka
    helene lena leni lene hella ellen helen elena
    helga helgi olga
    helmut helmi hellmuth helle
    hendrik henk rik hein hendrick henry heinrich
    henriette jette henni jetti etta henny rike harriet
    henrietta hettie etta harriet hetty
    henrik henk rik henry heinrich
    henry harry hank hal henri heinrich enrique henrik enrico
    herbert herb bert herbie heribert
    hermann herm harm armin mani herman armand
    hermine mine mina herma
    herminia mini
    hieronymus jeronimo jerome
    hildegard hilde hilda hildi gardi
    hipolito polo
    horst hosti
    hubert bert hubertus hubsi hugo berti huib
    hugh hughie huey hugo shug
    hugo hug hugh huug
    humberto beto berto umberto
    ibrahim ibo abe abraham brahim
    ignacio nacho ignaz nachito inaki
    ignaz igi naz nazi nacki
    ilse elisabeth else ilsebill
    imelda melda
    imre emmerich
    ingeborg inge inga inka borga ingeburg
    ioanna joanna gianna yianna nanna
    ioannis giannis yannis janis john yiannis johannes iannis
    irena irka irene ira
    irene reni rena irena ira irina
    irina ira irinka irischa irisha irene
    irmgard irma irmi gardi
    isaac ike isak zak
    isabel isa bella bel isabella isabelle elisabeth ysabel chabela
    isabella isa bella ella belle izzy isabel izabela
    isabelle isa belle izzy bella isabel
    isidoro isi doro sidro
    ismael isma
    israel izzy
    istvan isti pista stephen stefan
    ivan vanya wanja vanja iwan john johannes vano
    ivana iva ivanka
    jaap jakob jacob jacobus
    jacek jacus
    jacob jake jakob cobus jaap coby jacques james jack diego iago
    jacobus jaap koos cobus jacob james
    jacqueline jackie jacky jacqui line
    jacques jacob jack jacky
    jadwiga jadzia hedwig iga
    jakob jaki jockel jaap kobi jakub jascha jacob jacobus jake
    jakub kuba jakob jacob
    james jim jimmy jamie jem jacob jay jas seamus hamish
    jan johannes john hans honza jenda janek jasiek jas janko johan jens
    jana johanna janka janicka
    jane janie jenny janet johanna jean
    janet jan jane jeanette
    janina janka nina johanna
    jaroslav jarda jaro slavek
    jaroslaw jarek
    javier javi xavi xavier xabi
    jean johannes john jeannot jeannie
    jeanette jenny netty jean jeannine
    jeanne jeannette joan johanna jeannie
    jeffrey jeff geoffrey
    jelena lena lenka helena ljena yelena elena
    jennifer jen jenny jenn jenna
    jeremiah jerry jem jeremy
    jeremy jerry jem jez jezza
    jeronimo jero hieronymus
    jerzy jurek georg george
    jessica jess jessie jessy
    jesus chus chuy suso txus
    jiri jirka jura georg
    joachim jochen achim jo joe jogi joakim joaquin jochem kim akim
    joan joanie johanna jane juan
    joana jo juana
    joanna jo asia joanne johanna joasia joan aska
    joao johannes john joaozinho
    joaquin joaquim quino quim joaco joachim xim kino
    johann hans johannes john hannes johan giovanni juan schani hansl
    johanna hanna hanne hanni jo jana jane joan anna hansi joanna jeanne jannie juana
    johannes hans john johann hannes jo jan joop johan jannes hansi juan ivan janos hansel jean
    johannes jens jonny jannis giovanni hendrik joannes joni jukka
    john johnny jack jon jonny ian sean johannes jean juan evan ivan hank giovanni johann
    jonathan jon jonny nathan johnny jonas yoni
    jordi jorge georg george
    jorge jordi george georg yoyo coque
    jose pepe chema pepito joe joseph josep zezito ze chepe joselito cheo
    josefa pepa fina josefina pepi josephine
    josefina pepa fina fifi josefa josephine jo
    josefine josi jo fina finchen josy seffi pepi josephine
    joseph joe joey jos jose josef jo sepp jef giuseppe yusuf yosef
    josef sepp joe jupp pepi jo peppi seppl beppo jozef jose joschi beppi pepa pepik joseph osip
    josef josip
    josep pep jose joseph
    josephine jo josie josy fifi fina posy josefine
    josip joso joza joseph josef
    joshua josh jos
    jozef joe jozek jos jef joseph josef jozsef sjef
    jozsef joska joseph josef
    juan juanito john johannes joan juancho ivan xoan
    juana juanita joan johanna
    judith judy judi jutta jude
    julia julie jule julka jules lia giulia julita
    julian jules jul juli julek
    juliana jule julia liana ana
    juliane jule julia liane
    julien juju jules julian
    julie jules julia
    julius jules julian jul gyula julio
    jurgen jorg jurg jogi georg george
    justina justyna tina stina
    justine tina justina
    karel karl charles kaja karlik
    karin kari kaja katharina
    karl kalle charles karlheinz karel carl kalli carlos karol charlie
    karolina karo lina karola kaja caroline
    karoline karo line lina lili caroline
    kaspar casper jasper kasper
    katarina kata katja kaja tina rina
    katarzyna kasia kaska katharina kate
    katerina katka kate kati rina katharina kaca
    katharina kathi kati kate katja katrin kathe kathrin trine trina ina nina tinka rina kat
    katharina catherine karin kaatje trijntje katrina cathrin ekaterina katharine kathie
    katharine kate kathy katie kit kay katharina
    kathleen kath kathy kate kay katie cathleen
    katrin kati kathi trine katharina
    kazimierz kazik kaziu casimir
    kenneth ken kenny
    kimberly kim kimmie
    kirsten kiki kirsti christine
    klaus nikolaus nico claus klas nicholas
    konrad conny kurt conrad radek coen koen
    konstantin kostja kostya kosta constantin costa konsti
    konstantinos kostas dinos kostis costas ntinos
    kornelia nelli conny cornelia
    kreszentia zenzi senzi
    kristina tina kris stina kristin kristine christina
    kristof kris kristoffer christoph
    krystyna krysia kryska christina
    krzysztof krzysiek krzys christoph christopher kris
    kunigunde gundi kuni gunda
    kurt conrad konrad curt
    ladislav lada laco ladik laszlo
    larisa lara lora larissa
    laszlo laci ladislaus
    laura lauri lori laurie
    lawrence larry laurie lars lorenz laurence lenny
    laurentius lorenz lars laurens
    laurens laurent rens lorenz
    leif leiv
    leocadia leo cadia
    leonard leo len lenny leon leonhard leonardo lennart
    leonardo leo nardo leonard
    leonhard leo hartl lenz leonard lienhard
    leonid lenya lonja leo
    leonidas leo
    leopold leo poldi pold poldl
    leszek lech lesio
    lewis lew lou louis
    lidia lida lydia
    lieselotte lilo lotte liesel liselotte liese
    liselotte lilo lotte lisa liese
    liliana lili lily lilian
    lillian lily lil lilly
    linda lindy belinda
    lorenz lenz enz laurenz laurence lawrence lorenzo
    lorenzo renzo enzo lory lorenz lencho
    lothar lo
    louis lou louie lewis luis ludwig
    louisa lou louise lulu
    louise lou lulu lola louisa luise
    lourdes lurdes lulu
    lubomir lubos luba
    lucas luke luc luca lukas
    lucia lucy lulu luz luci cia luzia chia
    lucjan lucek
    lucy lu lucia lucinda lucie
    ludmila lida mila luda lyudmila ljuda ljudmila
    ludwig lutz wiggerl louis lui lulu luggi ludovic luis
    ludwika lusia luise
    luigi gigi gino luigino louis
    luis lucho luisito louis ludwig
    luisa lu lulu isa louise
    luise lulu lou isi louise
    lukas luk luke luki lucas
    lukasz luki lucas
    lutz ludwig
    lyudmila luda mila ljuda ludmila
    maciej maciek matthias
    magdalena lena magda leni madeleine madlen magdi malena lene madalena marlene
    magdalene lena magda lene madeleine
    malgorzata gosia goska margaret margarete malgosia
    manfred manni fred mani fredi manny
    manuel manolo manu lolo manny emanuel manolito
    manuela manu ela nela manoli manola
    marcel marc cello
    marcella marcy cella
    marcelo chelo marcel
    marcin martin
    marco mark markus
    marcus marc mark marco markus
    margaret maggie meg peg peggy marge margie margo greta daisy madge rita margot mags greet
    margaret margarete megan
    margareta greta gretel grete rita marga meta greet margit gretchen margaret
    margarete grete gretel greta gretchen marga rita gretl meta margret gitta margot margit margaret
    margarita rita marga margot margo mara ita margaret
    margherita rita ghita margaret
    margit gitte gitta margarete
    margret greta grete gretel gret margaret
    marguerite margot rita daisy margaret
    maria mary marie mia mimi mitzi marika maja masha mascha mariechen marietta ria mizzi moni
    maria mara marja maike marita maruja mari marichu cuca marusia marysia mariska mariola manja
    maria marijke mieke mies rita miriam mariam marion maryam
    mariano nano
    marianne janne nanni marie anne marianna mariana
    marie mary mia mimi maria mitzi rie manon
    marija mara masa maja maria
    mario mariolino
    marion maria mary
    mark marc marcus markus marek
    markus mark marc max marcus
    marlene lena leni marie magdalena lene
    martha marta marthe matty patty
    martin marty tino mart maarten tinus marten marcin merten
    martina tina tini
    mary maria marie molly polly may mae mamie mimi minnie moll maura
    maryam maria mariam
    mateusz mati matthaus mateo
    mateja teja
    matej mata matthias
    mathilde tilda tilli tilde hilde tilly matilda
    matilda tilly mattie tilda matty maud
    matthaus matthes matt mateo hausl
    matthew matt matty matthias mateo matteo mathieu
    matthias matt matze hias mathis hiasl thies mattes tias matz hiesl matthew matias
    mauricio mau mauro
    maurice maury moritz mo
    maximilian max maxi maxl milian maks
    maximiliane maxi liane
    maximiliano max maxi
    maxim max maks
    mechthild mechtel hilde tilda
    mehmet memo mehmed mohammed
    melanie mel mela mellie lani
    melchior melk
    mercedes merche meche merce
    meinhard meino hardy
    michael mike mick mickey micha michi michel mischa misha mikey michal miguel mikael michele
    michael mihai mitch mihail mikhail mikko mikel
    michaela michi ela michelle mica mika
    michal misa misko michael
    michele miche lino michael
    michelle shelly mich chelle
    miguel migue mike micky michael
    mihail misha mischa michael mikhail
    mikhail misha mischa michail michael mihail
    mikolaj miki nikolaus nicholas
    milagros mila mili
    mildred millie milly
    miloslav milos mila
    mirjam miri mirja
    miriam miri mimi mia maria mirjam
    miroslav mirek mirko mira
    miroslaw mirek mirko
    mohammed mo mohamed muhammad mohammad mehmet hamid mahomet muhammed mamadou
    monika moni mona monica
    monica moni mona monika
    monserrat montse
    montserrat montse rat
    moritz mo maurice mauritius
    moses mo moshe musa
    muhammad mo mohammed mehmet ahmad muhammet
    mustafa musti mustapha
    myriam mimi miriam
    nadezhda nadja nadya nadia nada
    nadine nadja dina
    napoleon leo nap
    natalia natascha natasha tasha nat talia nata natalie tusia natalja nataliya
    natalie nat nattie tally talia natalia natasha
    nathaniel nat nate nathan
    nathan nate nat
    nicholas nick nicky nico klaus niklas colin nikolaus nicolas
    nicola nick nicky nico
    nicolas nico klaas nick nicholas colas nikolaus
    nicole nicky nikki nic coco colette
    nicoletta letta nico
    niels nils nikolaus nicholas
    nikita nik
    nikola nik nikolaus
    nikolai kolja kolya nick nicolai niko nicholas nikolaj
    nikolaos nikos nick nicholas niko
    nicolaas klaas nico nikolaus
    nikolaus klaus nico niko nick niklas nickel nikola nils claus klas nicholas nikolai
    norbert bert norb nobbi berti
    odile odette
    ofelia ofe
    olga olja olya lola helga
    oliver olli ollie noll olivier
    olivia liv livia livvy ollie
    oskar ossi ossie oscar
    oscar ossie oz oskar
    osvaldo osvi valdo
    otto otti udo
    ottilie tilli otti odilia tilly
    pamela pam pammy
    panagiotis panos takis giotis pete panayiotis
    pantelis leonidas
    paraskevi vivi evi voula
    pasquale lino pasqualino
    patricia pat patty tricia trish patsy patti pati patrizia
    patricio pato patrick
    patrick pat paddy rick patrik patrice patricio
    patrizia patti pat patricia
    paul pauly paulchen pablo paolo pavel pal paavo pauli
    paula pauline paulinchen lina pola paola
    pauline paula polly lina line
    pavel pasha pascha paul pavlik
    pawel paul pawelek
    pedro perico pete peter perucho
    penelope penny nell pippa
    peter pete petri piet petja pitt peterl petr pierre pedro pieter per piotr peer pit petrus
    petra peti peta
    petronella nel nelly pietje
    petros peter petrakis
    philip phil pip flip philipp filip felipe
    philipp phil lipp fips flip philip filip lippl
    philippa pippa pip
    philippe phil filou philip
    phyllis phyl
    pierre pierrot peter
    piero pietro peter
    pieter piet pete peter
    pietro piero pierino peter
    pilar pili piluca
    piotr piotrek peter petya petja
    przemyslaw przemek przemo
    rachel rae rach shelly rahel
    radoslaw radek
    radovan rada
    rafael rafa raf raffi rafi rafal raphael falito
    raffaele lello raffi raphael
    rainer reiner raini
    ramon moncho mon raymond
    randall randy
    raphael raph rafi raffi rafael
    raul rauli
    raymond ray raimund ramon
    rebecca becky becca becks bex reba rebekka
    regina gina reggie reni regi
    regine gina reggie
    reginald reg reggie rex
    reinhard reini hardi hardy reinhardt
    reinhold holdi reini
    renate nate reni rena renata
    rene renato
    ricardo rick ricky cardo richi richard rico
    riccardo ricky rico richard
    richard dick rick ricky rich richie dickie richi ric ricardo rik ritchie riccardo
    rigoberto rigo berto
    rita margarita margherita margarete
    robert bob bobby rob robbie bert robin berti robi berto bobbie roberto rupert
    roberta bobbie robbie berta
    roberto beto rob berto robert tito bob
    rocio chio
    roderick rod rory rick
    rodolfo rodo fito rudy rudolf
    rodrigo rodri ruy rod
    roger rodge rog rudiger hodge ruggero
    roland rolli rollo roly orlando rolando
    roman romek roma
    ronald ron ronnie
    rosa rosi rosita rose rosl rosie
    rosalia rosa lia rosi
    rosalie rosi rose rosa lie
    rosalind rosie ros roz linda
    rosario charo chayo rosa
    rosemarie rosi rose romy rosa marie rosemary roswitha
    rosemary rose rosie romy
    rosina rosi rosa
    roswitha rosi witha
    roxana roxy rox
    roxanne roxy roxana
    rudiger rudi rudy roger
    rudolf rudi rolf rudy ralf rolph rodolfo dolf rudolph ruedi
    rufina rufi
    rupert rupp bert robert
    ruprecht rupert knecht
    salvador salva chava salvatore
    salvatore toto salvo turi salvador
    samantha sam sammy manta
    samuel sam sammy sami schmuel
    sandra alexandra sandy alessandra
    santiago santi diego iago chago james yago jacob
    sara sally sari sadie sarah
    sarah sally sadie sara
    sebastian seb bas basti bastian sepp wastl bas sebi bastien sebas
    sebastiaan bas sebas sebastian
    sebastiano seba bastiano nello
    serge sergej sergius
    sergei serge seryozha serjoscha sergey sergio serj
    sergio checo serge
    severin seve
    shirley shirl
    sibylle billa sibyl bille
    sidney sid
    siegfried siggi sigi fried sigfried
    sieglinde linde siggi sigi
    siegmund sigi sigmund siggi
    sigrid siri sigi siggi
    silvester vestl sylvester silvio
    silvia silvi silva sylvie sylvia
    simon si sime simeon szymon
    simone mona moni simona
    slavomir slavek slava
    slawomir slawek
    sofia sofie sofi sophie zofia fia sonja sonia sophia
    solomon sol sal
    soledad sole chole
    sonja sophie sofia sonya sonia
    sophia sophie soph sofi fia sofia
    sophie sofi fifi fieke soph sophia sofia
    spyridon spyros spiros
    stanislaus stani stan stenz
    stanislav standa slava stas stano
    stanislaw staszek stach stasiek stas
    stavroula voula
    stavros stavrakis
    stefan steffen steff stephan steven steve stefano stevo stephen istvan szczepan
    stefania stefi fania stefa stephanie
    stefanie steffi stefi fanny steffie stephanie
    stefano ste stefanino stefan
    stephan steff steffen steve stephen stefan
    stephanie steph steffi stevie fanny annie stefanie
    stephen steve stevie steph stefan steven
    steven steve stevie stephen stefan
    stylianos stelios
    susan sue susie suzy suzie sukie susanne susana zsuzsa
    susana susi susan
    susanna sanna susi sanni zuzana susan
    susanne susi susan sanne sanni suse susann susanna
    suzanne sue suzy suzie zanne susanne
    svetlana sveta lana svetla swetlana
    sylvester sly vester silvester
    sylvia sylvie syl silvia
    szymon simon szymek
    tadeusz tadek thaddaus
    tamara tami mara toma tammy
    tatiana tanja tanya tania tati tata tatjana
    tatjana tanja tanya tatiana
    teodor teo fedor theodor
    teodora dora teo dorka
    teofil teo filo
    teresa tere teresita tess tessa resi maite therese terka terezia teresia
    thaddaus thaddeus tad tadeusz
    thekla tilla
    theodor theo ted teddy fjodor fedor teo dorus fyodor tudor teodor
    theodora thea dora theda doris
    theodore ted teddy theo theodor
    theodoros thodoris doros theo thodor theodore
    theofanis fanis
    theophil theo
    therese resi thea resl tessa tere teresa theresia
    theresa terry tess tessa terri tracy resi theresia thea teresa
    theresia resi thea resl rosl therese
    thomas tom tommy thom tomek tomas tommi tommaso maso tam tomasz
    tiberio tibor
    tikhon tisha
    tilman till thilo
    timothy tim timmy timo timotheus
    tobias tobi toby tobie
    tomas tom tomasek tomik thomas
    tomasz tomek tom thomas
    trinidad trini
    ulrich uli ulli uz ueli ulrik utz
    ulrike uli ulli rike ulla
    umberto berto umbe humbert
    urban urs
    ursula uschi ulla ursel uta urschel ursi orsolya urszula sula
    urszula ula ursula
    vaclav vasek vasa vena wenzel
    valentin valli velten vali tino
    valentina vale tina valya valja
    valerie val vally
    vanessa nessa van vany
    vasilios vasilis bill vassilis basil vasilakis
    vasily vasya wassja vasil basil vassili
    vera vierka veronika
    veronica ronnie vero nica vera roni veronika
    veronika vroni vera nika roni ronja veronica verka
    victor vic vick vico viktor
    victoria vicky vicki tori viki vita vika viktoria
    vicente chente vincent
    viktor vitja vic vitya victor
    viktoria vicky viki vika tori victoria
    vincent vince vin vinnie vinzenz vicente vincenzo
    vincenzo enzo cenzo vince vincent
    vinzenz zenz vinz vincent
    violetta viola letta
    virginia ginny ginger gina vir
    vittorio vito vic victor
    vitus veit guido vit
    vladimir vlad volodya wolodja vova wowa vladi vlado wladimir mirko waldemar
    vladislav vlad slava vladik
    volodymyr vova volodya vladimir
    vyacheslav slava slawa
    waclaw wacek
    waldemar waldi wladimir
    walpurga burgi wally burga
    walter walt wally walti wolti wout wat gualtiero
    walther walti walter
    wassili wassja wasja vasily
    wenzel wenz vaclav
    werner wernher vern
    wieslaw wiesiek
    wilfried willi fried wilf
    wilhelm willi willy wim helm wilm helmi william willem guillermo will
    wilhelmina mina willa minnie wilma helma minka mien billie
    wilhelmine minna mina wilma helma mine minchen
    willem wim pim will bill william wilhelm
    william will bill billy willy liam willie guillermo wilhelm guillaume
    winfried winni fried
    winifred winnie fred freda
    winston win
    wladyslaw wladek
    wojciech wojtek adalbert
    wolfgang wolf wolfi gangerl wolferl
    wolfram wolf
    xaver xaverl xavi veri javier
    xavier xavi javi javier
    yannick yann yan
    yekaterina katja katya kate ekaterina katharina
    ekaterina katja katya kate yekaterina katharina catherine
    yelena lena jelena elena
    yevgeny zhenya eugene evgeny
    yolanda yoli jolanda
    yuri yura jura georg jurij george
    yusuf yusef joseph
    zachary zach zack zak zacharias
    zbigniew zbyszek zbych
    zdenek zdenda
    zdzislaw zdzich zdzisiek
    zofia zosia sofia sophie
    zsuzsanna zsuzsa zsuzsi susanne
    zuzana zuzka zuza susanne
    zygmunt zygi sigmund

    александр саша шура алекс санек сашка шурик
    александра саша шура сашка
    алексей леша алеша лешка
    анастасия настя ася
    анатолий толя
    андрей андрюша дрюня
    анна аня анюта нюра
    антон тоша антоша
    борис боря
    валентин валя
    валентина валя
    валерий валера
    василий вася
    виктор витя
    виктория вика
    виталий виталик
    владимир вова володя влад
    владислав влад владик слава
    вячеслав слава
    галина галя
    геннадий гена
    георгий гоша жора юрий егор
    григорий гриша
    дарья даша
    дмитрий дима митя
    евгений женя
    евгения женя
    екатерина катя катюша
    елена лена алена
    елизавета лиза
    зинаида зина
    иван ваня
    игорь гоша
    ирина ира
    константин костя
    ксения ксюша оксана
    лариса лара
    леонид леня
    людмила люда мила люся
    любовь люба
    маргарита рита
    мария маша маруся маня
    михаил миша
    надежда надя
    наталья наташа ната наталия
    николай коля
    оксана ксюша ксения
    олег олежка
    ольга оля
    павел паша
    петр петя
    роман рома
    светлана света
    семен сеня
    сергей сережа серега
    софья соня софия
    станислав стас слава
    степан степа
    тамара тома
    татьяна таня
    федор федя
    юлия юля
    юрий юра
    яков яша

    αθανασιος θανασης νασος
    αικατερινη κατερινα καιτη
    αλεξανδρος αλεκος αλεξης
    αναστασιος τασος
    αντωνιος αντωνης
    βασιλειος βασιλης
    γεωργιος γιωργος
    δημητριος δημητρης μητσος
    ελενη λενα νιτσα
    ευαγγελια ευα λιτσα
    ευαγγελος βαγγελης
    ιωαννης γιαννης
    ιωαννα γιαννα
    κωνσταντινος κωστας ντινος
    μαρια μαιρη μαριω
    νικολαος νικος
    παναγιωτης πανος τακης
    σπυριδων σπυρος
    χρηστος χρισtος
"""
