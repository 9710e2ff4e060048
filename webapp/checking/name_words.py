"""The words by which a person's whole name is taken apart: titles, credentials, particles, and the
names that tell an order. All lower case and without full stops, as `bare` makes them.
"""


def bare(word: str) -> str:
    """A word as the lists have it: Ph.D. is phd."""
    return (
        word.lower()
        .replace(".", "")
        .strip(",;:\xae\u2122")
        .replace("\u2019", "'")
        .replace("`", "'")
    )


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


TITLES = _words("""
    mr mrs ms miss mx mister madam sir dame dr doctor prof professor rev reverend hon capt captain col
    lt sgt gen cmdr maj adm rabbi imam sheikh sheik fr br
    herr herrn frau fam familie eheleute rechtsanwalt
    rechtsanwältin stb drin maga frl fräulein hr dipl mag bakk priv-doz pd univ-prof ao-prof o-prof dr-ing prof-dr
    dipl-ing dipl-kfm dipl-kff dipl-kfr dipl-inf dipl-phys dipl-math dipl-betriebsw dipl-psych
    dipl-päd dipl-chem dipl-biol dipl-oec dipl-vw dipl-des dipl-wirt-ing ra rain ing
    mme mlle madame mademoiselle monsieur maître dre pr
    sr sra srta señor señora señorita doña dña dra lic licda arq
    snr snra sñr
    sig sigra signor signora signorina dott dottssa dottore dottoressa avv geom rag profssa egr gentma
    dhr mevr mw mej drs ir mevrouw meneer mijnheer
    fru frk frøken herra rouva neiti
    pan pani mgr inż pán paní mgr mudr judr phdr rndr mvdr paeddr bc
    г-н г-жа господин госпожа д-р проф
    bay bayan sayın doç
    shri shrimati smt sri kumari dato' datuk datin tan-sri tun haji hajjah ustaz
    αρ κ κος κα δρ
    السيد السيدة الدكتور د
""")
# Names as well: titles only before two further words.
RISKY_TITLES = _words("""
    pan fr br hon gen col maj adm lt ra ing mag pr bay sri sir dame tun dom don lord lady king judge
    major κ د bc ir mw mej sr
""") - _words("sir dame")
TITLES_BEFORE_FIRST_NAMES = _words("sir dame")  # Sir Elton
# Behind Dr. and Prof.: med., rer. nat., h. c.
OF_DOCTOR = _words("""
    med phil jur rer nat pol oec oecon ing h c hc mult theol sc dent vet habil techn agr iur math publ
    soc paed päd psych eh e med-dent hab em
""")

GENERATIONS = _words("""
    jr sr jnr snr junior senior jun sen ii iii iv vi vii viii jr. 2nd 3rd 4th esq esquire ret retd filho
    neto júnior sobrinho
""")
# In the name itself they are a person's family name.
IN_FAMILY_NAMES = _words("filho neto sobrinho")

CREDENTIALS = _words("""
    mba emba mbbs mbchb phd dphil edd psyd dba jd llb llm lld md do dds dmd dvm dpm od dc pharmd dnp dpt
    rn lpn bsn msn np fnp aprn crna cnm pa pa-c rd rdn rph emt lcsw lmsw msw lpc lmft lmhc ccc-slp
    ba bs bsc bscn beng btech bcom bba bfa bed ma ms msc mres meng mtech mcom mph mpa mfa med mphil mdiv
    mlis mls mha mim msca dsc scd dd thd
    cpa cfa cfp clu chfc cma cia cisa cissp cism crpc ea fca aca acca fcca acma cima pmp csm cspo pe
    peng p-eng cpeng psm itil ccna ccnp ccie mcse phr sphr shrm-cp shrm-scp aia ra leed riba frics mrics
    obe mbe cbe kbe dbe om kc qc sc mp mep fba frs frcs frcp mrcp mrcgp facp facs faan fache faia fsa asa
    cae cfre cpcu cpm ccim gri mai sra usn usmc usaf ret
    csc drsc dis
    msci bvsc mrcvs bmus mmus dip fh mfin mst cams cfe cipp cpp cpt
""")
# Names, too: read as such in a name that is written in capitals.
RISKY_CREDENTIALS = _words("ma do ba pa ra ms bs od dc dd ea sc fh med dip pe ret")

PARTICLES = _words("""
    dela delos delas van von vom zu zum zur de der den del dem della delle degli dei dello dal dalla di da do das dos du
    des d' la le las los lo les ter ten te 't 's het bin bint ibn ben al el ul ud ad af av st saint
    sankt san santa santo y' zur zer mac ap ab fitz do e' nic ní ni ó ó' ua abu abou بن ابن آل
    di' dell' dall' dell l' vande vander vanden
""")
# Only in small letters: with a capital they are names.
SMALL_PARTICLES = _words(
    "do den dem ter ten te ben mac ap ab ad ud ul nic ni san lo e' abu abou ua an in i"
)
# Before a particle: op de, in 't, aan den.
BEFORE_PARTICLES = _words("op in aan uit bij voor onder over auf aus an i")
NOBLE = _words("""
    freiherr freifrau freiin graf gräfin baron baronin baronesse prinz prinzessin fürst fürstin herzog
    herzogin edler edle ritter jonkheer jhr
""")

AND = _words("und and & et og och ja en plus + u ve")  # between two people
JOINS = frozenset({"y", "e", "i", "-", "\u2013"})  # between two parts of a family name

# Given names that are one with the next word.
BOUND = _words("abdul abd abdel abdal عبد أبو abu abou umm")
MARIA = _words("maria maría ma mª")

COMPANY_FORMS = _words("""
    gmbh ggmbh mbh ohg gbr ltd limited inc incorporated llc llp lllp plc corp corporation srl srls sarl
    sàrl sasu eurl aps oyj zrt kft nyrt ltda sro doo pty pvt pte bhd kgaa snc scrl vof bvba sprl
    ооо оао зао пао
""")
# As they are written, since they may be initials or names otherwise.
WRITTEN_FORMS = _words("""
    AG BV B.V. NV N.V. S.A. S.A.S. S.L. S.L.U. S.p.A. SpA A/S A.S. a.s. Oy e.V. e.K. eG eV d.o.o. s.r.o.
    S.C. S.N.C. Sp.k. o.o. S.E. K.K. Co. U.G. A.G. Lda Lda. S.à.r.l. S.A.R.L.
""")
COMPANY_WORDS = _words("""
    university universität université universidad università universiteit hochschule foundation stiftung
    association institute ministry ministerium stadtwerke sparkasse volksbank gesellschaft
    genossenschaft holding holdings solutions technologies consulting services industries logistics
    enterprises systems software hotel restaurant apotheke hospital klinik klinikum verein
    beratung vertrieb handels steuerberatung rechtsanwälte ministère fondation fundación fondazione
    empresa cooperativa firma
""")
COMPANY_SIGNS = (
    "株式会社",
    "有限会社",
    "有限公司",
    "合同会社",
    "주식회사",
    "\u3231",
    "(주)",
    "公司",
)

# Family names that are the first of two in Spain, Portugal and beyond; no given names among them.
IBERIAN = _words("""
    garcía garcia gonzález rodríguez fernández lópez martínez sánchez pérez gómez jiménez ruiz hernández
    díaz diaz moreno muñoz munoz álvarez romero alonso gutiérrez navarro torres domínguez vázquez ramos
    gil ramírez serrano blanco molina morales suárez ortega delgado castro ortiz rubio marín sanz núñez
    iglesias medina garrido cortés castillo santos lozano guerrero cano prieto méndez cruz calvo gallego
    vidal herrera márquez peña flores cabrera campos vega fuentes carrasco reyes caballero nieto
    aguilar pascual herrero santana lorenzo hidalgo montero ibáñez giménez ferrer durán mora arias
    vargas carmona crespo román pastor soto sáez velasco moya soler parra esteban bravo gallardo rojas
    rivera rivas silva mendoza acosta aguirre espinoza espinosa guzmán salazar maldonado ponce figueroa
    contreras estrada valdez cárdenas pacheco ríos rios miranda chávez paz sosa luna quintero ochoa
    allende gasset cervantes dalí ávila zapata fonseca ferreira pereira oliveira costa rodrigues martins
    jesus sousa souza fernandes gonçalves gomes lopes marques alves almeida ribeiro pinto carvalho
    teixeira moreira correia mendes nunes soares vieira monteiro cardoso rocha neves coelho cunha pires
    ramalho barbosa araújo araujo melo barros freitas nascimento lima cavalcanti machado tavares
    azevedo saavedra villa llosa lorca marti borges bolívar
""")

VIETNAMESE = _words("""
    nguyễn nguyen trần tran lê phạm pham huỳnh huynh hoàng hoang phan vũ võ đặng dang bùi bui đỗ hồ ngô
    ngo dương duong lý đinh dinh đoàn doan trịnh trinh lương luong trương truong
""")
# Family names of two capitals, which otherwise are initials.
SHORT_FAMILY_NAMES = _words(
    "li wu ma xu hu he yu lu ng ho vo do an oh ko le fu su bo gu yi ip"
)
